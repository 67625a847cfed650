"""Search: the index where there is one, else the newest logs one by one, within a time; the answer says which.

What arrived after the index's newest commit is read and compared, so that a log is found as soon as it is stored.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from llmlog.clock import Clock
from llmlog.entry import LogEntry
from llmlog.errors import BadRequest
from llmlog.query import checks
from llmlog.query.index.order import place_of
from llmlog.query.language import Matcher, Query, printed
from llmlog.query.logs import LogQueries
from llmlog.query.results import MAX_LIMIT, Coverage, Neighbours, SearchResult
from llmlog.store import RedisStore
from llmlog.store.redis_store import Member

if TYPE_CHECKING:
    from llmlog.query.index.reading import IndexReader, Snapshot

SCAN_BUDGET_S = 1.5
CHECK_BUDGET_S = 0.25
"""For comparing candidates that the index alone cannot decide (regular expressions, `request:`)."""
CHUNK = 100
NOT_INDEXED_YET = 500
"""So many of the newest arrivals are read beside the index; more than that, and the answer says how old it is."""


class LogSearch:
    """Searches; safe from any thread. All raise StoreUnavailable when Redis is away, BadRequest for arguments."""

    def __init__(self, store: RedisStore, queries: LogQueries, clock: Clock, reader: IndexReader | None) -> None:
        """reader: None where the index cannot be used (its library is not installed)."""
        self._store = store
        self._queries = queries
        self._clock = clock
        self._reader = reader

    def search(
        self,
        query: Query,
        limit: int = 100,
        cursor: str | None = None,
        mine: frozenset[str] = frozenset(),
        budget_s: float | None = None,
    ) -> SearchResult:
        """The newest logs that match, newest first. mine: pseudonyms of whoever asks, for `is:mine`."""
        limit, before = checks.limit(limit), _place(cursor, query)
        snapshot = self._reader.snapshot() if self._reader is not None else None
        if snapshot is None:
            return self._scan(query, limit, before, mine, SCAN_BUDGET_S if budget_s is None else budget_s)
        until_s = self._clock.monotonic_s() + (CHECK_BUDGET_S if budget_s is None else budget_s)
        return _Indexed(self._store, self._clock, snapshot, query, mine).answer(limit, before, until_s)

    def gather(self, query: Query, most: int, mine: frozenset[str] = frozenset()) -> SearchResult:
        """As many of the newest logs that match as are found within one search's time, `most` at most."""
        logs: list[LogEntry] = []
        until_s = self._clock.monotonic_s() + SCAN_BUDGET_S
        cursor: str | None = None
        searched = 0
        while True:
            found = self.search(query, min(MAX_LIMIT, most - len(logs)), cursor, mine)
            logs += found.logs
            searched += found.coverage.searched
            cursor = found.coverage.next
            if cursor is None or len(logs) >= most or self._clock.monotonic_s() >= until_s:
                coverage = msgspec.structs.replace(found.coverage, searched=searched, complete=cursor is None)
                return SearchResult(logs=logs, coverage=coverage)

    def neighbours(self, query: Query, entry: LogEntry, mine: frozenset[str] = frozenset()) -> Neighbours:
        """The next newer and older logs that match, and the place of this one among them."""
        here = _member(entry)
        older = self.search(query, 1, f"{checks.cursor_text(here)}.{_mark(query)}", mine)
        snapshot = self._reader.snapshot() if self._reader is not None else None
        following = older[0].id if older.logs else None
        if snapshot is None or not snapshot.exact(query):
            return Neighbours(older=following)
        newer, position = snapshot.newer(query, here, mine)
        return Neighbours(newer=newer, older=following, position=position + 1, total=snapshot.count(query, mine))

    # -- without an index ---------------------------------------------------------------------------

    def _scan(
        self, query: Query, limit: int, before: Member | None, mine: frozenset[str], budget_s: float
    ) -> SearchResult:
        """However short the time, one chunk is read, so that following the cursors always ends."""
        matcher, until_s = Matcher(query, mine), self._clock.monotonic_s() + budget_s
        total, members = self._queries.walk(query.since_ms(), query.until_ms(), before)
        found: list[LogEntry] = []
        searched, last, complete = 0, before, False
        while len(found) < limit and (searched == 0 or self._clock.monotonic_s() < until_s):
            chunk = list(islice(members, CHUNK))
            if not chunk:
                complete = True
                break
            for member, entry in zip(chunk, self._store.read_logs([each.id for each in chunk]), strict=True):
                searched, last = searched + 1, member
                if entry is not None and matcher.matches(entry):
                    found.append(entry)
                    if len(found) == limit:
                        break
        coverage = Coverage(
            searched=searched,
            total=total,
            complete=complete,
            back_to=last.timestamp if last is not None and searched else None,
            next=None if complete or last is None else _cursor_text(last, query),
            building=self._reader.progress() if self._reader is not None else None,
        )
        return SearchResult(logs=found, coverage=coverage)


