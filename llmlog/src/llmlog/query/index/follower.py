"""Keeps the index up to date: follows the stream of arrivals, and compares with the store's days.

What arrives is added within a second. Where the counts of a day differ (the index is new, or was away longer than
the stream goes back, or logs were erased or expired) that day is gone through, newest day first. One process does
it; the others of a data directory look now and then whether it is gone, and one of them goes on.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from llmlog.clock import Clock
from llmlog.entry import LogEntry
from llmlog.errors import StoreUnavailable
from llmlog.query.index import schema
from llmlog.query.index.copy import IndexCopy
from llmlog.query.index.place import Checkpoint, IndexPlace
from llmlog.store import RedisStore, keys
from llmlog.store.redis_store import Member

CHUNK = 200
LOOK_EVERY_S = 0.25
RETRY_EVERY_S = 2.0
COMPARE_EVERY_S = 60.0
COMMIT_EVERY = 5_000
"""Logs, while building."""

_logger = logging.getLogger("llmlog")


class IndexFollower:
    """A thread that keeps the index. Never raises into its host."""

    def __init__(self, store: RedisStore, place: IndexPlace, clock: Clock) -> None:
        self._store = store
        self._place = place
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock: int | None = None
        self._copy: IndexCopy | None = None
        self._event = ""
        self._replayed_up_to = ""
        self._whole = False
        self._next_compare_s = 0.0
        self._hopeless: dict[int, tuple[int, int]] = {}
        self._told = ""

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="llmlog-index", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; waits for it 5 s at most."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def round(self) -> bool:
        """Take the lock if it is free, add what arrived, compare when it is time; whether something was done.

        Raises StoreUnavailable, OSError, ValueError.
        """
        if self._copy is None and not self._open():
            return False
        assert self._copy is not None and self._lock is not None
        if not self._place.still_there(self._lock):
            _logger.warning("llmlog: the search index was deleted; it is built again")
            self._let_go()
            return True
        worked = self._follow(self._copy)
        if not worked and self._clock.monotonic_s() >= self._next_compare_s:
            worked = self._compare(self._copy)
            if not worked:
                self._next_compare_s = self._clock.monotonic_s() + COMPARE_EVERY_S
        return worked

    def _run(self) -> None:
        while not self._stop.is_set():
            pause_s = LOOK_EVERY_S
            try:
                if self.round():
                    pause_s = 0.0
                self._told = ""
            except StoreUnavailable:
                pause_s = RETRY_EVERY_S
            except Exception as error:  # noqa: BLE001 - the index is a copy: it is made again, the host is left alone
                self._tell(f"{type(error).__name__}: {error}")
                self._throw_away()
                pause_s = RETRY_EVERY_S
            self._stop.wait(pause_s if self._copy is not None else max(pause_s, RETRY_EVERY_S))
        self._let_go()

    def _tell(self, what: str) -> None:
        if what != self._told:
            _logger.warning("llmlog: the search index failed and is built again: %s", what)
            self._told = what

    # -- opening and letting go ---------------------------------------------------------------------

    def _open(self) -> bool:
        """Become the writer, where nobody else is."""
        self._lock = self._place.lock()
        if self._lock is None:
            return False
        self._copy = IndexCopy(self._place)
        checkpoint = self._place.checkpoint()
        self._replayed_up_to = self._store.newest_event()
        self._whole = checkpoint.whole and self._copy.count() > 0
        self._event = checkpoint.event if self._whole else self._replayed_up_to
        self._next_compare_s = 0.0
        return True

    def _throw_away(self) -> None:
        held = self._lock is not None
        self._copy = None
        if held:
            try:
                self._place.throw_away()
            except OSError as error:
                _logger.debug("llmlog: %s", error)
        self._let_go()

    def _let_go(self) -> None:
        copy, self._copy = self._copy, None
        if copy is not None:
            try:
                copy.close()
            except (ValueError, OSError) as error:
                _logger.debug("llmlog: %s", error)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # -- following ----------------------------------------------------------------------------------

    def _follow(self, copy: IndexCopy) -> bool:
        """Add what arrived since; whether there was anything."""
        added = 0
        while added < COMMIT_EVERY and not self._stop.is_set():
            arrived = self._store.events_after(self._event, CHUNK)
            if not arrived:
                break
            entries = self._read([entry_id for _, entry_id in arrived])
            copy.add(self._courteously(entries), may_be_there=not _later(self._event, self._replayed_up_to))
            self._event = arrived[-1][0]
            added += len(arrived)
        if added:
            self._commit(copy)
        return added > 0

    def _read(self, ids: list[str]) -> list[LogEntry]:
        return [entry for entry in self._store.read_logs(ids) if entry is not None]

    def _courteously(self, entries: list[LogEntry]) -> Iterator[LogEntry]:
        """One at a time, each followed by a moment in which the host has its turn."""
        for entry in entries:
            yield entry
            time.sleep(0)

    def _commit(self, copy: IndexCopy, total: int = 0) -> None:
        copy.commit(
            Checkpoint(
                event=self._event,
                whole=self._whole,
                indexed=copy.count(),
                total=total,
                at_ms=self._clock.now_ms(),
            )
        )

    # -- comparing ----------------------------------------------------------------------------------

    def _compare(self, copy: IndexCopy) -> bool:
        """Put one day right whose count differs from the store's; whether there was one."""
        days = self._days()
        stored = dict(zip(days, self._store.count_by_day([_name(day) for day in days]), strict=True))
        if self._store.events_after(self._event, 1):
            return True  # counted too early
        indexed = copy.count_by_day()
        total = sum(stored.values())
        for day in [day for day in indexed if day not in stored]:
            copy.remove_day(day)
            self._commit(copy, total)
        for day in days:
            counts = (stored[day], indexed.get(day, 0))
            if counts[0] != counts[1] and self._hopeless.get(day) != counts:
                self._put_right(copy, day, counts[1], total)
                left = (stored[day], copy.count_by_day().get(day, 0))
                self._hopeless[day] = (
                    left  # what is left differs for good: ids whose log has expired before its day
                )
                return True
        if not self._whole:
            self._whole = True
            self._commit(copy, total)
        return False

    def _put_right(self, copy: IndexCopy, day: int, indexed: int, total: int) -> None:
        """Make one day the same as the store's, as far as the thread is not stopped."""
        there = copy.ids_of_day(day) if indexed else set()
        if len(there) < indexed:  # something is in it twice
            copy.remove_day(day)
            there = set()
        wanted: set[str] = set()
        before: Member | None = None
        since_commit = 0
        while chunk := self._store.members_before(keys.day(_name(day)), before, CHUNK):
            if self._stop.is_set():
                return
            before = chunk[-1]
            wanted.update(member.id for member in chunk)
            missing = [member.id for member in chunk if member.id not in there]
            copy.add(self._courteously(self._read(missing)), may_be_there=False)
            since_commit += len(missing)
            if since_commit >= COMMIT_EVERY:
                self._commit(copy, total)
                since_commit = 0
        for entry_id in there - wanted:
            copy.remove(entry_id)
        self._replayed_up_to = self._store.newest_event()  # what arrived meanwhile may be in it
        self._commit(copy, total)

    def _days(self) -> list[int]:
        """Every day that may hold logs, newest first, in days since the epoch."""
        tomorrow = schema.day_of(self._clock.now_ms()) + 1
        return [day for day in range(tomorrow, tomorrow - self._store.retention_days - 3, -1) if day >= 0]


def _name(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d")


def _later(event: str, other: str) -> bool:
    """Whether an event of a Redis stream is newer than another, or the same."""
    return _parts(event) >= _parts(other)


def _parts(event: str) -> tuple[int, int]:
    milliseconds, _, number = event.partition("-")
    return int(milliseconds or 0), int(number or 0)
