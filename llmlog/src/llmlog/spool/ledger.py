"""The ledger of one spool: what was accepted, what became of it, what was dropped and why.

It lives in a mapped file beside the segments, so its figures survive a kill:

    offset  0     magic and version
    offset  16    entries accepted, u64
    offset  64    dropped, one u64 per DropReason
    offset  1024  acknowledgement, slot A     offset 2048  acknowledgement, slot B

An acknowledgement is the cursor (everything before it needs no more delivery) together with the counters of
what was delivered before it. The two slots are written in turn, each with a generation and a checksum: a kill
while one is written leaves the other, so cursor and counters always belong together.
"""

from __future__ import annotations

import enum
import mmap
import os
import struct
import threading
import zlib
from pathlib import Path
from typing import NamedTuple

from llmlog.spool.frame import Position

FILE_BYTES = 4096
_MAGIC = b"LLMLEDG1"
_ACCEPTED_AT = 16
_DROPPED_AT = 64
_SLOTS_AT = (1024, 2048)
_SLOT = struct.Struct("<QQQQQQQ")  # generation, segment, offset, stored, expired, dead-lettered, quarantined
_U64 = struct.Struct("<Q")
_CRC = struct.Struct("<I")


class DropReason(enum.IntEnum):
    """Why an entry was not accepted. The numbers are places in the file: never reuse one."""

    SPOOL_FULL = 0
    """The bound on disk (`LLMLOG_SPOOL_MAX_BYTES`) is reached."""
    DISK_FULL = 1
    """The file system has no room for a new segment."""
    SPOOL_UNAVAILABLE = 2
    """The spool directory cannot be written."""
    BUSY = 3
    """Another thread held the spool longer than a caller may wait (a signal handler that logs, for example)."""
    CAPTURE_ERROR = 4
    """The entry could not be made into a record."""
    CLOSED = 5
    """The service was closed before."""
    TOO_LARGE = 6
    """Even without its bodies the entry is over the limit."""

    @property
    def label(self) -> str:
        """The reason as it stands in answers and pages, e.g. `spool_full`."""
        return self.name.lower()


class Acknowledgement(NamedTuple):
    """The cursor, and what became of the entries delivered before it."""

    cursor: Position = Position(0, 0)
    stored: int = 0
    expired: int = 0
    dead_lettered: int = 0
    quarantined: int = 0


class Ledger:
    """The mapped ledger file of one spool directory."""

    def __init__(self, path: Path) -> None:
        """Open or create it. Raises OSError."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(fd).st_size < FILE_BYTES:
                os.posix_fallocate(fd, 0, FILE_BYTES)
            self._map = mmap.mmap(fd, FILE_BYTES)
        finally:
            os.close(fd)
        self._map[0 : len(_MAGIC)] = _MAGIC
        self._lock = threading.Lock()
        self._generation, self._acknowledged = self._newest_slot()

    def count_drop(self, reason: DropReason) -> None:
        """One more entry was not accepted. Safe from any thread; exact under contention, since the lock
        is only ever held for this addition."""
        place = _DROPPED_AT + _U64.size * reason
        with self._lock:
            _U64.pack_into(self._map, place, _U64.unpack_from(self._map, place)[0] + 1)

    @property
    def accepted(self) -> int:
        """Entries accepted by the owner. A kill between frame and ledger leaves it one behind the frames."""
        accepted: int = _U64.unpack_from(self._map, _ACCEPTED_AT)[0]
        return accepted

    def note_accepted(self, accepted: int) -> None:
        """The owner has accepted so many entries."""
        _U64.pack_into(self._map, _ACCEPTED_AT, accepted)

    def dropped(self) -> dict[str, int]:
        """What was dropped, by reason; reasons that never happened are left out."""
        counts = {
            reason.label: _U64.unpack_from(self._map, _DROPPED_AT + _U64.size * reason)[0] for reason in DropReason
        }
        return {label: count for label, count in counts.items() if count}

    @property
    def acknowledged(self) -> Acknowledgement:
        """The newest acknowledgement."""
        return self._acknowledged

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Move the cursor and its counters, as one."""
        self._generation += 1
        (segment, offset), stored, expired, dead, quarantined = acknowledgement
        record = _SLOT.pack(self._generation, segment, offset, stored, expired, dead, quarantined)
        place = _SLOTS_AT[self._generation % 2]
        self._map[place : place + len(record) + _CRC.size] = record + _CRC.pack(zlib.crc32(record))
        self._acknowledged = acknowledgement

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()

    def _newest_slot(self) -> tuple[int, Acknowledgement]:
        newest = (0, Acknowledgement())
        for place in _SLOTS_AT:
            record = self._map[place : place + _SLOT.size]
            (crc,) = _CRC.unpack_from(self._map, place + _SLOT.size)
            generation, segment, offset, stored, expired, dead, quarantined = _SLOT.unpack(record)
            if generation > newest[0] and zlib.crc32(record) == crc:
                cursor = Position(segment, offset)
                newest = (generation, Acknowledgement(cursor, stored, expired, dead, quarantined))
        return newest
