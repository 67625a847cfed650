"""Telling about losses: one `logging` warning a minute at most, and when the last one was."""

from __future__ import annotations

import logging

from llmlog.clock import Clock
from llmlog.spool import SpoolWriter

WARN_EVERY_S = 60.0

_logger = logging.getLogger("llmlog")


class DropNotice:
    """Looks at a writer's counters now and then. One thread calls `look`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._told_at_s: float | None = None
        self.last_drop_ms: int | None = None
        """When an entry was last seen dropped by this process, ms since the epoch."""

    def look(self, writer: SpoolWriter) -> None:
        """Notice new drops; warn about those not told yet when the last warning is a minute old."""
        dropped = writer.dropped()
        if dropped != self._known:
            self._known = dropped
            self.last_drop_ms = self._clock.now_ms()
        if dropped == self._told:
            return
        now_s = self._clock.monotonic_s()
        if self._told_at_s is not None and now_s - self._told_at_s < WARN_EVERY_S:
            return
        new = {reason: count - self._told.get(reason, 0) for reason, count in dropped.items()}
        what = ", ".join(f"{count} {reason}" for reason, count in new.items() if count)
        _logger.warning("llmlog: could not log %d entries (%s)", sum(new.values()), what)
        self._told, self._told_at_s = dropped, now_s
