"""Keeps the index up to date: follows the stream of arrivals, and compares with the store's days.

What arrives is added within a second. Where the counts of a day differ (logs were erased or expired) that day is
gone through, newest day first; every day is, where the index is new or the stream does not reach back to what was
added last. One process does it; the others of a data directory look now and then whether it is gone, and one of
them goes on.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator

from llmlog.clock import Clock
from llmlog.entry import LogEntry
from llmlog.errors import StoreUnavailable
from llmlog.query.index import schema
from llmlog.query.index.arrived import START, arrived_since, is_newer
from llmlog.query.index.copy import IndexCopy
from llmlog.query.index.days import CHUNK, COMMIT_EVERY, Counts, Days
from llmlog.query.index.failures import IndexFailed
from llmlog.query.index.place import Checkpoint, IndexPlace
from llmlog.store import RedisStore

LOOK_EVERY_S = 0.25
RETRY_EVERY_S = 2.0
LONGEST_RETRY_S = 600.0
"""Between attempts at an index that fails again and again: a full disk is not filled all day."""
COMPARE_EVERY_S = 60.0

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
        self._days = Days(store, clock, self._stop.is_set)
        self._event = ""
        self._whole = False
        self._total = 0
        self._next_compare_s = 0.0
        self._retry_s = RETRY_EVERY_S
        self._told = ""

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="llmlog-index", daemon=True)
        self._thread.start()
        itself = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _in_child(itself))

    def stop(self) -> None:
        """End the thread; waits for it 5 s at most."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        else:
            self._let_go()

    def round(self) -> bool:
        """Take the lock if it is free, add what arrived, compare when it is time; whether there is more to do at
        once.

        Raises StoreUnavailable, IndexFailed, OSError.
        """
        if self._copy is None and not self._open():
            return False
        assert self._copy is not None and self._lock is not None
        if not self._place.still_there(self._lock):
            _logger.warning("llmlog: the search index was deleted; it is built again")
            self._let_go()
            return True
        self._need_room()
        try:
            self._follow(self._copy)
            due = self._clock.monotonic_s() >= self._next_compare_s
            return due and not self._stop.is_set() and self._compare(self._copy)
        except StoreUnavailable:
            self._copy.forget()
            raise

    def _run(self) -> None:
        while not self._stop.is_set():
            pause_s = LOOK_EVERY_S
            try:
                if self.round():
                    pause_s = 0.0
            except StoreUnavailable:
                pause_s = RETRY_EVERY_S
            except Exception as error:  # noqa: BLE001 - the index is a copy: it is made again, the host is left alone
                self._tell(f"{type(error).__name__}: {error}")
                self._throw_away()
                pause_s, self._retry_s = self._retry_s, min(self._retry_s * 2, LONGEST_RETRY_S)
            self._stop.wait(pause_s if self._copy is not None else max(pause_s, RETRY_EVERY_S))
        self._let_go()

    def _tell(self, what: str) -> None:
        if what != self._told:
            _logger.warning("llmlog: the search index failed and is built again: %s", what)
            self._told = what

    # -- opening and letting go ---------------------------------------------------------------------

    def _open(self) -> bool:
        """Become the writer, where nobody else is."""
        self._need_room()
        self._lock = self._place.lock()
        if self._lock is None:
            return False
        copy = self._copy = IndexCopy(self._place)
        checkpoint, count = self._place.checkpoint(), copy.count()
        self._event, self._total = checkpoint.event, checkpoint.total
        self._whole = checkpoint.whole and count > 0 and count >= checkpoint.indexed
        self._next_compare_s = 0.0
        if not self._whole or self._event == START:
            self._doubt(copy)
        return True

    def _need_room(self) -> None:
        if not self._place.has_room():
            raise OSError(errno.ENOSPC, "the disk is nearly full, and the room is for logs")

    def _throw_away(self) -> None:
        if self._lock is not None:
            self._let_go_of_copy()
            try:
                self._place.throw_away()
            except OSError as error:
                _logger.debug("llmlog: %s", error)
        self._let_go()

    def _let_go(self) -> None:
        self._let_go_of_copy()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _let_go_of_copy(self) -> None:
        copy, self._copy = self._copy, None
        if copy is not None:
            try:
                copy.close()
            except IndexFailed as error:
                _logger.debug("llmlog: %s", error)

    # -- following ----------------------------------------------------------------------------------

    def _follow(self, copy: IndexCopy, until: str | None = None) -> None:
        """Add what arrived since; of more than one commit takes, the rest later. until: the last event to add."""
        event, added = self._event, 0
        while (added < COMMIT_EVERY or until is not None) and not self._stop.is_set():
            arrived = arrived_since(self._store, event, CHUNK)
            if not arrived.reaches_back:
                self._doubt(copy)
                return
            events = [each for each in arrived.events if until is None or not is_newer(each[0], until)]
            if not events:
                break
            entries = self._store.read_logs(list(dict.fromkeys(entry_id for _, entry_id in events)))
            copy.add(self._courteously(entries), may_be_there=True)
            event = events[-1][0]
            added += len(events)
        if added:
            self._event = event
            self._commit(copy)

    def _courteously(self, entries: Iterable[LogEntry | None]) -> Iterator[LogEntry]:
        """Those that are kept, one at a time, each followed by a moment in which the host has its turn."""
        kept = frozenset(self._days.kept())
        for entry in entries:
            if entry is not None and schema.day_of(entry.timestamp) in kept:
                yield entry
                time.sleep(0)

    def _doubt(self, copy: IndexCopy) -> None:
        """Logs may be missing, and nobody knows which: follow from now on, and go through every day."""
        self._whole = False
        self._event = self._store.newest_event()
        self._days.suspect()
        self._next_compare_s = 0.0
        copy.forget()
        self._commit(copy)

    def _commit(self, copy: IndexCopy) -> None:
        copy.commit(
            Checkpoint(
                event=self._event,
                whole=self._whole,
                total=self._total,
                at_ms=self._clock.now_ms(),
            )
        )

    # -- comparing ----------------------------------------------------------------------------------

    def _compare(self, copy: IndexCopy) -> bool:
        """Put one day right that differs from the store's; whether there was one."""
        counted = self._days.stored()
        if counted is None:
            return False
        event, stored = counted
        self._follow(copy, until=event)
        if self._event != event or self._stop.is_set():
            return not self._stop.is_set()
        indexed = copy.count_by_day()
        self._total = sum(stored.values())
        self._forget_days(copy, stored, indexed)
        day = self._days.wrong(stored, indexed)
        if day is not None:
            if self._whole and self._days.missing(day, stored, indexed):
                self._whole = False
                self._commit(copy)
            self._days.put_right(copy, day, lambda: self._commit(copy))
            return True
        self._days.finish()
        if not self._whole:
            self._whole = True
            self._commit(copy)
        self._next_compare_s = self._clock.monotonic_s() + COMPARE_EVERY_S
        self._retry_s, self._told = RETRY_EVERY_S, ""
        return False

    def _forget_days(self, copy: IndexCopy, stored: Counts, indexed: Counts) -> None:
        """Days that have expired."""
        expired = [day for day in indexed if day not in stored]
        for day in expired:
            copy.remove_day(day)
        if expired:
            self._commit(copy)

    def leave_to_parent(self) -> None:
        """In a forked child: lock, index and thread are the parent's."""
        copy, self._copy = self._copy, None
        if copy is not None:
            copy.leave_to_parent()
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)
        self._thread = None


def _in_child(reference: weakref.ref[IndexFollower]) -> None:
    follower = reference()
    if follower is not None:
        follower.leave_to_parent()
