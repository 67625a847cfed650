"""One command at a time for each person: two windows of the same listener never act at once."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class Lanes:
    """Gives out one lock per person; a lock that nobody holds or waits for is forgotten."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, person_id: str) -> asyncio.Lock:
        """The person's lock."""
        lock = self._locks.get(person_id)
        if lock is None:
            lock = asyncio.Lock()
            self._locks[person_id] = lock
        return lock
