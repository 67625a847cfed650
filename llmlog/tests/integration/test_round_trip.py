"""From Python to the spool to Redis and back, with a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmlog import LLMLoggingService, LlmRequest, LlmResponse, LogEntry, QueryOptions, Result, Settings
from llmlog.capture.cleaning import Cleaner
from llmlog.capture.masking import Masker
from llmlog.clock import SystemClock
from llmlog.store import BatchWriter

HOSTILE = st.text(st.characters(), max_size=60) | st.sampled_from(
    ["\ud800", "a\0b", "🎵" * 20, "\u202e", "x" * 2000]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | HOSTILE | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(HOSTILE | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(name="service", scope="module")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LLMLoggingService]:
    with LLMLoggingService.open(Settings(data_dir=tmp_path_factory.mktemp("data"))) as service:
        yield service


def arrived(service: LLMLoggingService, entry_id: str) -> LogEntry:
    """Wait until an entry is stored."""
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        found = service.get_log(entry_id)
        if found is not None:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{entry_id} did not arrive; {service.health()}")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command=HOSTILE, interpretation=VALUES, content=HOSTILE, extra=VALUES)
def test_hostile_values_come_back(
    service: LLMLoggingService, command: str, interpretation: Any, content: str, extra: Any
) -> None:
    """Whatever a host hands over is stored, and comes back as JSON can hold it."""
    recorder = service._recorder
    assert recorder is not None
    entry_id = recorder.new_id()
    messages = [{"role": "user", "content": content}, {"role": "tool", "content": extra}]
    entry = LogEntry(
        id=entry_id,
        command=command,
        interpretation=interpretation,
        llm_request=LlmRequest(model="m", messages=messages),
        llm_response=LlmResponse(content=content, latency=1.0),
        result=Result(success=True, message=command),
    )
    service.log_interaction(entry)
    found = arrived(service, entry_id)
    assert found.command == visible_json(command)
    assert found.llm_response is not None
    assert found.llm_response.content == visible_json(content)
    assert found.llm_request.messages[0]["content"] == visible_json(content)
    assert not service.health().spool.dropped


def visible_json(text: str) -> str:
    """A text as it is kept: lone surrogates as escapes, secrets masked."""
    return Cleaner(Masker(), escape_surrogates=True).value(text, "") if text else text


def test_every_key_expires_with_the_retention(service: LLMLoggingService) -> None:
    """Every key of llmlog in Redis has a time to live; an entry's is its timestamp + 90 days; `s` is JSON."""
    recorder = service._recorder
    assert recorder is not None
    entry_id = recorder.new_id()
    request = LlmRequest(model="m", messages=[{"role": "system", "content": "Same prompt. " * 60}])
    for chosen in (recorder.new_id(), entry_id):
        service.log_interaction(LogEntry(id=chosen, command="ttl", user_id="person", llm_request=request))
    entry = arrived(service, entry_id)
    client = service.redis_client(5)
    names = client.keys("llm:*")
    assert {name.split(b":")[1] for name in names} >= {b"log", b"logs", b"user", b"stats", b"events"}
    assert all(client.pttl(name) > 0 for name in names)
    left_ms = client.pttl(f"llm:log:{entry_id}")
    expected_ms = entry.timestamp + 90 * 86_400_000 - time.time() * 1000
    assert abs(left_ms - expected_ms) < 5_000
    scalars = msgspec.json.decode(client.hget(f"llm:log:{entry_id}", "s"))
    assert scalars["command"] == "ttl"
    assert b"person" not in b"".join(names)


def test_a_batch_sent_twice_changes_nothing(tmp_path: Path) -> None:
    """The same entries written again are taken as stored, and no counter moves."""
    with LLMLoggingService.open(Settings(data_dir=tmp_path)) as service:
        store = service._reads.store
        now_ms = int(time.time() * 1000)
        entries = [
            LogEntry(id=f"entry-{n:06d}", timestamp=now_ms + n, user_id="v1:ab", llm_request=LlmRequest(model="m"))
            for n in range(50)
        ]
        writer = BatchWriter(store.connection, 90, SystemClock())
        batch = [packed for entry in entries if (packed := writer.pack(msgspec.json.encode(entry)))]
        assert len(batch) == 50
        assert all(outcome.stored for outcome in writer.write(batch))
        before = service.statistics()
        assert all(outcome.stored for outcome in writer.write(batch))
        assert service.statistics() == before
        assert before.total_queries == 50
        assert service.get_logs(QueryOptions(limit=100)).pagination.total == 50


def test_refused_data_becomes_a_dead_letter(tmp_path: Path) -> None:
    """An entry whose key holds another type is put aside; the others of its batch are stored."""
    with LLMLoggingService.open(Settings(data_dir=tmp_path)) as service:
        service.redis_client(5).set("llm:log:blocked-entry", "not a hash", px=60_000)
        for entry_id in ("first-entry", "blocked-entry", "third-entry"):
            service.log_interaction(LogEntry(id=entry_id, llm_request=LlmRequest(model="m")))
        arrived(service, "third-entry")
        arrived(service, "first-entry")
        until_s = time.monotonic() + 20
        while service.health().spool.spooled and time.monotonic() < until_s:
            time.sleep(0.01)  # the refused one is tried three times before it is put aside
        spool = service.health().spool
        assert (spool.accepted, spool.stored, spool.dead_lettered, spool.spooled) == (3, 2, 1, 0)
        [letters] = (tmp_path / "dead-letters").iterdir()
        assert "blocked-entry" in letters.read_text()
