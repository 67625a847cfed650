"""Facets, histogram, statistics, comparison, conversations, export over HTTP: the same with and without an index.

Every figure is compared with one counted here, from the entries themselves.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from stored_logs import StoredLogs, entry, stored_logs

from llmlog import Cost, ErrorInfo, LlmRequest, LlmResponse, LogEntry, Result, Usage
from llmlog.admin import Viewer, create_admin
from llmlog.query.index.follower import IndexFollower
from llmlog.query.index.place import IndexPlace

API = "/api/llm-logs"
COUNT = 400
HOUR_MS = 3_600_000
MODELS = ("claude-sonnet-4", "gpt-5", "gemini-2.5-flash")
WORDS = ("jazz", "rock", "=SUM(A1)", "blue, green", 'a "quoted" word', "two\nlines")


class Dana:
    """Everybody is dana, who is the administrator."""

    sign_in_url = "/sign-in"

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        return Viewer(user_id="dana", display_name="Dana", is_administrator=True)


def made(number: int, logs: StoredLogs, chance: random.Random) -> LogEntry:
    """An entry of every kind: answered, fallen back, failed, with and without cost."""
    status = chance.choice(["ok", "ok", "ok", "fallback", "error"])
    failed = status == "error"
    asked = chance.randrange(1, 9000)
    response = LlmResponse(
        content=chance.choice(WORDS),
        latency=chance.uniform(100, 12_000),
        usage=Usage(prompt_tokens=asked, completion_tokens=100, total_tokens=asked + 100),
        cost=Cost(usd=asked / 1e6, source="provider") if number % 3 else None,
    )
    return entry(
        number,
        logs.now_ms - chance.randrange(48 * HOUR_MS) - 1,
        command=f"play {chance.choice(WORDS)}",
        user_id=logs.service.pseudonym(chance.choice(["dana", "lee", "kim"])),
        session_id=f"v1:session{number % 40:04d}",
        interpretation={"intent": chance.choice(["play_track", "queue_playlist"])},
        llm_request=LlmRequest(model=chance.choice(MODELS), provider="openrouter", flow="openrouter"),
        llm_response=None if failed else response,
        error=ErrorInfo(type="timeout", message="too late") if failed else None,
        stage="model" if failed else None,
        result=None if failed else Result(success=True, message="Playing"),
        status=status,
    )


class Found:
    """The app, the entries in it, and whether an index answers."""

    def __init__(self, client: TestClient, entries: list[LogEntry], indexed: bool, now_ms: int) -> None:
        self.client = client
        self.entries = entries
        self.indexed = indexed
        self.now_ms = now_ms

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of a good answer; its coverage says that all was looked at."""
        answer = self.client.get(f"{API}/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        if "coverage" in body:
            assert body["coverage"]["complete"]
            assert body["coverage"]["indexed"] is self.indexed
        return body


@pytest.fixture(name="found", scope="module", params=["scan", "index"])
def _found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    data_dir = tmp_path_factory.mktemp("data")
    with stored_logs(data_dir, now_ms=time.time_ns() // 1_000_000) as logs:
        chance = random.Random(5)
        entries = [made(number, logs, chance) for number in range(COUNT)]
        logs.write(entries)
        if request.param == "index":
            follower = IndexFollower(logs.service._reads.store, IndexPlace(data_dir), logs.clock)
            while follower.round():
                pass
        with TestClient(create_admin(logs.service, Dana())) as client:
            yield Found(client, entries, request.param == "index", logs.now_ms)
        if request.param == "index":
            follower.stop()


def counted(entries: list[LogEntry], field: str) -> dict[str, int]:
    """Entries by the value of a field."""
    values = {
        "model": lambda one: one.llm_request.model,
        "status": lambda one: one.status,
        "intent": lambda one: one.interpretation["intent"],
        "user": lambda one: one.user_id,
    }
    return dict(Counter(values[field](one) for one in entries))


@pytest.mark.parametrize("field", ["model", "status", "intent", "user"])
def test_facets(found: Found, field: str) -> None:
    """Each field's counts are of what the rest of the query finds, its own condition left out and marked."""
    body = found.get("facets", q="status:ok model:gpt-5")
    (facet,) = [each for each in body["facets"] if each["field"] == field]
    others = [
        one
        for one in found.entries
        if (field == "status" or one.status == "ok") and (field == "model" or one.llm_request.model == "gpt-5")
    ]
    assert {each["value"]: each["count"] for each in facet["values"]} == counted(others, field)
    assert [each["value"] for each in facet["values"] if each["active"]] == {
        "status": ["ok"], "model": ["gpt-5"],
    }.get(field, [])  # fmt: skip


def test_histogram(found: Found) -> None:
    """Every step has a bar, and together they are all logs, by status."""
    body = found.get("histogram", q="model:gpt-5", **{"from": "2026-01-01"})
    entries = [one for one in found.entries if one.llm_request.model == "gpt-5"]
    for status in ("ok", "fallback", "error"):
        assert sum(bar[status] for bar in body["bars"]) == counted(entries, "status").get(status, 0)
    times = [bar["at"] for bar in body["bars"]]
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {body["stepMs"]}
    assert len(times) <= 101
    for bar in body["bars"]:
        inside = [one for one in entries if bar["at"] <= one.timestamp < bar["at"] + body["stepMs"]]
        assert bar["ok"] + bar["fallback"] + bar["error"] == len(inside)


def test_statistics(found: Found) -> None:
    """Sums, rates and percentiles are those of the logs themselves; the time before is another span."""
    body = found.get("statistics", q="since:24h -status:fallback")
    entries = [
        one for one in found.entries if one.status != "fallback" and one.timestamp >= found.now_ms - 24 * HOUR_MS
    ]
    before = [
        one for one in found.entries if one.status != "fallback" and one.timestamp < found.now_ms - 24 * HOUR_MS
    ]
    total = body["total"]
    answered = [one.llm_response for one in entries if one.llm_response is not None]
    assert (total["count"], total["errors"]) == (len(entries), counted(entries, "status")["error"])
    assert total["promptTokens"] == sum(one.usage.prompt_tokens for one in answered if one.usage)
    costs = [one.cost.usd for one in answered if one.cost is not None]
    assert total["costUsd"] == pytest.approx(sum(costs))
    assert total["costUnknown"] == len(entries) - len(costs)
    latencies = sorted(one.latency for one in answered)
    assert total["latency"]["mean"] == pytest.approx(statistics.fmean(latencies), rel=0.001)
    assert total["latency"]["p50"] == pytest.approx(statistics.median(latencies), rel=0.05)
    by_model = {group["value"]: group["figures"]["count"] for group in body["by"]["model"]}
    assert by_model == counted(entries, "model")
    assert body["distributions"]["intent"] == counted(entries, "intent")
    assert sum(group["figures"]["count"] for group in body["overTime"]) == len(entries)
    assert body["previous"]["count"] == len(before)
    assert (body["users"], body["sessions"]) == (3, len({one.session_id for one in entries}))


def test_compare(found: Found) -> None:
    """What differs within a span: counts inside and outside make the whole."""
    middle = found.now_ms - 24 * HOUR_MS
    body = found.get("compare", q="", selectedFrom=middle, selectedTo=found.now_ms)
    inside = [one for one in found.entries if one.timestamp >= middle]
    assert (body["selected"], body["rest"]) == (len(inside), COUNT - len(inside))
    for each in body["differences"]:
        if each["field"] in ("model", "status", "intent"):
            assert each["selected"] == counted(inside, each["field"]).get(each["value"], 0)
            assert each["selected"] + each["rest"] == counted(found.entries, each["field"])[each["value"]]
    sizes = [abs(each["selectedShare"] - each["restShare"]) for each in body["differences"]]
    assert sizes == sorted(sizes, reverse=True)


def test_conversations(found: Found) -> None:
    """Sessions by their newest log; one of them has its turns in order."""
    body = found.get("conversations", q="", limit=5)
    newest: dict[str, int] = {}
    for one in found.entries:
        session = one.session_id or ""
        newest[session] = max(one.timestamp, newest.get(session, 0))
    wanted = sorted(newest, key=lambda session: -newest[session])[:5]
    assert [each["session"] for each in body["conversations"]] == wanted
    first = body["conversations"][0]
    turns = [one for one in found.entries if one.session_id == wanted[0]]
    assert (first["turns"], first["ended"]) == (len(turns), newest[wanted[0]])
    told = found.get(f"conversations/{wanted[0]}")
    turns.sort(key=lambda one: one.timestamp)
    assert [each["id"] for each in told["turns"]] == [one.id for one in turns]
    assert found.client.get(f"{API}/conversations/nobodyknows").status_code == 404


def test_export_of_whole_logs(found: Found) -> None:
    """JSON lines: every log that matches, once, whole, newest first."""
    answer = found.client.get(f"{API}/export", params={"q": "model:gpt-5", "format": "jsonl"})
    got = [msgspec.json.decode(line, type=LogEntry) for line in answer.content.splitlines()]
    wanted = {one.id: one for one in found.entries if one.llm_request.model == "gpt-5"}
    assert {one.id: one for one in got} == wanted
    assert len(got) == len(wanted)
    assert [one.timestamp for one in got] == sorted((one.timestamp for one in got), reverse=True)


def test_export_for_a_spreadsheet(found: Found) -> None:
    """CSV: a row a log; no cell begins as a formula; numbers stay numbers, texts keep their lines and quotes."""
    answer = found.client.get(f"{API}/export", params={"q": "", "format": "csv"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    entries = {one.id: one for one in found.entries}
    assert set(entries) == {row["id"] for row in rows}
    for row in rows:
        one = entries[row["id"]]
        assert row["command"] == one.command
        if one.llm_response is not None:
            assert row["response"].removeprefix("'") == one.llm_response.content
            assert json.loads(row["latency"]) == pytest.approx(one.llm_response.latency)
        assert not any((cell or "").startswith(("=", "+", "@")) for cell in row.values())
    assert any(row["response"].startswith("'=") for row in rows)


def test_a_log_among_its_neighbours(found: Found) -> None:
    """With a query a log has the next newer and older one that match, and the index knows its place."""
    matching = sorted(
        (one for one in found.entries if one.status == "error"), key=lambda one: one.timestamp, reverse=True
    )
    body = found.get(matching[3].id, q="status:error")
    assert (body["log"]["id"], body["older"]) == (matching[3].id, matching[4].id)
    if found.indexed:
        assert (body["newer"], body["position"], body["total"]) == (matching[2].id, 4, len(matching))
        assert found.get(matching[0].id, q="status:error")["newer"] is None
    assert found.get(matching[-1].id, q="status:error")["older"] is None


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("facets", {"from": "soon"}, "from"),
        ("facets", {"tz": "Mars/Olympus"}, "tz"),
        ("histogram", {"q": "modl:x"}, "q"),
        ("statistics", {"by": "model,temperature"}, "by"),
        ("compare", {}, "selectedFrom"),
        ("compare", {"selectedFrom": "1h", "selectedTo": "2h"}, "from"),
        ("export", {"format": "xlsx"}, "format"),
        ("conversations", {"limit": "0"}, "limit"),
        ("by-date", {"date": "2026-11-31", "tz": "Europe/Berlin"}, "date"),
    ],
)
def test_what_cannot_be_used_is_named(found: Found, path: str, parameters: dict[str, str], field: str) -> None:
    """422 with the field and a sentence."""
    answer = found.client.get(f"{API}/{path}", params=parameters)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), answer.text


def test_a_day_somewhere(found: Found) -> None:
    """A day of a time zone is that zone's day: 24 hours from its own midnight."""
    day = time.strftime("%Y-%m-%d", time.gmtime(found.now_ms / 1000 - 86_400))
    body = found.get("by-date", date=day, tz="Asia/Tokyo", limit=500)
    utc = found.get("by-date", date=day, limit=500)
    assert {one["id"] for one in body["logs"]} != {one["id"] for one in utc["logs"]}
    start = datetime.fromisoformat(f"{day}T00:00:00+09:00")
    start_ms = int(start.timestamp() * 1000)
    wanted = {one.id for one in found.entries if start_ms <= one.timestamp < start_ms + 24 * HOUR_MS}
    assert {one["id"] for one in body["logs"]} == wanted
