"""How fast the shipper goes, and how often it gives the interpreter's lock up to the host.

A thread that gives the lock up for an instant gets it back before a waiting one has woken; one that never does
keeps it for 5 ms. So the shipper sleeps for a moment (some 60 us, the shortest there is) after a log: after every
one while the host is seen to want the lock, less often while nobody does. While the host logs in a burst, each turn
of the shipper would make one of its calls wait; so it stands back, and the logs wait on disk instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

WANTED_S = 0.0003
"""A pause that took longer: somebody else had the lock, or the processor."""
LOGS_AT_ONCE = 8
"""At most so many are packed between two pauses: some 0.4 ms."""
BURST_LOGS = 16
"""So many accepted during one pause are a burst: a host in a loop lets go of the lock every 5 ms."""
BURST_PAUSE_S = 0.03


class Courtesy:
    """Call `pause` after each log. One thread uses it."""

    def __init__(self, accepted: Callable[[], int]) -> None:
        """accepted: how many logs this process accepted so far."""
        self._accepted = accepted
        self._every = 1
        self._logs = 0

    def pause(self) -> None:
        """Let others run, where it is due."""
        self._logs += 1
        if self._logs < self._every:
            return
        self._logs = 0
        accepted = self._accepted()
        started_s = time.perf_counter()
        time.sleep(0)
        wanted = time.perf_counter() - started_s > WANTED_S
        if wanted and self._accepted() - accepted >= BURST_LOGS:
            time.sleep(BURST_PAUSE_S)
        self._every = 1 if wanted else min(LOGS_AT_ONCE, self._every * 2)


class Alone:
    """For a process that has nothing else to do."""

    def pause(self) -> None:
        """Go on."""


class Pace(NamedTuple):
    """How big batches begin, and who else is in the process."""

    courtesy: Courtesy | Alone
    smallest_batch: int = 100
    """Entries, where the way to the store is quick. A batch of 100 costs Redis some 3 ms, in which it answers
    nobody else."""
