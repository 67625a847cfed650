"""Search: the index where there is one, else the newest logs one by one, within a time; the answer says which.

What arrived after the index's newest commit is read and compared, so that a log is found as soon as it is stored.
"""

from __future__ import annotations

import hashlib
import heapq
import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from llmlog.clock import Clock
from llmlog.entry import LogEntry
from llmlog.errors import BadRequest
from llmlog.query import checks
from llmlog.query.index.arrived import arrived_since
from llmlog.query.index.failures import IndexFailed
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
ARRIVED_AT_ONCE = 500
"""What arrived since the index's newest commit is read in pieces of so many, the first however short the time is;
what is left when it is up is not in the answer, which then says how old it is."""

_Placed = tuple[Member, LogEntry | None]
_logger = logging.getLogger("llmlog")


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
        until_s = self._clock.monotonic_s() + (CHECK_BUDGET_S if budget_s is None else budget_s)
        try:
            indexed = self._indexed(query, mine, until_s)
            if indexed is not None:
                return indexed.answer(limit, before)
        except IndexFailed as error:
            self._doubt(error)
        return self._scan(query, limit, before, mine, SCAN_BUDGET_S if budget_s is None else budget_s)

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
                complete = cursor is None and found.coverage.complete
                coverage = msgspec.structs.replace(found.coverage, searched=searched, complete=complete)
                return SearchResult(logs=logs, coverage=coverage)

    def neighbours(self, query: Query, entry: LogEntry, mine: frozenset[str] = frozenset()) -> Neighbours:
        """The next newer and older logs that match, and the place of this one among them."""
        here = _member(entry)
        older = self.search(query, 1, f"{checks.cursor_text(here)}.{_mark(query)}", mine)
        following = older[0].id if older.logs else None
        try:
            indexed = self._indexed(query, mine, self._clock.monotonic_s() + CHECK_BUDGET_S)
            if indexed is not None and indexed.exact:
                return indexed.neighbours(here, following)
        except IndexFailed as error:
            self._doubt(error)
        return Neighbours(older=following)

    def _indexed(self, query: Query, mine: frozenset[str], until_s: float) -> _Indexed | None:
        """A search of the index; None where there is none."""
        snapshot = self._reader.snapshot() if self._reader is not None else None
        return _Indexed(self._store, self._clock, snapshot, _Asked(query, mine, until_s)) if snapshot else None

    def _doubt(self, error: IndexFailed) -> None:
        _logger.warning("llmlog: the search index could not be read (%s); the logs are read one by one", error)
        if self._reader is not None:
            self._reader.doubt()

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


class _Asked(NamedTuple):
    """What is searched for."""

    query: Query
    mine: frozenset[str]
    until_s: float
    """When the time for comparing is up, by the monotonic clock."""


