"""The JSON API over HTTP: the plan's shapes, one's own logs, a person's logs, refusals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from stored_logs import RETENTION_DAYS, StoredLogs, entry, stored_logs

from llmlog import Attempt, Cost, LlmRequest, LlmResponse, LogEntry, Result, Usage
from llmlog.admin import TokenAccess, Viewer, create_admin
from llmlog.clock import utc_day

API = "/api/llm-logs"
COUNT = 130
TOKEN = "a-token-of-the-test"
STATISTICS = {
    "totalQueries", "modelDistribution", "avgLatency", "providerDistribution", "flowDistribution",
    "intentDistribution", "statusDistribution", "stageDistribution", "errorRate", "p50Latency", "p95Latency",
    "p99Latency", "promptTokens", "completionTokens", "totalTokens", "costUsd", "costUnknown", "testQueries",
    "fromDay", "toDay",
}  # fmt: skip


class HeaderAccess:
    """Takes the viewer's name from a header; dana is the administrator."""

    sign_in_url = "/sign-in"

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        name = connection.headers.get("x-viewer")
        return Viewer(user_id=name, display_name=name, is_administrator=name == "dana") if name else None


def whole_entry(number: int, logs: StoredLogs, person: str) -> LogEntry:
    """An entry with something in every place that a listener must not see."""
    system = {"role": "system", "content": "SYSTEM-PROMPT of the house"}
    asked = {"role": "user", "content": f"play song {number}"}
    usage = Usage(prompt_tokens=10, completion_tokens=5, total_tokens=15)
    return entry(
        number,
        logs.now_ms - number * 1000,
        command=f"play song {number}",
        user_id=logs.service.pseudonym(person),
        interpretation={"intent": "play"},
        llm_request=LlmRequest(
            model="model-a" if number % 2 else "model-b",
            messages=[system, {"role": "developer", "content": "SYSTEM-PROMPT too"}, asked],
            params={"note": "RAW-PARAMETERS"},
        ),
        llm_response=LlmResponse(
            content="answer",
            usage=usage,
            latency=523.0,
            cost=Cost(usd=0.25, source="prices"),
            raw_usage="RAW-USAGE",
        ),
        attempts=[Attempt(model="model-a")],
        headers={"x-note": "RAW-HEADERS"},
        raw={"request": "RAW-BODY"},
        result=Result(success=True, message=f"Playing song {number}"),
    )


