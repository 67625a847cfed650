"""The pages over HTTP: hostile text stays text, headers, downloads, one's own logs, signing in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html.parser import HTMLParser

import msgspec
import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from stored_logs import StoredLogs, entry, stored_logs

from llmlog import Attempt, Cost, ErrorInfo, LlmRequest, LlmResponse, LogEntry, Result, Step, Usage
from llmlog.admin import TokenAccess, Viewer, create_admin
from llmlog.clock import utc_day

MARKUP = "</pre></script><script>alert(1)</script><img src=x onerror=alert(1)>\"' onmouseover=x <b>{{ 7*7 }}&lt;"
HIDING = "\x1b[31m\u202eevil\u200b\x00\r\x08"
HOSTILE = MARKUP + HIDING
TOKEN = "a-token-of-the-test"
TAGS = {
    "html", "head", "meta", "title", "link", "body", "a", "header", "span", "nav", "main", "h1", "h2", "h3", "p",
    "form", "label", "input", "button", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "time",
    "small", "svg", "rect", "dl", "dt", "dd", "strong", "section", "details", "summary", "pre", "ol", "li",
}  # fmt: skip


class HeaderAccess:
    """Takes the viewer's name from a header; dana is the administrator."""

    sign_in_url = "/sign-in"

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        name = connection.headers.get("x-viewer")
        return Viewer(user_id=name, display_name=HOSTILE, is_administrator=name == "dana") if name else None


