"""Bringing segments to the disk, and letting go of those that nothing is appended to any more.

A descriptor whose sync has failed is never synced again: the kernel drops what it could not write and would say
afterwards that all is well. Its segment is given up for appending instead, and the next ones are tried again
after pauses that grow, so that a disk which fails for hours is not filled with segments hardly used.
"""

from __future__ import annotations

from collections import deque

from llmlog.clock import Clock
from llmlog.spool.segment import Segment

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0


class SegmentSync:
    """What of a spool is not on the disk yet. `retire` from any thread, the rest from one at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._retired: deque[Segment] = deque()
        self._synced: tuple[int, int] = (0, 0)
        self._failed: Segment | None = None
        self._failure: OSError | None = None
        self._pause_s = 0.0
        self._next_try_s = 0.0

    @property
    def last_error(self) -> str | None:
        """Why the newest sync failed; None when it did not."""
        return None if self._failure is None else self._failure.strerror or str(self._failure)

    @property
    def pausing(self) -> bool:
        """Whether syncing failed a moment ago and is not to be tried again yet."""
        return self._failure is not None and self._clock.monotonic_s() < self._next_try_s

    def check_pause(self) -> None:
        """Raises the OSError of the newest failure while it is not to be tried again."""
        if self._failure is not None and self.pausing:
            raise OSError(*self._failure.args)

    def retire(self, segment: Segment) -> None:
        """Nothing will be appended to it any more: it is closed once it is synced."""
        self._retired.append(segment)

    def sync(self, active: Segment | None) -> None:
        """Sync what was appended, close what is retired. Raises OSError.

        `active` must have been read before the call, so that none is missed that retires meanwhile.
        """
        failure: OSError | None = None
        while self._retired:
            segment = self._retired.popleft()
            if segment is not self._failed:
                failure = self._try(segment) or failure
            segment.close()
            if segment is active:
                active = None
        if active is not None:
            written = (active.number, active.offset)
            if written != self._synced:
                failed = self._try(active)
                self._synced = written if failed is None else self._synced
                failure = failed or failure
        if failure is not None:
            self._pause_after(failure)
            raise failure
        self._failure, self._pause_s = None, 0.0

    def sync_at_once(self, segment: Segment) -> None:
        """Sync one segment for a caller who waits. Raises OSError."""
        failure = self._try(segment)
        if failure is not None:
            self._pause_after(failure)
            raise failure

    def gave_up(self, segment: Segment) -> bool:
        """Whether its sync has failed: it is to be retired."""
        return segment is self._failed

    def close_retired(self) -> None:
        """Close what is retired without syncing it."""
        while self._retired:
            self._retired.popleft().close()

    def _pause_after(self, failure: OSError) -> None:
        """Wait longer than the last time before the next try."""
        self._failure = failure
        self._pause_s = min(LONGEST_PAUSE_S, max(FIRST_PAUSE_S, 2 * self._pause_s))
        self._next_try_s = self._clock.monotonic_s() + self._pause_s

    def _try(self, segment: Segment) -> OSError | None:
        """Sync it, unless that has failed before; gives the failure, old or new."""
        if segment is self._failed:
            return self._failure
        try:
            segment.sync()
        except OSError as error:
            self._failed = segment
            return error
        return None
