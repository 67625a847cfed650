"""Reading the index: ids that match, newest first, and aggregations. From any thread of any process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import tantivy

from llmlog.query.index.conditions import Condition, Conditions, cut_fields
from llmlog.query.index.failures import IndexFailed, told_as_ours
from llmlog.query.index.order import rank, timestamp_of
from llmlog.query.index.place import Checkpoint, IndexPlace
from llmlog.query.index.soundness import sound
from llmlog.query.language import Query
from llmlog.store.redis_store import Member

CHUNK = 200
Mine = frozenset[str]
SAME_RANK = 16
"""Logs of one rank that a page's end may cut through; two are one in a million already."""

_logger = logging.getLogger("llmlog")


class Page(NamedTuple):
    """Logs of one page, newest first."""

    members: list[Member]
    total: int
    """How many match in all."""


class Snapshot:
    """The index as it was at one moment. For one thread; raises IndexFailed."""

    def __init__(self, index: tantivy.Index, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        with told_as_ours():
            self._searcher = index.searcher()
            self._conditions = Conditions(index.schema, cut_fields(self._searcher))
        self._last: tuple[Query, Mine, Condition] | None = None

    def exact(self, query: Query) -> bool:
        """Whether the index alone can decide the query."""
        return self._condition(query).exact

    def count(self, query: Query, mine: Mine = frozenset()) -> int:
        """How many match (at most, where the index alone cannot decide)."""
        return self._count(self._condition(query, mine).query)

    def has(self, entry_id: str) -> bool:
        """Whether a log is in it."""
        return self._count(self._conditions.term_is("id", entry_id)) > 0

    def page(self, query: Query, before: Member | None, limit: int, mine: Mine = frozenset()) -> Page:
        """The newest logs that match, strictly before one."""
        wanted = self._condition(query, mine).query
        members, count = self._newest(wanted, before, limit, count=before is None)
        return Page(members, count if before is None else self._count(wanted))

    def candidates(self, query: Query, before: Member | None, mine: Mine = frozenset()) -> Iterator[Member]:
        """Logs that may match, newest first, strictly before one. Read a piece at a time."""
        wanted = self._condition(query, mine).query
        while members := self._newest(wanted, before, CHUNK)[0]:
            yield from members
            before = members[-1]

    def newer(self, query: Query, place: Member, mine: Mine = frozenset()) -> tuple[Member | None, int]:
        """The next newer log that matches, and how many newer ones there are."""
        own = rank(place.timestamp, place.id)
        wanted = tantivy.Query.boolean_query([
            (tantivy.Occur.Must, self._condition(query, mine).query),
            (tantivy.Occur.Must, self._conditions.above(own)),
        ])  # fmt: skip
        with told_as_ours():
            searcher = self._searcher
            found: Any = searcher.search(wanted, 1, order_by_field="rank", order=tantivy.Order.Asc)
            nearest = [Member(timestamp_of(int(value)), searcher.doc(at)["id"][0]) for value, at in found.hits]
        return (nearest[0] if nearest else None), int(found.count)

    def aggregate(self, query: Query, asked: dict[str, Any], mine: Mine = frozenset()) -> dict[str, Any]:
        """Aggregations over what matches, as Elasticsearch words them."""
        wanted = self._condition(query, mine).query
        with told_as_ours():
            found: dict[str, Any] = self._searcher.aggregate(wanted, asked)
        return found

    def _condition(self, query: Query, mine: Mine = frozenset()) -> Condition:
        """A search asks for the same several times."""
        if self._last is None or self._last[:2] != (query, mine):
            self._last = query, mine, self._conditions.of(query, mine)
        return self._last[2]

    def _count(self, wanted: tantivy.Query) -> int:
        with told_as_ours():
            found: Any = self._searcher.search(wanted, 1)  # the stub leaves `count` out
        return int(found.count)

    def _newest(
        self, wanted: tantivy.Query, before: Member | None, limit: int, *, count: bool = False
    ) -> tuple[list[Member], int]:
        """The newest, and how many match where that was asked for: in one go, which takes half the time of two."""
        edge = -1
        if before is not None:
            edge = rank(before.timestamp, before.id)
            older = (tantivy.Occur.Must, self._conditions.up_to(edge))
            wanted = tantivy.Query.boolean_query([(tantivy.Occur.Must, wanted), older])
        searcher = self._searcher
        with told_as_ours():
            found: Any = searcher.search(wanted, limit + SAME_RANK, count=count, order_by_field="rank")
            hits = [(int(value), str(searcher.doc(place)["id"][0])) for value, place in found.hits]
        ranked = sorted(hits, reverse=True)
        members = [
            Member(timestamp_of(value), name)
            for value, name in ranked
            if before is None or value != edge or name < before.id
        ]
        return members[:limit], int(found.count) if count else 0


class IndexReader:
    """Opens the index when there is one, and looks again when it changed."""

    def __init__(self, place: IndexPlace) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._made: tuple[int, int] | None = None
        self._changed: tuple[int, int] | None = None

    def snapshot(self) -> Snapshot | None:
        """The index of this moment; None when there is none, it is not whole yet or it cannot be read."""
        try:
            checkpoint = self._place.checkpoint()
            if not checkpoint.whole:
                return None
            found = Snapshot(self._opened(), checkpoint)
            # where another one was begun in its place meanwhile, the checkpoint went first
            return found if self._place.checkpoint().whole else None
        except (IndexFailed, OSError) as error:
            _logger.debug("llmlog: %s", error)
            self.doubt()
            return None

    def doubt(self) -> None:
        """Something went wrong with it: look through its files before it is used again."""
        with self._lock:
            self._index = None

    def progress(self) -> float | None:
        """How much of an index that is being built is done, 0 to 1; None when nobody builds one."""
        try:
            checkpoint = self._place.checkpoint()
        except OSError:
            return None
        if checkpoint.whole or not self._place.being_written():
            return None
        return min(1.0, checkpoint.indexed / checkpoint.total) if checkpoint.total else 0.0

    def _opened(self) -> tantivy.Index:
        """The index with its newest commit; what was on the disk before is looked through once."""
        with self._lock, told_as_ours():
            made, changed = self._place.made(), self._place.changed()
            if self._index is None or made != self._made:
                self._index = None
                if not sound(self._place.path):
                    self._place.condemn()
                    raise ValueError("damaged")
                self._index, self._made = self._place.open_for_reading(), made
            elif changed != self._changed:
                self._index.reload()
            self._changed = changed
            return self._index
