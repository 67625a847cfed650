"""The live stream over real HTTP: what comes, going on after a break, what was skipped, a store that goes away."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from llmlog import LLMLoggingService, LlmRequest, LogEntry, Settings
from llmlog.query.arrivals import MOST_AT_ONCE
from llmlog.store import EmbeddedServer

TOKEN = "a-token-of-the-test"
AS_ADMINISTRATOR = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(name="address", scope="module")
def _address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """`llmlog serve` on a data directory of its own."""
    data_dir = tmp_path_factory.mktemp("data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "LLMLOG_DATA_DIR": str(data_dir), "LLMLOG_ADMIN_TOKEN": TOKEN}
    command = [sys.executable, "-m", "llmlog.cli.main", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        address = f"http://127.0.0.1:{port}"
        until_s = time.monotonic() + 30
        while True:
            try:
                httpx2.get(f"{address}/llmlog/sign-in")
                break
            except httpx2.TransportError:
                assert time.monotonic() < until_s
                time.sleep(0.05)
        yield address, data_dir
        server.send_signal(signal.SIGTERM)


@pytest.fixture(name="log")
def _log(address: tuple[str, Path]) -> Iterator[LLMLoggingService]:
    with LLMLoggingService.open(Settings(data_dir=address[1])) as service:
        yield service


class Events:
    """What a stream sends, event by event."""

    def __init__(self, response: httpx2.Response) -> None:
        self._lines = response.iter_lines()

    def next(self) -> dict[str, Any]:
        """The next event but for comments: its name, id and data."""
        event: dict[str, Any] = {"event": "message"}
        for line in self._lines:
            if not line and "data" in event:
                return event
            name, _, value = line.partition(": ")
            if name in ("event", "id"):
                event[name] = value
            elif name == "data":
                event["data"] = json.loads(value)
        raise AssertionError("the stream ended")


@contextmanager
def streaming(address: tuple[str, Path], last: str | None = None, **parameters: str) -> Iterator[Events]:
    """Follow the logs."""
    headers = AS_ADMINISTRATOR if last is None else {**AS_ADMINISTRATOR, "last-event-id": last}
    url = f"{address[0]}/api/llm-logs/tail"
    with (
        httpx2.Client(timeout=20) as client,
        client.stream("GET", url, params=parameters, headers=headers) as response,
    ):
        assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, "text/event-stream")
        yield Events(response)


def logged(log: LLMLoggingService, *commands: str) -> None:
    """Log and wait until it is stored."""
    for command in commands:
        log.log_interaction(LogEntry(command=command, llm_request=LlmRequest(model="m")))
    until_s = time.monotonic() + 20
    while log.health().spool.spooled:
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_what_matches_comes_as_it_arrives(address: tuple[str, Path], log: LLMLoggingService) -> None:
    """From now on, whole logs, only those that match."""
    logged(log, "jazz before")
    with streaming(address, q="jazz") as events:
        logged(log, "jazz one", "rock", "jazz two")
        assert [events.next()["data"]["command"] for _ in range(2)] == ["jazz one", "jazz two"]


def test_it_goes_on_where_it_broke(address: tuple[str, Path], log: LLMLoggingService) -> None:
    """After a break everything since the last event comes, once."""
    with streaming(address) as events:
        logged(log, "first", "second")
        assert events.next()["data"]["command"] == "first"
        last = events.next()["id"]
    logged(log, "while away")
    with streaming(address, last=last) as events:
        logged(log, "back again")
        assert [events.next()["data"]["command"] for _ in range(2)] == ["while away", "back again"]


def test_a_flood_is_cut_and_told(address: tuple[str, Path], log: LLMLoggingService) -> None:
    """Of more logs than anyone can follow the newest come, and the stream says how many it left out."""
    with streaming(address) as events:
        logged(log, "marker")
        last = events.next()["id"]
    logged(log, *(f"flood {number}" for number in range(MOST_AT_ONCE + 50)))
    with streaming(address, last=last) as events:
        told = events.next()
        assert (told["event"], told["data"]) == ("skipped", {"count": 50, "someNoLongerKept": False})
        assert events.next()["data"]["command"] == "flood 50"


def test_what_the_stream_no_longer_has_is_told(address: tuple[str, Path], log: LLMLoggingService) -> None:
    """Where the stream of arrivals was cut since, the viewer is told that logs may be missing."""
    with streaming(address) as events:
        logged(log, "marker")
        last = events.next()["id"]
    logged(log, "gone from the stream", "still there")
    log.redis_client().xtrim("llm:events", maxlen=1, approximate=False)
    with streaming(address, last=last) as events:
        assert events.next()["data"] == {"count": 0, "someNoLongerKept": True}
        assert events.next()["data"]["command"] == "still there"


def test_a_store_that_goes_away_and_returns(address: tuple[str, Path], log: LLMLoggingService) -> None:
    """The stream stays open, says that Redis is away and that it is back, and goes on."""
    with streaming(address) as events:
        pid = EmbeddedServer(address[1]).pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            assert "not answering" in events.next()["data"]["away"]
        finally:
            os.kill(pid, signal.SIGCONT)
        logged(log, "after the pause")
        assert events.next()["data"] == {"away": None}
        assert events.next()["data"]["command"] == "after the pause"


@pytest.mark.parametrize(
    ("parameters", "status"), [({"q": "modl:x"}, 422), ({"last": "yesterday"}, 422), ({}, 401)]
)
def test_refusals(address: tuple[str, Path], parameters: dict[str, str], status: int) -> None:
    """Before anything is streamed: a bad query, a bad event, nobody signed in."""
    headers = AS_ADMINISTRATOR if parameters else {}
    answer = httpx2.get(f"{address[0]}/api/llm-logs/tail", params=parameters, headers=headers)
    assert answer.status_code == status