class _Indexed:
    """One search of an index. Raises IndexFailed."""

    def __init__(self, store: RedisStore, clock: Clock, snapshot: Snapshot, asked: _Asked) -> None:
        self._store = store
        self._clock = clock
        self._snapshot = snapshot
        self._query, self._mine, self._until_s = asked
        self._matcher = Matcher(self._query, self._mine)
        self._indexed_until: int | None = None
        self._arrived = self._newly_arrived()

    @property
    def exact(self) -> bool:
        """Whether the index alone decides."""
        return self._snapshot.exact(self._query)

    def answer(self, limit: int, before: Member | None) -> SearchResult:
        """One page."""
        edge = place_of(before) if before is not None else None
        arrived = [each for each in self._arrived if edge is None or _order(each) < edge]
        if self.exact:
            return self._decided(limit, before, arrived)
        return self._compared(limit, before, arrived)

    def neighbours(self, here: Member, older: str | None) -> Neighbours:
        """Where a log stands."""
        newer, position = self._snapshot.newer(self._query, here, self._mine)
        arrived = [_member(each) for each in self._arrived if _order(each) > place_of(here)]
        nearest = min([*arrived, *([newer] if newer is not None else [])], key=place_of, default=None)
        return Neighbours(
            newer=nearest.id if nearest is not None else None,
            older=older,
            position=position + len(arrived) + 1,
            total=self._snapshot.count(self._query, self._mine) + len(self._arrived),
        )

    def _decided(self, limit: int, before: Member | None, arrived: list[LogEntry]) -> SearchResult:
        page = self._snapshot.page(self._query, before, limit + 1, self._mine)
        members = sorted([*page.members, *map(_member, arrived)], key=place_of, reverse=True)
        logs = _present(self._store.read_logs([member.id for member in members[:limit]]))
        following = members[limit - 1] if len(members) > limit else None
        total = page.total + len(self._arrived)
        return SearchResult(logs=logs, total=total, coverage=self._coverage(following))

    def _compared(self, limit: int, before: Member | None, arrived: list[LogEntry]) -> SearchResult:
        """Candidates one by one, until the page is full or the time is up."""
        found: list[LogEntry] = []
        following: Member | None = None
        searched = 0
        for place, entry in heapq.merge(
            self._candidates(before), map(_placed, arrived), key=_by_place, reverse=True
        ):
            searched += 1
            if entry is not None and self._matcher.matches(entry):
                found.append(entry)
            if len(found) >= limit or (searched % CHUNK == 0 and self._clock.monotonic_s() >= self._until_s):
                following = place
                break
        return SearchResult(logs=found, coverage=self._coverage(following, searched))

    def _candidates(self, before: Member | None) -> Iterator[_Placed]:
        members = self._snapshot.candidates(self._query, before, self._mine)
        while chunk := list(islice(members, CHUNK)):
            yield from zip(chunk, self._store.read_logs([member.id for member in chunk]), strict=True)

    def _newly_arrived(self) -> list[LogEntry]:
        """What matches and arrived since the index's newest commit, newest first."""
        event, found = self._snapshot.checkpoint.event, dict[str, LogEntry]()
        while True:
            arrived = arrived_since(self._store, event, ARRIVED_AT_ONCE)
            if not arrived.reaches_back:
                self._indexed_until = _moment(event)
            for entry in _present(self._store.read_logs([entry_id for _, entry_id in arrived.events])):
                if self._is_news(entry):
                    found[entry.id] = entry
            if len(arrived.events) < ARRIVED_AT_ONCE:
                return sorted(found.values(), key=_order, reverse=True)
            event = arrived.events[-1][0]
            if self._clock.monotonic_s() >= self._until_s:
                self._indexed_until = self._indexed_until or _moment(event)
                return sorted(found.values(), key=_order, reverse=True)

    def _is_news(self, entry: LogEntry) -> bool:
        """The index may be ahead of its checkpoint."""
        return self._matcher.matches(entry) and not self._snapshot.has(entry.id)

    def _coverage(self, following: Member | None, searched: int = 0) -> Coverage:
        return Coverage(
            searched=searched,
            total=self._snapshot.count(self._query, self._mine) if searched else 0,
            complete=(following is None or not searched) and self._indexed_until is None,
            back_to=following.timestamp if following is not None and searched else None,
            next=None if following is None else _cursor_text(following, self._query),
            indexed_until=self._indexed_until,
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
    return hashlib.blake2b(printed(query).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _member(entry: LogEntry) -> Member:
    return Member(entry.timestamp, entry.id)


def _order(entry: LogEntry) -> tuple[int, str]:
    return place_of(_member(entry))


def _placed(entry: LogEntry) -> _Placed:
    return _member(entry), entry


def _by_place(placed: _Placed) -> tuple[int, str]:
    return place_of(placed[0])


def _present(entries: Iterable[LogEntry | None]) -> list[LogEntry]:
    """Those that are still kept."""
    return [entry for entry in entries if entry is not None]


def _moment(event: str) -> int:
    """When an event of the stream came, ms since the epoch."""
    return int(event.partition("-")[0])
