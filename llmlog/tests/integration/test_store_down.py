"""The store is away: reads say so, since when and what is safe, and never give an empty answer instead."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from llmlog import LLMLoggingService, LlmRequest, LogEntry, QueryOptions, Settings, StoreUnavailable
from llmlog.admin import Viewer, create_admin
from llmlog.settings import StoreSettings
from llmlog.store import EmbeddedServer

READS: dict[str, Callable[[LLMLoggingService], Any]] = {
    "newest": lambda service: service.get_logs(),
    "day": lambda service: service.get_logs(QueryOptions(day="2026-11-23")),
    "person": lambda service: service.get_logs_by_user("dana"),
    "pseudonym": lambda service: service.get_logs(QueryOptions(pseudonym="abcdef")),
    "one": lambda service: service.get_log("entry-000001"),
    "search": lambda service: service.search_logs("jazz"),
    "statistics": lambda service: service.statistics(),
    "events": lambda service: service.events_after(),
    "later events": lambda service: service.events_after("0-0"),
    "time": lambda service: service.store_time_ms(),
}
API_READS = [
    "recent",
    "search?q=jazz",
    "stats",
    "by-date?date=2026-11-23",
    "entry-000001",
    "my-logs",
]
PAGES = ["logs", "logs?q=jazz", "logs/entry-000001", "mine", "mine/entry-000001"]


class Administrator:
    """Everybody is Dana, the administrator."""

    sign_in_url = "/sign-in"

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        return Viewer(user_id="dana", display_name="Dana", is_administrator=True)


class Outage:
    """A writing service on a Redis that somebody else runs, and that can be taken away and given back."""

    def __init__(self, server: EmbeddedServer, service: LLMLoggingService) -> None:
        self.server = server
        self.service = service

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        assert self.server.pid is not None
        os.kill(self.server.pid, number)

    def take_away(self) -> None:
        """Kill it, and wait until it listens no more."""
        self.signal(signal.SIGKILL)
        until(lambda: not self.server._answers())

    def give_back(self) -> None:
        """Start it again with its data."""
        self.server.ensure_running()

    def log(self, *entry_ids: str) -> None:
        """Log entries, accepted at once."""
        for entry_id in entry_ids:
            entry = LogEntry(id=entry_id, command="jazz", user_id="dana", llm_request=LlmRequest(model="m"))
            self.service.log_interaction(entry)


def until(condition: Callable[[], object]) -> None:
    """Wait for something."""
    until_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


@pytest.fixture(name="outage")
def _outage(tmp_path: Path) -> Iterator[Outage]:
    server = EmbeddedServer(tmp_path / "server")
    server.ensure_running()
    settings = Settings(
        data_dir=tmp_path / "data", store=StoreSettings(redis_url=f"unix://{server.socket_path}?db=0")
    )
    with LLMLoggingService.open(settings) as service:
        yield Outage(server, service)
        server.ensure_running()
    server.leave()


def test_every_read_raises_and_says_since_when(outage: Outage) -> None:
    """No read gives an empty answer: each raises, with the moment the outage was first seen."""
    outage.log("entry-000001")
    until(lambda: outage.service.get_log("entry-000001"))
    before_ms = time.time_ns() // 1_000_000
    outage.take_away()
    moments = set()
    for name, read in READS.items():
        with pytest.raises(StoreUnavailable) as caught:
            read(outage.service)
        assert caught.value.reason == "ConnectionError", name
        moments.add(caught.value.since_ms)
    [since_ms] = moments
    assert since_ms is not None
    assert before_ms <= since_ms <= time.time_ns() // 1_000_000


def test_health_counts_what_is_safe_and_recovers(outage: Outage) -> None:
    """Health tells since when and how many are safe; when the store is back, all of them are in it and health
    says so."""
    outage.log("entry-000001")
    until(lambda: outage.service.health().spool.stored == 1)
    outage.take_away()
    outage.log("entry-000002", "entry-000003", "entry-000004")
    health = outage.service.health()
    assert (health.state, health.store.answering, health.spool.spooled) == ("degraded", False, 3)
    assert health.sentence.startswith("The log store is not answering since ")
    assert health.sentence.endswith(" 3 logs are safe on disk.")
    outage.give_back()
    until(lambda: outage.service.health().spool.stored == 4)
    health = outage.service.health()
    assert (health.state, health.store.not_answering_since, health.spool.spooled) == ("ok", None, 0)
    found = [one.id for one in outage.service.get_logs().logs]
    assert sorted(found) == [f"entry-{n:06d}" for n in (1, 2, 3, 4)]


def test_a_store_that_hangs_is_told_in_time(outage: Outage) -> None:
    """A Redis that accepts and never answers is an outage too, told within the read's time limit."""
    outage.log("entry-000001")
    until(lambda: outage.service.get_log("entry-000001"))
    outage.signal(signal.SIGSTOP)
    try:
        started_s = time.monotonic()
        with pytest.raises(StoreUnavailable) as caught:
            outage.service.get_logs()
        assert time.monotonic() - started_s < 4
        assert caught.value.reason == "TimeoutError"
        started_s = time.monotonic()
        assert not outage.service.health().store.answering
        assert time.monotonic() - started_s < 1
    finally:
        outage.signal(signal.SIGCONT)
    assert len(outage.service.get_logs().logs) == 1


def test_a_store_that_cannot_work_is_away(outage: Outage) -> None:
    """An answer that says the server cannot do its work is an outage, not an empty list."""
    outage.service.redis_client(5).config_set("requirepass", "secret")
    with pytest.raises(StoreUnavailable):
        outage.service.get_logs()
    assert not outage.service.health().store.answering
    with outage.service.redis_client(5).client() as client:
        client.execute_command("AUTH", "secret")
        client.config_set("requirepass", "")
    assert outage.service.get_logs().logs == []


def test_api_and_pages_say_what_is_safe(outage: Outage) -> None:
    """Each route answers 503 with the sentence, API and pages alike; health still works; nothing looks empty."""
    outage.log("entry-000001")
    until(lambda: outage.service.get_log("entry-000001"))
    outage.take_away()
    outage.log("entry-000002")
    with pytest.raises(StoreUnavailable) as caught:
        outage.service.get_logs()
    assert caught.value.since_ms is not None
    since = time.strftime("%H:%M UTC", time.gmtime(caught.value.since_ms / 1000))
    with TestClient(create_admin(outage.service, Administrator())) as client:
        for path in API_READS:
            answer = client.get(f"/api/llm-logs/{path}")
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], list(answer.json())) == (503, "store_unavailable", ["error"])
            assert error["message"].startswith(f"The log store is not answering since {since}"), path
            assert error["message"].endswith(" 1 log is safe on disk."), path
        assert client.post("/api/llm-logs/by-user", json={"userId": "dana"}).status_code == 503
        for path in PAGES:
            answer = client.get(f"/llmlog/{path}")
            assert answer.status_code == 503, path
            assert f"The log store is not answering since {since}" in answer.text
            assert "1 log is safe on disk." in answer.text
            assert "No logs" not in answer.text
        health = client.get("/api/llm-logs/health")
        assert (health.status_code, health.json()["store"]["answering"]) == (200, False)
        assert client.get("/llmlog/health").status_code == 200
        outage.give_back()
        until(lambda: client.get("/api/llm-logs/recent").status_code == 200)
        until(lambda: client.get("/api/llm-logs/recent").json()["pagination"]["total"] == 2)
        assert client.get("/llmlog/logs").status_code == 200
