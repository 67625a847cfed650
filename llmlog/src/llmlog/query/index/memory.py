"""A small index in memory: the same figures for logs that were read one by one."""

from __future__ import annotations

from collections.abc import Iterable

import tantivy

from llmlog.entry import LogEntry
from llmlog.query.index.documents import Documents
from llmlog.query.index.place import Checkpoint
from llmlog.query.index.reading import Snapshot
from llmlog.query.index.schema import schema

WRITER_BYTES = 15 * 1024 * 1024
"""The least that tantivy takes."""


def in_memory(entries: Iterable[LogEntry]) -> Snapshot:
    """An index of just these logs."""
    index = tantivy.Index(schema())
    documents = Documents(index.schema)
    writer = index.writer(WRITER_BYTES, 1)
    for entry in entries:
        writer.add_document(documents.of(entry))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return Snapshot(index, Checkpoint(whole=True))
