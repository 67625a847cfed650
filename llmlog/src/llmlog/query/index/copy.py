"""Keeping the index: adding, removing, committing. One thread of one process uses it."""

from __future__ import annotations

from collections.abc import Iterable

import tantivy

from llmlog.entry import LogEntry
from llmlog.query.index.conditions import Conditions
from llmlog.query.index.documents import Documents
from llmlog.query.index.place import Checkpoint, IndexPlace

WRITER_BYTES = 48 * 1024 * 1024
"""Memory of the index's writer before it goes to the disk by itself."""


class IndexCopy:
    """The index, open for writing. Raises ValueError and OSError where the disk fails: throw it away then."""

    def __init__(self, place: IndexPlace) -> None:
        self._place = place
        self._index = place.open_for_writing()
        self._writer = self._index.writer(WRITER_BYTES, 1)
        self._documents = Documents(self._index.schema)
        self._conditions = Conditions(self._index.schema)

    def add(self, entries: Iterable[LogEntry], *, may_be_there: bool) -> None:
        """Add logs. may_be_there: take those out first that are in it already."""
        for entry in entries:
            if may_be_there:
                self.remove(entry.id)
            self._writer.add_document(self._documents.of(entry))

    def remove(self, entry_id: str) -> None:
        """Take one log out."""
        self._writer.delete_documents_by_term("id", entry_id)

    def remove_day(self, day: int) -> None:
        """Take all logs of a UTC day out (days since the epoch)."""
        self._writer.delete_documents_by_query(self._conditions.term_is("day", day))

    def commit(self, checkpoint: Checkpoint) -> None:
        """Make what was added and removed visible, then note how far that is."""
        self._writer.commit()
        self._index.reload()
        self._place.note(checkpoint)

    def count(self) -> int:
        """Logs in it."""
        return int(self._index.searcher().num_docs)

    def count_by_day(self) -> dict[int, int]:
        """Logs by UTC day (days since the epoch)."""
        asked = {"days": {"terms": {"field": "day", "size": 65_000}}}
        found = self._index.searcher().aggregate(tantivy.Query.all_query(), asked)
        return {int(bucket["key"]): int(bucket["doc_count"]) for bucket in found["days"]["buckets"]}

    def ids_of_day(self, day: int) -> set[str]:
        """The ids of a UTC day."""
        searcher = self._index.searcher()
        query = self._conditions.term_is("day", day)
        most = max(1, int(searcher.num_docs))
        return {searcher.doc(address)["id"][0] for _, address in searcher.search(query, most, count=False).hits}

    def close(self) -> None:
        """Let go; what was not committed is forgotten."""
        self._writer.rollback()
        self._writer.wait_merging_threads()
