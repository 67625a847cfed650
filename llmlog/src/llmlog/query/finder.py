"""Finding: queries as people type them, answered from the index where there is one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from llmlog.clock import Clock
from llmlog.entry import LogEntry
from llmlog.query.arrivals import Arrivals, arrivals_after
from llmlog.query.export import matching
from llmlog.query.figures import LogFigures
from llmlog.query.language import Query, parse
from llmlog.query.logs import LogQueries
from llmlog.query.results import Neighbours, SearchResult
from llmlog.query.search import LogSearch
from llmlog.store import RedisStore

if TYPE_CHECKING:
    from llmlog.query.index.follower import IndexFollower
    from llmlog.query.index.reading import IndexReader

_logger = logging.getLogger("llmlog")


class LogFinder:
    """Search and figures for one query. Safe from any thread.

    All methods raise StoreUnavailable when Redis is away, QuerySyntaxError for a query that cannot be read, and
    BadRequest for other arguments.
    """

    def __init__(self, store: RedisStore, queries: LogQueries, data_dir: Path, clock: Clock) -> None:
        self._store = store
        self._queries = queries
        self._data_dir = data_dir
        self._clock = clock
        self._follower: IndexFollower | None = None

    def parse(self, text: str, tz: tzinfo = UTC) -> Query:
        """What a typed query means now."""
        return parse(text, self._clock.now_ms(), tz)

    def search(
        self,
        query: Query,
        limit: int = 100,
        cursor: str | None = None,
        mine: frozenset[str] = frozenset(),
        budget_s: float | None = None,
    ) -> SearchResult:
        """The newest logs that match; see LogSearch.search."""
        return self._search.search(query, limit, cursor, mine, budget_s)

    def matching(self, query: Query, mine: frozenset[str] = frozenset()) -> Iterator[LogEntry]:
        """Every log that matches, newest first; one page is held at a time."""
        return matching(self._search, query, mine)

    def neighbours(self, query: Query, entry: LogEntry, mine: frozenset[str] = frozenset()) -> Neighbours:
        """Where a log stands among those that match."""
        return self._search.neighbours(query, entry, mine)

    def newest_event(self) -> str:
        """The event to follow arrivals from now on."""
        return self._store.newest_event()

    def arrivals(self, event: str) -> Arrivals:
        """The newest logs that arrived after an event."""
        return arrivals_after(self._store, event)

    @cached_property
    def figures(self) -> LogFigures:
        """Facets, histogram, statistics, comparison and conversations for a query."""
        return LogFigures(self._search, self._reader, self._clock)

    @property
    def indexed(self) -> bool:
        """Whether an index answers now."""
        return self._reader is not None and self._reader.snapshot() is not None

    # -- keeping the index --------------------------------------------------------------------------

    def keep_index(self) -> bool:
        """Keep the index in a thread of this process; False where its library is not installed.

        Several processes may: one does the work, the others wait for it to end.
        """
        if self._follower is None:
            try:
                from llmlog.query.index.follower import IndexFollower
                from llmlog.query.index.place import IndexPlace
            except ImportError as error:
                _logger.warning("llmlog: no search index (%s): searches read the logs one by one", error)
                return False
            self._follower = IndexFollower(self._store, IndexPlace(self._data_dir), self._clock)
            self._follower.start()
        return True

    def close(self) -> None:
        """End the thread."""
        if self._follower is not None:
            self._follower.stop()
            self._follower = None

    # -- inside -------------------------------------------------------------------------------------

    @cached_property
    def _reader(self) -> IndexReader | None:
        try:
            from llmlog.query.index.place import IndexPlace
            from llmlog.query.index.reading import IndexReader
        except ImportError:
            return None
        return IndexReader(IndexPlace(self._data_dir))

    @cached_property
    def _search(self) -> LogSearch:
        return LogSearch(self._store, self._queries, self._clock, self._reader)
