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
            self._ledger = ledger
            for reason, count in self._waiting.items():
                for _ in range(count):
                    ledger.count_drop(reason)
            self._waiting.clear()

    def by_reason(self) -> dict[str, int]:
        """The counts so far; reasons that never happened are left out."""
        with self._lock:
            if self._ledger is not None:
                return self._ledger.dropped()
            return {reason.label: count for reason, count in self._waiting.items()}
