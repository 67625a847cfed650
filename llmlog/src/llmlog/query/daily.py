"""Statistics of whole days from the daily counters.

Counters of older days change only when logs arrive late, which their counts show, or when costs are worked out
again. So they are added up once and kept for some seconds, as long as the counts stay the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from llmlog.query.results import Statistics
from llmlog.query.statistics import statistics_of
from llmlog.store import RedisStore

NEW_DAYS = 3
"""Tomorrow, today and yesterday are read each time."""
KEPT_S = 5.0


class _Older(NamedTuple):
    """The counters of some older days, added up."""

    key: tuple[tuple[str, ...], tuple[int, ...]]
    """The days and how many logs each had."""
    counters: Mapping[bytes, bytes]
    until_s: float


class DailyStatistics:
    """Reads and adds up; safe from any thread. Raises StoreUnavailable."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._kept: _Older | None = None

    def of(self, days: Sequence[str]) -> Statistics:
        """The statistics of some days, newest first."""
        newer, older = days[:NEW_DAYS], days[NEW_DAYS:]
        counters = list(self._store.daily_counters(newer))
        if older:
            counters.append(self._added_up(older))
        return statistics_of(counters, days)

    def _added_up(self, days: Sequence[str]) -> Mapping[bytes, bytes]:
        key = (tuple(days), tuple(self._store.count_by_day(days)))
        kept, now_s = self._kept, time.monotonic()
        if kept is None or kept.key != key or now_s >= kept.until_s:
            kept = self._kept = _Older(key, _sums(self._store.daily_counters(days)), now_s + KEPT_S)
        return kept.counters


def _sums(days: Sequence[Mapping[bytes, bytes]]) -> dict[bytes, bytes]:
    """The counters of several days as those of one."""
    sums: dict[bytes, int] = {}
    for counters in days:
        for name, value in counters.items():
            if name.startswith((b"log:", b"test:")):
                sums[name] = sums.get(name, 0) + int(value)
    return {name: b"%d" % value for name, value in sums.items()}
