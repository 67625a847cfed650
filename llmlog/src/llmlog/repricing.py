"""Giving stored logs their cost again, with the prices there are now.

Day by day, newest first; what is right already is not written, so it can be stopped and begun again at any time.
The search index has costs in it and is thrown away when something changed: it builds itself again.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import msgspec

from llmlog.clock import Clock
from llmlog.cost.pricing import Pricing
from llmlog.entry import Cost
from llmlog.errors import BadRequest
from llmlog.query import checks
from llmlog.store import RedisStore, keys
from llmlog.store.amender import Amender, StoredLog
from llmlog.store.counters import NANO
from llmlog.store.priced import cost_of
from llmlog.store.redis_store import Member

READ_TOGETHER = 200
WRITTEN_TOGETHER = 100


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which logs: UTC days `YYYY-MM-DD`, both included; None = as far as there are logs."""

    from_day: str | None = None
    to_day: str | None = None
    model: str | None = None
    """Only those of this model, as logged."""
    reported: bool = False
    """Those too whose provider reported a cost."""


class DayRepriced(msgspec.Struct, kw_only=True):
    """What became of one UTC day so far."""

    day: str
    done: bool = False
    looked_at: int = 0
    changed: int = 0
    """Logs that have another cost now, or would have."""
    nanousd: int = 0
    """By how much the sum of the day changed, in 10⁻⁹ US dollars."""
    left_alone: int = 0
    """Logs that were gone, or changed by somebody else, before they could be written."""
    unknown: Counter[str] = msgspec.field(default_factory=Counter)
    """Logs with token counts whose cost nobody knows, by model."""


class Repricer:
    """Goes through the store once. One thread uses it."""

    def __init__(self, store: RedisStore, pricing: Pricing, data_dir: Path, clock: Clock) -> None:
        self._store = store
        self._pricing = pricing
        self._clock = clock
        self._index = data_dir / "index"
        self._unfinished = data_dir / "reprice.unfinished"
        self._amender = Amender(store.connection)

    def run(self, choice: Choice, *, dry: bool = False) -> Generator[DayRepriced, None, None]:
        """Price again; gives the counts of a day after every few hundred logs, and when it is done.

        dry: only say what would change. Raises BadRequest, StoreUnavailable, OSError.
        """
        if not self._pricing.sources:
            raise BadRequest(
                "prices", "There are no prices: install llmlog[prices], or name a price list in LLMLOG_PRICES_FILE."
            )
        days = self._days(choice)
        try:
            for day in days:
                yield from self._day(day, choice, dry=dry)
        finally:
            if not dry:
                self._let_the_index_be_made_again()

    @property
    def prices(self) -> list[str]:
        """Versions of the prices there are, first the one that wins."""
        return self._pricing.sources

    def _days(self, choice: Choice) -> list[str]:
        """Days to go through, newest first; tomorrow too, for clocks that go fast. Raises BadRequest."""
        first = checks.day(choice.from_day, "from") if choice.from_day is not None else ""
        last = checks.day(choice.to_day, "to") if choice.to_day is not None else "9999"
        if first > last:
            raise BadRequest("from", f"from ({first}) is after to ({last}).")
        days = keys.days_back(self._clock.now_ms() + keys.DAY_MS, self._store.retention_days + 3)
        return [day for day in days if first <= day <= last]

    def _day(self, day: str, choice: Choice, *, dry: bool) -> Generator[DayRepriced, None, None]:
        counts = DayRepriced(day=day)
        before: Member | None = None
        while members := self._store.members_before(keys.day(day), before, READ_TOGETHER):
            before = members[-1]
            changes = []
            for log in self._amender.read([member.id for member in members]):
                if choice.model is not None and log.head.llm_request.model != choice.model:
                    continue
                counts.looked_at += 1
                cost = self._new_cost(log, counts, reported=choice.reported)
                if cost is not None:
                    changes.append((log, cost))
            for start in range(0, len(changes), WRITTEN_TOGETHER):
                self._write(changes[start : start + WRITTEN_TOGETHER], counts, dry=dry)
            yield counts
        counts.done = True
        yield counts

    def _new_cost(self, log: StoredLog, counts: DayRepriced, *, reported: bool) -> Cost | None:
        """The cost a log is to have; None when it is to stay as it is."""
        old = log.head.llm_response.cost if log.head.llm_response is not None else None
        known = old is not None and old.usd is not None
        if old is not None and known and old.source not in ("prices", "override") and not reported:
            return None
        new = cost_of(log.head, self._pricing)
        if new is None:
            return None
        if new.usd is None:
            taken_back = old is not None and known and old.source == "override"
            if taken_back or not known:
                counts.unknown[log.head.llm_request.model] += 1
            return new if taken_back else None
        same = old is not None and (old.usd, old.source) == (new.usd, new.source)
        return None if same else new

    def _write(self, changes: list[tuple[StoredLog, Cost]], counts: DayRepriced, *, dry: bool) -> None:
        written = [True] * len(changes)
        if not dry:
            self._unfinished.touch()  # seen by the next run, should this one be killed
            written = self._amender.replace_costs(changes)
        for (log, cost), done in zip(changes, written, strict=True):
            if not done:
                counts.left_alone += 1
                continue
            counts.changed += 1
            if log.head.source == "test":
                continue  # in no sum
            old = log.head.llm_response.cost if log.head.llm_response is not None else None
            counts.nanousd += _nano(cost) - _nano(old)

    def _let_the_index_be_made_again(self) -> None:
        if self._unfinished.exists():
            shutil.rmtree(self._index, ignore_errors=True)
            self._unfinished.unlink(missing_ok=True)


def _nano(cost: Cost | None) -> int:
    return round(cost.usd * NANO) if cost is not None and cost.usd is not None else 0
