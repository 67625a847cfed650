"""Erasing a person: store, index, spools and dead letters, then a look whether anything is left.

Counts stay, without the person. A tombstone keeps out what was logged before and is still under way. The index is
thrown away and built again, because a full-text index keeps the words of what was deleted.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import msgspec

from llmlog.clock import Clock
from llmlog.ship import DeadLetters
from llmlog.spool.blanking import blank_frames
from llmlog.store import RedisStore
from llmlog.store.keys import DAY_MS


class Receipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an erasure did, and what is left."""

    at: int
    """ms since the epoch; logs from before are no longer taken."""
    logs: int
    """Deleted from the store."""
    dead_letters: int
    """Removed."""
    spooled: int
    """Delivered copies on disk that were made unreadable."""
    waiting: int
    """Copies on disk not delivered yet: the store will not take them, and they go with their segment."""
    index: bool
    """Whether there was an index; it is built again."""
    left: list[str]
    """What the look afterwards still found; empty when nothing."""


class Eraser:
    """Erases people from one data directory and its store."""

    def __init__(self, store: RedisStore, data_dir: Path, spool_root: Path, clock: Clock) -> None:
        self._store = store
        self._data_dir = data_dir
        self._spool_root = spool_root
        self._clock = clock

    def erase(self, pseudonyms: Collection[str]) -> Receipt:
        """Erase who goes by these pseudonyms. Can be repeated. Raises StoreUnavailable, OSError."""
        now_ms = self._clock.now_ms()
        retention_ms = (self._store.retention_days + 1) * DAY_MS
        marks = [pseudonym.encode() for pseudonym in pseudonyms]
        deleted = [self._store.erase(pseudonym, now_ms, retention_ms) for pseudonym in pseudonyms]
        letters = DeadLetters(self._data_dir / "dead-letters", self._clock).remove(marks)
        spooled = blank_frames(self._spool_root, marks)
        index = self._data_dir / "index"
        indexed = index.exists()
        shutil.rmtree(index, ignore_errors=True)
        return Receipt(
            at=now_ms,
            logs=sum(len(ids) for ids in deleted),
            dead_letters=letters,
            spooled=spooled.blanked,
            waiting=spooled.waiting,
            index=indexed,
            left=self._left(pseudonyms, deleted),
        )

    def _left(self, pseudonyms: Collection[str], deleted: list[list[str]]) -> list[str]:
        """What is still there of them: their lists, their logs, their dead letters."""
        left = [f"the list of {name}" for name in pseudonyms if self._store.has_logs_of(name)]
        ids = [entry_id for group in deleted for entry_id in group]
        for start in range(0, len(ids), 500):
            found = self._store.read_logs(ids[start : start + 500])
            left += [f"log {entry.id}" for entry in found if entry is not None and entry.user_id in pseudonyms]
        for path in sorted((self._data_dir / "dead-letters").glob("*.jsonl")):
            if any(name.encode() in path.read_bytes() for name in pseudonyms):
                left.append(f"a dead letter of {path.stem}")
        return left