class _Indexed:
    """One search of an index."""

    def __init__(
        self, store: RedisStore, clock: Clock, snapshot: Snapshot, query: Query, mine: frozenset[str]
    ) -> None:
        self._store = store
        self._clock = clock
        self._snapshot = snapshot
        self._query = query
        self._mine = mine
        self._matcher = Matcher(query, mine)
        self._behind = False

    def answer(self, limit: int, before: Member | None, until_s: float) -> SearchResult:
        """One page."""
        fresh = self._fresh(before)
        if self._snapshot.exact(self._query):
            return self._decided(limit, before, fresh)
        return self._compared(limit, before, fresh, until_s)

    def _decided(self, limit: int, before: Member | None, fresh: list[LogEntry]) -> SearchResult:
        page = self._snapshot.page(self._query, before, limit + 1, self._mine)
        more = {_member(entry) for entry in fresh if not self._snapshot.has(entry.id)}
        members = sorted({*page.members, *more}, key=place_of, reverse=True)
        logs = _present(self._store.read_logs([member.id for member in members[:limit]]))
        following = members[limit - 1] if len(members) > limit else None
        return SearchResult(logs=logs, total=page.total + len(more), coverage=self._coverage(following))

    def _compared(self, limit: int, before: Member | None, fresh: list[LogEntry], until_s: float) -> SearchResult:
        """Candidates one by one, until the page is full or the time is up."""
        found: dict[str, LogEntry] = {}
        following: Member | None = None
        searched = 0
        for entry in heapq.merge(self._candidates(before), fresh, key=_order, reverse=True):
            searched += 1
            if self._matcher.matches(entry):
                found[entry.id] = entry
            if len(found) >= limit or (searched % CHUNK == 0 and self._clock.monotonic_s() >= until_s):
                following = _member(entry)
                break
        return SearchResult(logs=list(found.values()), coverage=self._coverage(following, searched))

    def _candidates(self, before: Member | None) -> Iterator[LogEntry]:
        members = self._snapshot.candidates(self._query, before, self._mine)
        while chunk := list(islice(members, CHUNK)):
            yield from _present(self._store.read_logs([member.id for member in chunk]))

    def _fresh(self, before: Member | None) -> list[LogEntry]:
        """What arrived since the index's newest commit, and matches."""
        arrived = self._store.events_after(self._snapshot.checkpoint.event, NOT_INDEXED_YET)
        self._behind = len(arrived) == NOT_INDEXED_YET
        entries = _present(self._store.read_logs(list(dict.fromkeys(entry_id for _, entry_id in arrived))))
        edge = place_of(before) if before is not None else None
        wanted = [each for each in entries if edge is None or _order(each) < edge]
        return sorted((each for each in wanted if self._matcher.matches(each)), key=_order, reverse=True)

    def _coverage(self, following: Member | None, searched: int = 0) -> Coverage:
        return Coverage(
            searched=searched,
            total=self._snapshot.count(self._query, self._mine) if searched else 0,
            complete=following is None or not searched,
            back_to=following.timestamp if following is not None and searched else None,
            next=None if following is None else _cursor_text(following, self._query),
            indexed_until=_moment(self._snapshot.checkpoint.event) if self._behind else None,
            indexed=True,
        )


def _place(cursor: str | None, query: Query) -> Member | None:
    """Where a page ended. Raises BadRequest, also for the cursor of another query."""
    if cursor is None:
        return None
    place, _, mark = cursor.rpartition(".")
    if "." in place and mark != _mark(query):
        raise BadRequest("cursor", "cursor belongs to another query. Search again from the first page.")
    return checks.cursor(place)


def _cursor_text(member: Member, query: Query) -> str:
    return f"{checks.cursor_text(member)}.{_mark(query)}"


def _mark(query: Query) -> str:
    return hashlib.blake2b(printed(query).encode(), digest_size=4).hexdigest()


def _member(entry: LogEntry) -> Member:
    return Member(entry.timestamp, entry.id)


def _order(entry: LogEntry) -> tuple[int, str]:
    return place_of(_member(entry))


def _present(entries: Iterable[LogEntry | None]) -> list[LogEntry]:
    """Those that are still kept."""
    return [entry for entry in entries if entry is not None]


def _moment(event: str) -> int:
    """When an event of the stream came, ms since the epoch."""
    return int(event.partition("-")[0])
