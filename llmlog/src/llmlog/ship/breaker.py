"""A circuit breaker: closed, open, half-open. Time and chance are arguments.

It opens on 5 consecutive infrastructure failures, or when at least half of 10 or more calls in 10 s failed or
took longer than 250 ms. Open for 1 s, doubling to 30 s, with full jitter; then half-open: one probe at a time,
two successes close it. Open means *stay in the spool*, never drop.
"""

from __future__ import annotations

import random
from collections import deque
from typing import Literal

from llmlog.clock import Clock

FAILURES_IN_A_ROW = 5
WINDOW_S = 10.0
WINDOW_CALLS = 10
BAD_SHARE = 0.5
SLOW_S = 0.25
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
SUCCESSES_TO_CLOSE = 2

State = Literal["closed", "open", "half-open"]


class CircuitBreaker:
    """Says whether to try. One thread uses it."""

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self._clock = clock
        self._random = random.Random(seed)
        self._calls: deque[tuple[float, bool]] = deque()
        self._in_a_row = 0
        self._good_probes = 0
        self._pause_s = FIRST_PAUSE_S
        self._try_again_s = 0.0
        self.state: State = "closed"
        self.trips = 0
        """How often it opened."""

    def allows(self) -> bool:
        """Whether a call may be made now; an open breaker turns half-open when its pause is over."""
        if self.state == "open" and self._clock.monotonic_s() >= self._try_again_s:
            self.state = "half-open"
            self._good_probes = 0
        return self.state != "open"

    def success(self, duration_s: float) -> None:
        """A call was answered."""
        self._in_a_row = 0
        if self.state == "half-open":
            self._good_probes += 1
            if self._good_probes >= SUCCESSES_TO_CLOSE:
                self._close()
            return
        self._note(duration_s > SLOW_S)

    def failure(self) -> None:
        """A call failed for a reason of the infrastructure. (Refused data is no failure.)"""
        self._in_a_row += 1
        if self.state == "half-open":
            self._open()
        elif self.state == "closed":
            self._note(bad=True)
            if self.state == "closed" and self._in_a_row >= FAILURES_IN_A_ROW:
                self._open()

    def seconds_until_try(self) -> float:
        """How long an open breaker stays open; 0 otherwise."""
        return max(0.0, self._try_again_s - self._clock.monotonic_s()) if self.state == "open" else 0.0

    def _note(self, bad: bool) -> None:
        now_s = self._clock.monotonic_s()
        self._calls.append((now_s, bad))
        while self._calls and self._calls[0][0] < now_s - WINDOW_S:
            self._calls.popleft()
        count = len(self._calls)
        if count >= WINDOW_CALLS and sum(bad for _, bad in self._calls) >= BAD_SHARE * count:
            self._open()

    def _open(self) -> None:
        self.state = "open"
        self.trips += 1
        self._calls.clear()
        self._try_again_s = self._clock.monotonic_s() + self._pause_s * self._random.uniform(0.5, 1.0)
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def _close(self) -> None:
        self.state = "closed"
        self._calls.clear()
        self._in_a_row = 0
        self._pause_s = FIRST_PAUSE_S
