"""A reading service on an embedded server of its own, and entries written to it at once, without the spool."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from llmlog import LLMLoggingService, LlmRequest, LogEntry, Settings
from llmlog.clock import ManualClock
from llmlog.settings import CaptureSettings
from llmlog.store import BatchWriter
from llmlog.store.keys import DAY_MS

RETENTION_DAYS = 90
KEYS = {1: b"1" * 32}


def tomorrow_noon_ms() -> int:
    """A moment far from every midnight whose logs Redis does not let expire during a test."""
    return (time.time_ns() // 1_000_000 // DAY_MS + 1) * DAY_MS + DAY_MS // 2


class StoredLogs:
    """The service, its clock, and a writer for the same server."""

    def __init__(self, service: LLMLoggingService, clock: ManualClock) -> None:
        self.service = service
        self.clock = clock
        self.now_ms = clock.now_ms()
        self.writer = BatchWriter(service._reads.connection, RETENTION_DAYS, clock)
        self.writer.get_ready()

    def write(self, entries: Iterable[LogEntry]) -> None:
        """Store entries in one batch; every one must be taken."""
        packed = [self.writer.pack(msgspec.json.encode(entry)) for entry in entries]
        outcomes = self.writer.write([entry for entry in packed if entry is not None])
        assert len(outcomes) == len(packed)
        assert all(outcome.stored for outcome in outcomes), outcomes


@contextmanager
def stored_logs(
    data_dir: Path, keys: dict[int, bytes] | None = None, now_ms: int | None = None
) -> Iterator[StoredLogs]:
    """Open them; the clock stands at noon of tomorrow, UTC, or as given, until it is moved."""
    clock = ManualClock(now_ms or tomorrow_noon_ms())
    settings = Settings(data_dir=data_dir, capture=CaptureSettings(pseudonym_keys=keys or KEYS))
    with LLMLoggingService.open_reader(settings, clock) as service:
        yield StoredLogs(service, clock)


def entry(number: int, timestamp: int, **more: object) -> LogEntry:
    """An entry with an id of its number."""
    fields = {"llm_request": LlmRequest(model="m"), **more}
    return LogEntry(id=f"entry-{number:06d}", timestamp=timestamp, **fields)  # type: ignore[arg-type]


def newest_first(entries: Iterable[LogEntry]) -> list[str]:
    """Their ids in the order reads must give them."""
    return [one.id for one in sorted(entries, key=lambda one: (one.timestamp, one.id), reverse=True)]
