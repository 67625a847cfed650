"""Keeping the index: adding, removing, committing. One thread of one process uses it."""

from __future__ import annotations

import ctypes
import logging
from collections import Counter
from collections.abc import Iterable

import msgspec
import tantivy

from llmlog.entry import LogEntry
from llmlog.query.index.conditions import Conditions
from llmlog.query.index.documents import Documents
from llmlog.query.index.failures import told_as_ours
from llmlog.query.index.place import Checkpoint, IndexPlace

WRITER_BYTES = 48 * 1024 * 1024
"""Memory of the index's writer before it goes to the disk by itself."""

_logger = logging.getLogger("llmlog")


class IndexCopy:
    """The index, open for writing. Raises IndexFailed where the disk fails: throw it away then."""

    def __init__(self, place: IndexPlace) -> None:
        self._place = place
        with told_as_ours():
            self._index = place.open_for_writing()
            self._writer = self._index.writer(WRITER_BYTES, 1)
            self._documents = Documents(self._index.schema)
            self._conditions = Conditions(self._index.schema)

    def add(self, entries: Iterable[LogEntry], *, may_be_there: bool, day: int | None = None) -> set[str]:
        """Add logs, and give the ids of those that could be.

        may_be_there: take those out first that are in it. day: the day they stand under in the store; None is that
        of their timestamps, where our own logs always stand.
        """
        added: set[str] = set()
        for entry in entries:
            try:
                document = self._documents.of(entry, day)
            except (ValueError, OverflowError) as error:  # one strange log must not cost the others their index
                _logger.warning("llmlog: log %s cannot be indexed: %s", entry.id, error)
                continue
            if may_be_there:
                self.remove(entry.id)
            with told_as_ours():
                self._writer.add_document(document)
            added.add(entry.id)
        return added

    def remove(self, entry_id: str) -> None:
        """Take one log out."""
        with told_as_ours():
            self._writer.delete_documents_by_term("id", entry_id)

    def remove_day(self, day: int) -> None:
        """Take all logs of a UTC day out (days since the epoch)."""
        with told_as_ours():
            self._writer.delete_documents_by_query(self._conditions.term_is("day", day))

    def commit(self, checkpoint: Checkpoint) -> None:
        """Make what was added and removed visible, then note how far that is, and how many there are now."""
        with told_as_ours():
            self._writer.commit()
            self._index.reload()
            self._place.note(msgspec.structs.replace(checkpoint, indexed=self.count()))

    def forget(self) -> None:
        """Undo what was added and removed since the last commit."""
        with told_as_ours():
            self._writer.rollback()

    def count(self) -> int:
        """Logs in it."""
        with told_as_ours():
            return int(self._index.searcher().num_docs)

    def count_by_day(self) -> dict[int, int]:
        """Logs by UTC day (days since the epoch)."""
        asked = {"days": {"terms": {"field": "day", "size": 65_000}}}
        with told_as_ours():
            found = self._index.searcher().aggregate(tantivy.Query.all_query(), asked)
        return {int(bucket["key"]): int(bucket["doc_count"]) for bucket in found["days"]["buckets"]}

    def ids_of_day(self, day: int) -> Counter[str]:
        """The ids of a UTC day, and how often each is there."""
        query = self._conditions.term_is("day", day)
        with told_as_ours():
            searcher = self._index.searcher()
            most = max(1, int(searcher.num_docs))
            hits = searcher.search(query, most, count=False).hits
            return Counter(searcher.doc(address)["id"][0] for _, address in hits)

    def close(self) -> None:
        """Let go; what was not committed is forgotten."""
        with told_as_ours():
            self._writer.rollback()
            self._writer.wait_merging_threads()

    def leave_to_parent(self) -> None:
        """In a forked child: the writer's threads are not here, and it must never be cleaned up, which waits for
        them."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._writer))
