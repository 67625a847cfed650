"""What arrived in the store since an event, and whether the stream still reaches back to it."""

from __future__ import annotations

from typing import NamedTuple

from llmlog.store import RedisStore

START = "0-0"
"""Before the first event."""
_LAST_NUMBER = 2**64 - 1


class Arrived(NamedTuple):
    """What came after an event, oldest first."""

    events: list[tuple[str, str]]
    """(event, id of the log)"""
    reaches_back: bool
    """False where events between are gone: the stream is capped, and a Redis may lose what it had."""


def arrived_since(store: RedisStore, event: str, count: int) -> Arrived:
    """The first `count` events after one. Raises StoreUnavailable."""
    if event == START:
        return Arrived(store.events_after(START, count), True)
    found = store.events_after(_before(event), count + 1)
    if found and found[0][0] == event:
        return Arrived(found[1:], True)
    return Arrived(found[:count], False)


def is_newer(event: str, other: str) -> bool:
    """Whether an event came after another."""
    return _parts(event) > _parts(other)


def _parts(event: str) -> tuple[int, int]:
    milliseconds, _, number = event.partition("-")
    return int(milliseconds), int(number)


def _before(event: str) -> str:
    """The greatest event before one."""
    milliseconds, number = _parts(event)
    return f"{milliseconds}-{number - 1}" if number else f"{max(0, milliseconds - 1)}-{_LAST_NUMBER}"