class Page(HTMLParser):
    """What a browser would make of a page: its tags, its attributes, its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile_entry(number: int, logs: StoredLogs, *, status: str = "ok") -> LogEntry:
    """An entry with hostile text in every field that can hold text."""
    now_ms = logs.now_ms - number
    return LogEntry(
        id=f"entry-{number:06d}",
        timestamp=now_ms,
        user_id=logs.service.pseudonym("lee"),
        session_id=HOSTILE,
        command=HOSTILE,
        interpretation={"intent": HOSTILE, "confidence": HOSTILE, "reasoning": HOSTILE, HOSTILE: HOSTILE},
        llm_request=LlmRequest(
            model=HOSTILE,
            messages=[
                {"role": HOSTILE, "content": HOSTILE},
                {"role": "system", "content": HOSTILE},
                {"role": "user", "content": [{"type": "text", "text": HOSTILE}]},
                HOSTILE,
            ],
            requested_model=HOSTILE + "2",
            provider=HOSTILE,
            flow=HOSTILE,
            prompt_version=HOSTILE,
        ),
        llm_response=LlmResponse(
            content=HOSTILE,
            reasoning=HOSTILE,
            finish_reason=HOSTILE,
            provider_request_id=HOSTILE,
            latency=12.0,
            usage=Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3),
            cost=Cost(usd=0.5, source="prices"),
        ),
        result=Result(success=True, message=HOSTILE) if status == "ok" else None,
        attempts=[
            Attempt(
                model=HOSTILE, started_at=now_ms, latency=3.0, outcome="failed", error_type=HOSTILE, message=HOSTILE
            )
        ],
        steps=[Step(name=HOSTILE, started_at=now_ms, duration_ms=2.0, detail=HOSTILE)],
        status=status,  # type: ignore[arg-type]
        stage="parse",
        error=ErrorInfo(type=HOSTILE, message=HOSTILE) if status == "error" else None,
        trace_id=HOSTILE,
        tags={HOSTILE: HOSTILE},
        app_version=HOSTILE,
        truncated=[HOSTILE],
        masked={HOSTILE: 1},
    )


@pytest.fixture(name="logs", scope="module")
def _logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLogs]:
    with stored_logs(tmp_path_factory.mktemp("data"), now_ms=time.time_ns() // 1_000_000) as logs:
        logs.write(
            hostile_entry(number, logs, status=status) for number, status in enumerate(("ok", "fallback", "error"))
        )
        logs.write([entry(100, logs.now_ms - 9_000, command="quiet", user_id=logs.service.pseudonym("dana"))])
        yield logs


@pytest.fixture(name="client")
def _client(logs: StoredLogs) -> Iterator[TestClient]:
    app = create_admin(logs.service, HeaderAccess(), app_name=MARKUP)
    with TestClient(app, headers={"x-viewer": "dana"}, follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "viewer"),
    [
        ("logs", "dana"),
        ("logs?q=alert", "dana"),
        ("logs?q=%3C/title%3E%3Cscript%3E%22", "dana"),
        ("logs/entry-000000", "dana"),
        ("logs/entry-000001", "dana"),
        ("logs/entry-000002", "dana"),
        ("mine", "lee"),
        ("mine/entry-000000", "lee"),
        ("mine/entry-000002", "lee"),
        ("health", "dana"),
        ("logs/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "dana"),
        ("logs?limit=%3Cscript%3E", "dana"),
        ("logs", "lee"),
        ("nowhere", "dana"),
    ],
)
def test_hostile_text_never_becomes_markup(client: TestClient, path: str, viewer: str) -> None:
    """Whatever was logged or asked for, a page holds our own tags only, no script, and no character that hides."""
    answer = client.get(f"/llmlog/{path}", headers={"x-viewer": viewer})
    page = Page(answer.text)
    assert page.tags <= TAGS
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    for name, value in page.attributes:
        if name in ("href", "src", "action"):
            assert value.startswith(("/", "#")), value
    assert "{{ 7*7 }}" in page.text, "the app's name is shown as it is"
    for char in HIDING:
        if not char.isprintable():
            assert char not in answer.text


def test_hostile_text_is_shown(client: TestClient) -> None:
    """Escaping loses nothing: what was logged can be read on the page, what hides as a visible escape."""
    page = Page(client.get("/llmlog/logs/entry-000000").text)
    assert page.text.count(MARKUP) >= 15
    assert "\\e[31m\\u{202e}evil\\u{200b}\\0\\r\\x08" in page.text


@pytest.mark.parametrize(
    ("path", "viewer", "status"),
    [
        ("logs", "dana", 200),
        ("logs/entry-000000", "dana", 200),
        ("health", "dana", 200),
        ("mine", "lee", 200),
        ("logs", "lee", 403),
        ("logs", "", 401),
        ("logs/entry-999999", "dana", 404),
        ("logs?page=0", "dana", 422),
    ],
)
def test_every_page_has_its_headers(client: TestClient, path: str, viewer: str, status: int) -> None:
    """Every page, refusals too: no script, no frame, no cache, no referrer."""
    answer = client.get(f"/llmlog/{path}", headers={"x-viewer": viewer})
    assert answer.status_code == status
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in str(policy)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    head = client.head(f"/llmlog/{path}", headers={"x-viewer": viewer})
    assert (head.status_code, head.content) == (status, b"")


def test_pages_have_no_inline_style_or_script(client: TestClient) -> None:
    """The pages obey their own policy: nothing inline that it would block."""
    for path in ("logs", "logs/entry-000000", "health", "nowhere"):
        page = Page(client.get(f"/llmlog/{path}").text)
        assert not {"style", "script"} & page.tags
        assert not [name for name, _ in page.attributes if name == "style"]
    style = client.get("/llmlog/static/llmlog.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert client.get("/llmlog/static/../app.py").status_code == 404
    assert client.get("/llmlog/static/%2e%2e/app.py").status_code == 404


def test_a_log_can_be_downloaded(client: TestClient, logs: StoredLogs) -> None:
    """A log comes as a JSON file, whole, for the administrator only."""
    answer = client.get("/llmlog/logs/entry-000000.json")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="log-entry-000000.json"'
    assert answer.headers["content-type"] == "application/json"
    assert msgspec.json.decode(answer.content, type=LogEntry) == hostile_entry(0, logs)
    assert client.get("/llmlog/logs/entry-999999.json").status_code == 404
    assert client.get("/llmlog/logs/entry-000000.json", headers={"x-viewer": "lee"}).status_code == 403
    assert 'href="/llmlog/logs/entry-000000.json"' in client.get("/llmlog/logs/entry-000000").text


def test_ones_own_pages_say_less(client: TestClient) -> None:
    """A listener sees the own logs, without cost and system prompt; another's is as if it did not exist."""
    own = {"x-viewer": "lee"}
    listed = client.get("/llmlog/mine", headers=own)
    assert "entry-000000" in listed.text
    assert "entry-000100" not in listed.text
    assert "$0.5" not in listed.text
    page = client.get("/llmlog/mine/entry-000000", headers=own)
    assert page.status_code == 200
    assert "$0.5" not in page.text
    assert "prices" not in page.text
    assert ">system" not in page.text
    assert "Cost" in client.get("/llmlog/logs/entry-000000").text
    others = client.get("/llmlog/mine/entry-000100", headers=own)
    missing = client.get("/llmlog/mine/entry-999999", headers=own)
    assert (others.status_code, missing.status_code) == (404, 404)
    assert others.text.replace("000100", "999999") == missing.text


