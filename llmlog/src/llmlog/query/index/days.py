"""Which days of the index are not as the store's, and putting them right."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from llmlog.clock import Clock
from llmlog.entry import LogEntry
from llmlog.query.index import schema
from llmlog.query.index.copy import IndexCopy
from llmlog.store import RedisStore, keys
from llmlog.store.redis_store import Member

CHUNK = 200
COMMIT_EVERY = 5_000
"""Logs."""
ATTEMPTS = 20
"""To count while nothing arrives."""

Counts = dict[int, int]
"""Logs by day, in days since the epoch."""


class Days:
    """The store's days beside the index's. One look: `wrong` and `put_right` by turns, then `finish`."""

    def __init__(self, store: RedisStore, clock: Clock, stopped: Callable[[], bool]) -> None:
        self._store = store
        self._clock = clock
        self._stopped = stopped
        self._without_log: Counts = {}
        """Ids of a day that have no log any more: it expires before its day does."""
        self._put_right: set[int] = set()
        self._suspect = True

    def suspect(self) -> None:
        """Go through every day, whatever its count: logs may have come and gone unseen."""
        self._suspect = True
        self._put_right.clear()

    def stored(self) -> tuple[str, Counts] | None:
        """The newest event and how many ids each day had then, newest day first; None while too much arrives."""
        days = self.kept()
        names = [_name(day) for day in days]
        for _ in range(ATTEMPTS):
            event = self._store.newest_event()
            counts = self._store.count_by_day(names)
            if self._store.newest_event() == event:
                return event, dict(zip(days, counts, strict=True))
        return None

    def missing(self, day: int, stored: Counts, indexed: Mapping[int, int]) -> bool:
        """Whether the index has fewer than the store."""
        return stored[day] - self._without_log.get(day, 0) > indexed.get(day, 0)

    def wrong(self, stored: Counts, indexed: Mapping[int, int]) -> int | None:
        """The newest day that is not as the store's, or may not be."""
        for day, count in stored.items():
            there = indexed.get(day, 0)
            differs = count - self._without_log.get(day, 0) != there
            if day not in self._put_right and (differs or (self._suspect and (count or there))):
                return day
        return None

    def finish(self) -> None:
        """No day is wrong."""
        self._suspect = False
        self._put_right.clear()

    def put_right(self, copy: IndexCopy, day: int, commit: Callable[[], None]) -> None:
        """Make one day the same as the store's, as far as the thread is not stopped. Raises StoreUnavailable."""
        counted = copy.ids_of_day(day)
        for entry_id in [entry_id for entry_id, count in counted.items() if count > 1]:
            copy.remove(entry_id)
            del counted[entry_id]
        there = set(counted)
        wanted: set[str] = set()
        uncommitted = 0
        for ids in self._ids(day):
            if self._stopped():
                return
            wanted.update(ids)
            missing = [each for each in ids if each not in there]
            added = copy.add(self._logs(missing), may_be_there=False, day=day)
            there |= added
            uncommitted += len(added)
            if uncommitted >= COMMIT_EVERY:
                commit()
                uncommitted = 0
        for entry_id in there - wanted:
            copy.remove(entry_id)
        self._without_log[day] = len(wanted - there)
        self._put_right.add(day)
        commit()

    def kept(self) -> list[int]:
        """Every day that may hold logs, newest first."""
        tomorrow = schema.day_of(self._clock.now_ms()) + 1
        return [day for day in range(tomorrow, tomorrow - self._store.retention_days - 3, -1) if day >= 0]

    def _ids(self, day: int) -> Iterator[list[str]]:
        before: Member | None = None
        while chunk := self._store.members_before(keys.day(_name(day)), before, CHUNK):
            before = chunk[-1]
            yield [member.id for member in chunk]

    def _logs(self, ids: list[str]) -> Iterator[LogEntry]:
        found = self._store.read_logs(ids) if ids else []
        for entry_id, entry in zip(ids, found, strict=True):
            if entry is not None and entry.id == entry_id:
                yield entry
                time.sleep(0)  # the host has its turn


def _name(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d")