@pytest.fixture(name="logs", scope="module")
def _logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLogs]:
    with stored_logs(tmp_path_factory.mktemp("data"), now_ms=time.time_ns() // 1_000_000) as logs:
        logs.write([whole_entry(number, logs, "lee" if number % 10 == 3 else "dana") for number in range(COUNT)])
        yield logs


@pytest.fixture(name="client")
def _client(logs: StoredLogs) -> Iterator[TestClient]:
    with TestClient(create_admin(logs.service, HeaderAccess()), headers={"x-viewer": "dana"}) as client:
        yield client


def ids(answer: dict[str, Any]) -> list[str]:
    """The ids of an answer's logs."""
    return [log["id"] for log in answer["logs"]]


def expected(numbers: range) -> list[str]:
    """Ids by number; lower numbers are newer."""
    return [f"entry-{number:06d}" for number in numbers]


def test_recent_has_the_plans_shape(client: TestClient, logs: StoredLogs) -> None:
    """`recent`: 100 logs by default, with pagination and statistics under the plan's names."""
    answer = client.get(f"{API}/recent")
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert list(body) == ["logs", "pagination", "stats"]
    assert ids(body) == expected(range(100))
    following = body["pagination"].pop("next")
    assert body["pagination"] == {"page": 1, "limit": 100, "total": COUNT}
    assert set(body["stats"]) == STATISTICS
    assert body["stats"]["totalQueries"] == COUNT
    assert body["stats"]["modelDistribution"] == {"model-a": COUNT // 2, "model-b": COUNT // 2}
    assert body["stats"]["avgLatency"] == 523.0
    assert body["stats"]["costUsd"] == COUNT * 0.25
    rest = client.get(f"{API}/recent", params={"cursor": following}).json()
    assert (ids(rest), rest["pagination"]["next"]) == (expected(range(100, COUNT)), None)
    second = client.get(f"{API}/recent?limit=50&page=2").json()
    assert ids(second) == expected(range(50, 100))
    assert msgspec.convert(body["logs"][7], LogEntry) == whole_entry(7, logs, "dana")


def test_a_log_has_the_plans_fields(client: TestClient) -> None:
    """A log on the wire carries every field of the plan's schema, under its name."""
    log = client.get(f"{API}/entry-000001").json()
    assert {
        "id", "timestamp", "userId", "sessionId", "command", "interpretation", "llmRequest", "llmResponse", "result"
    } <= set(log)  # fmt: skip
    assert {"model", "messages", "temperature"} <= set(log["llmRequest"])
    assert {"content", "usage", "latency"} <= set(log["llmResponse"])
    assert log["result"] == {"success": True, "message": "Playing song 1"}
    assert log["llmResponse"]["usage"]["totalTokens"] == 15
    assert "dana" not in str(log), "a raw id stands in a log"


def test_by_date_gives_one_day(client: TestClient, logs: StoredLogs) -> None:
    """`by-date`: the logs and statistics of one UTC day, in the same shape."""
    today = utc_day(logs.now_ms)
    of_today = [n for n in range(COUNT) if utc_day(logs.now_ms - n * 1000) == today]
    body = client.get(f"{API}/by-date", params={"date": today, "limit": 500}).json()
    assert list(body) == ["logs", "pagination", "stats"]
    assert ids(body) == expected(range(len(of_today)))
    assert (body["stats"]["fromDay"], body["stats"]["totalQueries"]) == (today, len(of_today))
    empty = client.get(f"{API}/by-date?date=2020-01-01").json()
    assert (empty["logs"], empty["pagination"]["total"], empty["stats"]["totalQueries"]) == ([], 0, 0)


def test_search_says_how_far_it_looked(client: TestClient) -> None:
    """`search`: the plan's shape and the coverage; the cursor goes on."""
    body = client.get(f"{API}/search", params={"q": "play song 1*", "limit": 20}).json()
    matching = [n for n in range(COUNT) if str(n).startswith("1")]
    assert list(body) == ["logs", "pagination", "stats", "coverage"]
    assert ids(body) == [f"entry-{n:06d}" for n in matching[:20]]
    assert set(body["stats"]) == STATISTICS
    assert (body["pagination"]["page"], body["pagination"]["limit"]) == (1, 20)
    coverage = body["coverage"]
    assert set(coverage) == {
        "searched", "total", "complete", "backTo", "next", "sentence", "indexed", "indexedUntil", "building",
    }  # fmt: skip
    assert (coverage["total"], coverage["complete"]) == (COUNT, False)
    assert coverage["sentence"].startswith(f"Searched {coverage['searched']} of {COUNT} logs, back to ")
    cursor = body["pagination"]["next"]
    rest = client.get(f"{API}/search", params={"q": "play song 1*", "cursor": cursor}).json()
    assert ids(rest) == [f"entry-{n:06d}" for n in matching[20:]]
    assert rest["coverage"]["complete"]


def test_statistics_stand_at_both_places(client: TestClient) -> None:
    """`stats`: the figures on top and under `stats`, for as many days as asked."""
    body = client.get(f"{API}/stats").json()
    assert set(body) == STATISTICS | {"stats", "periodDays"}
    assert body["periodDays"] == 30
    assert {name: body[name] for name in STATISTICS} == body["stats"]
    assert body["totalQueries"] == COUNT
    one = client.get(f"{API}/stats?days=1").json()
    assert one["fromDay"] == one["toDay"]
    assert client.get(f"{API}/stats?days={RETENTION_DAYS}").json()["totalQueries"] == COUNT


def test_my_logs_are_ones_own_and_say_less(client: TestClient) -> None:
    """`my-logs`: only one's own, without system prompt, raw bodies, headers, parameters and cost."""
    answer = client.get(f"{API}/my-logs", headers={"x-viewer": "lee"})
    body = answer.json()
    assert list(body) == ["logs", "pagination"]
    assert ids(body) == [f"entry-{n:06d}" for n in range(COUNT) if n % 10 == 3]
    assert body["pagination"]["total"] == COUNT // 10
    for hidden in ("SYSTEM-PROMPT", "RAW-", "0.25"):
        assert hidden not in answer.text
    log = body["logs"][0]
    assert log["llmRequest"]["messages"] == [{"role": "user", "content": "play song 3"}]
    assert (log["headers"], log["raw"], log["llmResponse"]["cost"]) == (None, None, None)
    assert client.get(f"{API}/my-logs", headers={"x-viewer": "kim"}).json()["logs"] == []


def test_by_user_takes_raw_ids_and_pseudonyms(client: TestClient, logs: StoredLogs) -> None:
    """`by-user`: a person's logs by raw id or by the beginning of a pseudonym, by POST."""
    lees = [f"entry-{n:06d}" for n in range(COUNT) if n % 10 == 3]
    assert ids(client.post(f"{API}/by-user", json={"userId": "lee"}).json()) == lees
    beginning = logs.service.pseudonym("lee")[3:11]
    body = client.post(f"{API}/by-user", json={"pseudonym": beginning, "limit": 5, "page": 2}).json()
    assert (ids(body), body["pagination"]["total"]) == (lees[5:10], len(lees))
    cursor = body["pagination"]["next"]
    rest = client.post(f"{API}/by-user", json={"pseudonym": beginning, "cursor": cursor}).json()
    assert ids(rest) == lees[10:]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b"\xff{}", "body"),
        (b"[" * 16_000, "body"),
        (b'{"userId": "' + b"x" * 17_000 + b'"}', "body"),
        (b"{}", "userId"),
        (b'{"userId": 5}', "userId"),
        (b'{"userId": ""}', "userId"),
        (b'{"userId": "lee", "limit": "5"}', "limit"),
        (b'{"userId": "lee", "limit": 0}', "limit"),
        (b'{"userId": "lee", "page": 1.5}', "page"),
        (b'{"userId": "lee", "cursor": 5}', "cursor"),
        (b'{"userId": "lee", "cursor": "x"}', "cursor"),
        (b'{"pseudonym": "zz"}', "pseudonym"),
    ],
)
def test_bodies_that_cannot_be_used_are_named(client: TestClient, body: bytes, field: str) -> None:
    """A body that is not usable is a 422 that names its field, whatever bytes it holds."""
    answer = client.post(f"{API}/by-user", content=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("recent?limit=501", "limit"),
        ("recent?limit=1.5", "limit"),
        ("recent?limit=9999999999999999999999", "limit"),
        ("recent?limit=%D9%A3", "limit"),
        ("recent?page=0", "page"),
        ("recent?page=1000001", "page"),
        ("recent?cursor=5.%2e%2e", "cursor"),
        ("by-date", "date"),
        ("by-date?date=2026-02-30", "date"),
        ("by-date?date=2026-1-1", "date"),
        ("search", "q"),
        ("search?q=jazz&limit=-1", "limit"),
        ("stats?days=91", "days"),
        ("stats?days=x", "days"),
        ("entry*000001", "id"),
        ("x" * 65, "id"),
    ],
)
def test_parameters_that_cannot_be_used_are_named(client: TestClient, query: str, field: str) -> None:
    """A bad parameter is a 422 in the one error shape, and its sentence names the field."""
    answer = client.get(f"{API}/{query}")
    error = answer.json()["error"]
    assert (answer.status_code, set(error), error["field"]) == (422, {"code", "message", "field"}, field)
    assert error["code"] == "bad_request"
    assert field in error["message"]


