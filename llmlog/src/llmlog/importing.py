"""Taking logs in from elsewhere: an export of ours, or records of the same shape.

They go through capture like any log: what looks like a secret is masked, raw ids become pseudonyms (those that are
pseudonyms already stay). Ids and times are kept, so taking the same log in twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from llmlog.capture import Recorder
from llmlog.capture.pseudonyms import Domain, Pseudonyms
from llmlog.decoding import decode_entry
from llmlog.entry import LogEntry
from llmlog.store.batch_writer import BatchWriter

BATCH = 200
_PSEUDONYM = re.compile(r"v[1-9][0-9]{0,3}:[0-9a-f]{32}")


class Imported(msgspec.Struct, kw_only=True):
    """What became of the lines so far."""

    read: int = 0
    fresh: int = 0
    """Logs that were not in the store before."""
    known: int = 0
    """Logs that were there; nothing changed."""
    too_old: int = 0
    """Older than the retention, or of an erased person."""
    faults: list[tuple[int, str]] = []
    """Number and fault of each line that is no log, or that Redis refused."""


class KnownPseudonyms(Pseudonyms):
    """Leaves alone what is a pseudonym already."""

    def of(self, domain: Domain, identifier: str) -> str:
        """The pseudonym to keep."""
        return identifier if _PSEUDONYM.fullmatch(identifier) else super().of(domain, identifier)


class Importer:
    """Takes lines in, batch by batch."""

    def __init__(self, recorder: Recorder, writer: BatchWriter) -> None:
        """recorder: prepares entries, never writes. writer: nobody else uses it meanwhile."""
        self._recorder = recorder
        self._writer = writer

    def take(self, lines: Iterable[bytes]) -> Iterator[Imported]:
        """Take JSON lines in; gives the counts after each batch. Raises StoreUnavailable."""
        counts = Imported()
        self._writer.get_ready()
        numbered = enumerate(lines, 1)
        while batch := list(islice(numbered, BATCH)):
            self._take(counts, batch)
            yield counts

    def _take(self, counts: Imported, batch: list[tuple[int, bytes]]) -> None:
        numbers, packed = [], []
        for number, line in batch:
            if not line.strip():
                continue
            counts.read += 1
            try:
                entry = self._writer.pack(self._recorder.prepared(_entry(line)))
            except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
                counts.faults.append((number, str(error)))
                continue
            if entry is None:
                counts.too_old += 1
            else:
                numbers.append(number)
                packed.append(entry)
        if not packed:
            return
        for number, outcome in zip(numbers, self._writer.write(packed), strict=True):
            counts.fresh += outcome.fresh
            counts.known += outcome.stored and not outcome.fresh
            counts.too_old += outcome.erased
            if outcome.error is not None:
                counts.faults.append((number, outcome.error))


def _entry(line: bytes) -> LogEntry:
    if b'"llmRequest"' not in line:
        raise ValueError("it has no llmRequest, so it is no log")
    entry = decode_entry(line)
    return msgspec.structs.replace(entry, source="import") if entry.source not in ("chat", "api", "test") else entry
