"""Entries that were not accepted, counted by reason from the first on: also before there is a ledger for them."""

from __future__ import annotations

import threading

from llmlog.spool.ledger import DropReason, Ledger


class DropCount:
    """What one process dropped. Safe from any thread, and from a signal handler that logs."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._ledger: Ledger | None = None
        self._waiting: dict[DropReason, int] = {}

    def count(self, reason: DropReason) -> None:
        """One more."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.count_drop(reason)
            else:
                self._waiting[reason] = self._waiting.get(reason, 0) + 1

    def keep_in(self, ledger: Ledger) -> None:
        """There is a ledger now: what was counted and what comes is kept there."""
        with self._lock:
            for reason in self._waiting:
                while self._waiting[reason]:  # one by one: a KeyboardInterrupt may fall in between
                    ledger.count_drop(reason)
                    self._waiting[reason] -= 1
            self._ledger = ledger

    def by_reason(self) -> dict[str, int]:
        """The counts so far; reasons that never happened are left out."""
        with self._lock:
            counts = self._ledger.dropped() if self._ledger is not None else {}
            for reason, count in self._waiting.items():
                if count:
                    counts[reason.label] = counts.get(reason.label, 0) + count
            return counts
