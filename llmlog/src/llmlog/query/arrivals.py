"""What arrived in the store after a moment, in the order of its arrival."""

from __future__ import annotations

from typing import NamedTuple

from llmlog.entry import LogEntry
from llmlog.store import RedisStore

MOST_AT_ONCE = 200
"""Logs that anyone can follow between two looks; of more, the newest are read."""


class Arrivals(NamedTuple):
    """News since an event."""

    event: str
    """The event to go on from."""
    logs: list[tuple[str, LogEntry]]
    """Each with its event, oldest first."""
    skipped: int
    """Logs that came too and were left out."""
    lost: bool
    """Whether events before the first of these are no longer kept, so that some may be missing."""


def arrivals_after(store: RedisStore, event: str) -> Arrivals:
    """The newest logs after an event. Raises StoreUnavailable."""
    rows: list[tuple[str, str]] = []
    skipped, last = 0, event
    while piece := store.events_after(last):
        last = piece[-1][0]
        rows = [*rows, *piece]
        if len(rows) > MOST_AT_ONCE:
            skipped += len(rows) - MOST_AT_ONCE
            rows = rows[-MOST_AT_ONCE:]
    entries = store.read_logs([entry_id for _, entry_id in rows]) if rows else []
    logs = [(name, entry) for (name, _), entry in zip(rows, entries, strict=True) if entry is not None]
    return Arrivals(last, logs, skipped, bool(rows) and _trimmed(store, event))


def _trimmed(store: RedisStore, event: str) -> bool:
    """Whether the stream begins after an event that it once had."""
    oldest = store.oldest_event()
    return event != "0-0" and oldest is not None and _parts(oldest) > _parts(event)


def _parts(event: str) -> tuple[int, int]:
    milliseconds, _, number = event.partition("-")
    return int(milliseconds), int(number or 0)
