"""Reading the index: ids that match, newest first, and aggregations. From any thread of any process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import tantivy

from llmlog.query.index.conditions import Conditions
from llmlog.query.index.order import rank, timestamp_of
from llmlog.query.index.place import Checkpoint, IndexPlace
from llmlog.query.language import Query
from llmlog.store.redis_store import Member

CHUNK = 200
SAME_RANK = 16
"""Logs of one rank that a page's end may cut through; two are one in a million already."""


class Page(NamedTuple):
    """Logs of one page, newest first."""

    members: list[Member]
    total: int
    """How many match in all."""


class Snapshot:
    """The index as it was at one moment."""

    def __init__(self, index: tantivy.Index, conditions: Conditions, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._searcher = index.searcher()
        self._conditions = conditions

    def exact(self, query: Query) -> bool:
        """Whether the index alone can decide the query."""
        return self._conditions.of(query).exact

    def count(self, query: Query, mine: frozenset[str] = frozenset()) -> int:
        """How many match (at most, where the index alone cannot decide)."""
        return self._count(self._conditions.of(query, mine).query)

    def has(self, entry_id: str) -> bool:
        """Whether a log is in it."""
        return self._count(self._conditions.term_is("id", entry_id)) > 0

    def page(self, query: Query, before: Member | None, limit: int, mine: frozenset[str] = frozenset()) -> Page:
        """The newest logs that match, strictly before one."""
        wanted = self._conditions.of(query, mine).query
        members, count = self._newest(wanted, before, limit, count=before is None)
        return Page(members, count if before is None else self._count(wanted))

    def candidates(
        self, query: Query, before: Member | None, mine: frozenset[str] = frozenset()
    ) -> Iterator[Member]:
        """Logs that may match, newest first, strictly before one. Read a piece at a time."""
        wanted = self._conditions.of(query, mine).query
        while members := self._newest(wanted, before, CHUNK)[0]:
            yield from members
            before = members[-1]

    def newer(self, query: Query, place: Member, mine: frozenset[str] = frozenset()) -> tuple[str | None, int]:
        """The next newer log that matches, and how many newer ones there are."""
        own = rank(place.timestamp, place.id)
        wanted = tantivy.Query.boolean_query([
            (tantivy.Occur.Must, self._conditions.of(query, mine).query),
            (tantivy.Occur.Must, self._conditions.above(own)),
        ])  # fmt: skip
        found = self._searcher.search(wanted, 1, count=False, order_by_field="rank", order=tantivy.Order.Asc).hits
        name = str(self._searcher.doc(found[0][1])["id"][0]) if found else None
        return name, self._count(wanted)

    def aggregate(self, query: Query, asked: dict[str, Any], mine: frozenset[str] = frozenset()) -> dict[str, Any]:
        """Aggregations over what matches, as Elasticsearch words them."""
        found: dict[str, Any] = self._searcher.aggregate(self._conditions.of(query, mine).query, asked)
        return found

    def _count(self, wanted: tantivy.Query) -> int:
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
        found: Any = searcher.search(wanted, limit + SAME_RANK, count=count, order_by_field="rank")
        hits = ((int(value), str(searcher.doc(place)["id"][0])) for value, place in found.hits)
        ranked = sorted(hits, reverse=True)
        members = [
            Member(timestamp_of(value), name)
            for value, name in ranked
            if before is None or value != edge or name < before.id
        ]
        return members[:limit], int(found.count) if count else 0


class IndexReader:
    """Opens the index when there is one, and again when it changed."""

    def __init__(self, place: IndexPlace) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._conditions: Conditions | None = None
        self._seen: tuple[int, int, int] | None = None

    def snapshot(self) -> Snapshot | None:
        """The index of this moment; None when there is none or it is not whole yet."""
        checkpoint = self._place.checkpoint()
        return self._open(checkpoint) if checkpoint.whole else None

    def progress(self) -> float | None:
        """How much of an index that is being built is done, 0 to 1; None when nobody builds one."""
        checkpoint = self._place.checkpoint()
        if checkpoint.whole or not self._place.being_written():
            return None
        return min(1.0, checkpoint.indexed / checkpoint.total) if checkpoint.total else 0.0

    def _open(self, checkpoint: Checkpoint) -> Snapshot | None:
        with self._lock:
            try:
                seen = (self._place.path / "meta.json").stat()
            except OSError:
                self._index = self._seen = None
                return None
            mark = (self._place.path.stat().st_ino, seen.st_ino, seen.st_mtime_ns)
            if self._index is None or mark != self._seen:
                self._index = self._place.open_for_reading()
                self._seen = mark
                self._conditions = Conditions(self._index.schema) if self._index is not None else None
            if self._index is None or self._conditions is None:
                return None
            return Snapshot(self._index, self._conditions, checkpoint)