def test_home_leads_to_the_logs_one_may_see(client: TestClient) -> None:
    """The administrator to all logs, a listener to the own ones."""
    assert client.get("/llmlog").headers["location"] == "/llmlog/logs"
    assert client.get("/llmlog", headers={"x-viewer": "lee"}).headers["location"] == "/llmlog/mine"


def test_list_and_search_page_on(client: TestClient, logs: StoredLogs) -> None:
    """Older and Newest lead through the list; a search keeps its words on the way."""
    first = client.get("/llmlog/logs?limit=3")
    older = next(v for n, v in Page(first.text).attributes if n == "href" and "cursor=" in v)
    second = client.get(older)
    assert "entry-000100" in second.text
    assert "entry-000000" not in second.text
    assert "4 logs" in Page(first.text).text
    searched = client.get("/llmlog/logs", params={"q": "quiet"})
    assert "1 found" in Page(searched.text).text
    assert "Searched 4 of 4 logs." in Page(searched.text).text
    assert 'value="quiet"' in searched.text
    empty = Page(client.get("/llmlog/logs", params={"q": "nothing-like-this"}).text).text
    assert "No logs match." in empty


def test_odd_logs_of_another_writer_do_not_break_a_page(client: TestClient, logs: StoredLogs) -> None:
    """A log with an impossible time or id, as another program may have written it, is shown all the same."""
    redis = logs.service.redis_client(5)
    raw = {"id": 'x"\r\nset-cookie: a=b', "timestamp": 10**18, "command": "odd", "llmRequest": {"model": "m"}}
    redis.hset("llm:log:odd-entry-1", mapping={"_raw": msgspec.json.encode(raw)})
    redis.zadd(f"llm:logs:{utc_day(logs.now_ms)}", {"odd-entry-1": logs.now_ms - 50_000})
    try:
        for path in ("logs", "logs/odd-entry-1", "logs/odd-entry-1.json"):
            answer = client.get(f"/llmlog/{path}")
            assert answer.status_code == 200, path
            assert "odd" in answer.text
            assert "set-cookie" not in answer.headers
        assert client.get("/api/llm-logs/recent").status_code == 200
    finally:
        redis.delete("llm:log:odd-entry-1")
        redis.zrem(f"llm:logs:{utc_day(logs.now_ms)}", "odd-entry-1")


def test_signing_in_with_the_token(logs: StoredLogs) -> None:
    """The form takes the exact token, answers with a cookie that scripts cannot read, and that cookie opens the
    pages; anything else is refused."""
    with TestClient(create_admin(logs.service, TokenAccess(TOKEN)), follow_redirects=False) as client:
        refused = client.get("/llmlog/logs")
        assert refused.status_code == 401
        assert 'action="/llmlog/sign-in/token"' in refused.text
        assert client.get("/llmlog/sign-in").status_code == 401
        for wrong in ("", TOKEN + "x", "é", "x" * 10_000):
            answer = client.post("/llmlog/sign-in/token", data={"token": wrong})
            assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
            assert "That is not the token" in answer.text
        answer = client.post("/llmlog/sign-in/token", data={"token": TOKEN})
        assert (answer.status_code, answer.headers["location"]) == (303, "/llmlog/logs")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert client.get("/llmlog/logs").status_code == 200
        assert client.get("/llmlog/mine").status_code == 404
