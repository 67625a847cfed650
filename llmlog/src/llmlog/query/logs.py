"""Reads straight from Redis: newest, by day, by user, one by id, daily statistics."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import date, timedelta

from llmlog.clock import Clock, utc_day
from llmlog.entry import LogEntry
from llmlog.errors import BadRequest
from llmlog.query import checks
from llmlog.query.daily import DailyStatistics
from llmlog.query.results import LogResult, Pagination, QueryOptions, Statistics
from llmlog.store import RedisStore
from llmlog.store import keys as store_keys
from llmlog.store.redis_store import Member

WALK_CHUNK = 200
DEFAULT_STATISTICS_DAYS = 30


class LogQueries:
    """Reads; safe from any thread. All raise StoreUnavailable when Redis is away, BadRequest for arguments."""

    def __init__(self, store: RedisStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._daily = DailyStatistics(store)

    def page(self, options: QueryOptions, pseudonyms: list[str] | None = None) -> LogResult:
        """One page of logs, newest first.

        pseudonyms: of the person asked for, already looked up; None = everybody.
        """
        limit, number = checks.limit(options.limit), checks.page(options.page)
        before = checks.cursor(options.cursor)
        skip = 0 if before is not None else (number - 1) * limit
        if pseudonyms is not None:
            days = self._days()
            total, members = self._of_user(pseudonyms, before, skip, limit + 1)
        else:
            days = [checks.day(options.day)] if options.day is not None else self._days()
            total, members = self._of_days(days, before, skip, limit + 1)
        following = checks.cursor_text(members[limit - 1]) if len(members) > limit else None
        found = self._store.read_logs([member.id for member in members[:limit]])
        return LogResult(
            logs=[entry for entry in found if entry is not None],
            pagination=Pagination(page=number, limit=limit, total=total, next=following),
            stats=self._daily.of(days),
        )

    def one(self, entry_id: str) -> LogEntry | None:
        """One log, or None when it does not exist (any more)."""
        return self._store.read_logs([checks.entry_id(entry_id)])[0]

    def pseudonyms_like(self, beginning: str) -> list[str]:
        """The pseudonyms that begin so."""
        return self._store.user_pseudonyms(checks.pseudonym(beginning))

    def whole_pseudonym(self, beginning: str) -> frozenset[str]:
        """The one person whose pseudonym begins so. Raises BadRequest when it is none or several."""
        found = self.pseudonyms_like(beginning)
        if len(found) != 1:
            raise BadRequest("pseudonym", f"{len(found)} people have logs under it. Give the whole pseudonym.")
        return frozenset(found)

    def walk(
        self, since_ms: int | None, until_ms: int | None, before: Member | None
    ) -> tuple[int, Iterator[Member]]:
        """How many logs the days from one moment to another have, and these logs, newest first, before one."""
        days = self._days()
        if since_ms is not None:
            days = [day for day in days if day >= utc_day(since_ms)]
        if until_ms is not None:
            days = [day for day in days if day <= utc_day(until_ms)]
        counts = dict(zip(days, self._store.count_by_day(days), strict=True))
        return sum(counts.values()), self._each(days, counts, before)

    def statistics(self, from_day: str | None = None, to_day: str | None = None) -> Statistics:
        """Counts over UTC days, both included; the last 30 when nothing is given."""
        newest = checks.day(to_day, "to") if to_day is not None else utc_day(self._clock.now_ms())
        start = date.fromisoformat(newest) - timedelta(days=DEFAULT_STATISTICS_DAYS - 1)
        oldest = checks.day(from_day, "from") if from_day is not None else start.isoformat()
        span = (date.fromisoformat(newest) - date.fromisoformat(oldest)).days
        if span < 0:
            raise BadRequest("from", f"from ({oldest}) must not be after to ({newest}).")
        kept = self._store.retention_days + 2
        days = [(date.fromisoformat(newest) - timedelta(days=n)).isoformat() for n in range(min(span, kept) + 1)]
        return self._daily.of(days)

    # -- which ids ----------------------------------------------------------------------------------

    def _days(self) -> list[str]:
        """Every day that can hold logs, newest first; tomorrow too, for callers whose clock is ahead."""
        now_ms = self._clock.now_ms() + store_keys.DAY_MS
        return store_keys.days_back(now_ms, self._store.retention_days + 2)

    def _of_days(self, days: list[str], before: Member | None, skip: int, count: int) -> tuple[int, list[Member]]:
        counts = dict(zip(days, self._store.count_by_day(days), strict=True))
        total = sum(counts.values())
        start = 0
        while skip and start < len(days) and skip >= counts[days[start]]:
            skip -= counts[days[start]]
            start += 1
        return total, self._members(days[start:], counts, before, count, skip)

    def _members(
        self, days: list[str], counts: dict[str, int], before: Member | None, count: int, skip: int = 0
    ) -> list[Member]:
        members: list[Member] = []
        newest_day = utc_day(before.timestamp) if before is not None else None
        for day in days:
            if len(members) >= count:
                break
            if counts[day] == 0 or (newest_day is not None and day > newest_day):
                continue
            edge = before if day == newest_day else None
            key = store_keys.day(day)
            members += self._store.members_before(key, edge, count - len(members), skip)
            skip = 0
        return members

    def _each(self, days: list[str], counts: dict[str, int], before: Member | None) -> Iterator[Member]:
        while chunk := self._members(days, counts, before, WALK_CHUNK):
            yield from chunk
            before = chunk[-1]

    def _of_user(
        self, pseudonyms: list[str], before: Member | None, skip: int, count: int
    ) -> tuple[int, list[Member]]:
        keys = [store_keys.user(pseudonym) for pseudonym in pseudonyms]
        total = sum(self._store.count(key) for key in keys)
        lists = [self._store.members_before(key, before, count + skip) for key in keys]
        merged = heapq.merge(*lists, reverse=True)
        return total, list(merged)[skip : skip + count]