@pytest.mark.parametrize(
    ("query", "message", "start", "end", "fix"),
    [
        ('""', "This quote is empty.", 0, 2, None),
        ("jazz modl:m", "There is no field “modl”. Did you mean model:?", 5, 9, "jazz model:m"),
        ("x" * 1001, "The query is longer than 1,000 characters.", 1000, 1001, None),
    ],
)
def test_a_query_that_cannot_be_read(
    client: TestClient, query: str, message: str, start: int, end: int, fix: str | None
) -> None:
    """The sentence, the place of the fault, and the whole query mended where that is certain."""
    answer = client.get(f"{API}/search", params={"q": query})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (422, "query_syntax", "q")
    assert (error["start"], error["end"], error["fix"]) == (start, end, fix)
    assert error["message"].startswith(message)


def test_refusals_word_for_word(client: TestClient) -> None:
    """401 and 403 carry the plan's bodies exactly; an unknown log and an unknown address are 404."""
    for path in ("recent", "search?q=x", "stats", "by-date?date=2026-11-23", "entry-000001", "health"):
        nobody = client.get(f"{API}/{path}", headers={"x-viewer": ""})
        assert (nobody.status_code, nobody.text) == (401, '{"error":"Authentication failed"}')
        listener = client.get(f"{API}/{path}", headers={"x-viewer": "lee"})
        assert (listener.status_code, listener.text) == (403, '{"error":"Admin access required"}')
    gone = client.get(f"{API}/entry-999999")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")
    assert client.get(f"{API}/recent/").status_code == 404
    assert client.get(f"{API}/entry-000001/x").status_code == 404


def test_methods(client: TestClient) -> None:
    """HEAD answers like GET without a body; other methods are 405, say which are taken, and change nothing."""
    head = client.head(f"{API}/recent")
    assert (head.status_code, head.content) == (200, b"")
    for method in ("OPTIONS", "POST", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, f"{API}/recent")
        assert answer.status_code == 405, method
        assert answer.headers["allow"] == "GET, HEAD"
        assert answer.json()["error"]["code"] == "method_not_allowed"
    by_get = client.get(f"{API}/by-user")
    assert (by_get.status_code, by_get.headers["allow"]) == (405, "POST")


def test_health_is_the_ledger(client: TestClient) -> None:
    """`health`: state, sentence, spool, store."""
    body = client.get(f"{API}/health").json()
    assert body["state"] == "ok"
    assert body["sentence"].startswith("Capturing")
    assert {"accepted", "stored", "spooled", "deadLettered", "expired", "dropped"} <= set(body["spool"])
    assert body["store"]["retentionDays"] == RETENTION_DAYS


def test_the_token_opens_the_api(logs: StoredLogs) -> None:
    """Standing alone, only the exact token opens the API; odd headers and cookies are no error."""
    app = create_admin(logs.service, TokenAccess(TOKEN))
    with TestClient(app) as client:
        assert client.get(f"{API}/recent", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert client.get(f"{API}/recent", headers={"authorization": f"bearer  {TOKEN} "}).status_code == 200
        for wrong in (TOKEN, f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", "Bearer é", "Bearer " + "x" * 5000):
            headers = {"authorization": wrong.encode("latin-1")}
            assert client.get(f"{API}/recent", headers=headers).status_code == 401, wrong
        for cookie in (TOKEN, "é", ""):
            headers = {"cookie": f"llmlog_admin={cookie}".encode("latin-1")}
            assert client.get(f"{API}/recent", headers=headers).status_code == 401, cookie
