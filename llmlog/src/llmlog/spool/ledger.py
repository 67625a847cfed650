"""The ledger of one spool: what was accepted, what became of it, what was dropped and why.

It lives in a mapped file beside the segments, so its figures survive a kill:

    offset  0     magic and version
    offset  16    entries accepted, u64
    offset  64    dropped, one u64 per DropReason
    offset  1024  acknowledgement, slot A     offset 2048  acknowledgement, slot B

An acknowledgement is the cursor (everything before it needs no more delivery) together with the counters of
what was delivered before it. The two slots are written in turn, each with a generation and a checksum: a kill
while one is written leaves the other, so cursor and counters always belong together.

A figure that cannot be written (possible only where the file is not mapped) is kept in memory and written with
the next one.
"""

from __future__ import annotations

import contextlib
import enum
import struct
import threading
import zlib
from pathlib import Path
from typing import NamedTuple

from llmlog.spool.files import LOCAL_FILES, Files, Pages
from llmlog.spool.frame import Position

FILE_BYTES = 4096
_MAGIC = b"LLMLEDG2"
_ACCEPTED = slice(16, 24)
_DROPPED_AT = 64
_SLOTS_AT = (1024, 2048)
_SLOT = struct.Struct("<8Q")  # generation, segment, offset, stored, expired, dead-lettered, quarantined, lost
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
    OUTCOME_LOST = 7
    """The entry was accepted before; how its interaction ended could not be kept."""

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
    lost: int = 0
    """Accepted, but the disk damaged or lost them: a flipped bit, a power cut."""

    @property
    def settled(self) -> int:
        """Entries that were delivered, whatever became of them there."""
        return self.stored + self.expired + self.dead_lettered


class Ledger:
    """The ledger file of one spool directory. After `close` it goes on in memory."""

    def __init__(self, path: Path, files: Files = LOCAL_FILES) -> None:
        """Open or create it. Raises OSError."""
        self._file = files.open(path, FILE_BYTES)
        self._pages: Pages | bytearray = self._file.pages
        self._lock = threading.RLock()  # a signal handler that logs may interrupt a count
        self._uncounted: dict[DropReason, int] = {}
        self._syncs = True
        try:
            if self._pages[0 : len(_MAGIC)] != _MAGIC:
                self._pages[0 : len(_MAGIC)] = _MAGIC
            self._generation, self._acknowledged = self._newest_slot()
        except OSError:
            self._file.close()
            raise

    def count_drop(self, reason: DropReason) -> None:
        """One more entry was not accepted. Safe from any thread; exact under contention, since the lock
        is only ever held for this addition."""
        place = _drops_of(reason)
        with self._lock:
            count = self._uncounted.pop(reason, 0) + 1
            try:
                self._pages[place] = _U64.pack(_U64.unpack(self._pages[place])[0] + count)
            except OSError:
                self._uncounted[reason] = count

    @property
    def accepted(self) -> int:
        """Entries accepted by the owner. A kill between frame and ledger leaves it one behind the frames, but
        never behind what was delivered."""
        accepted: int = _U64.unpack(self._pages[_ACCEPTED])[0]
        return max(accepted, self._acknowledged.settled + self._acknowledged.lost)

    def note_accepted(self, accepted: int) -> None:
        """The owner has accepted so many entries."""
        try:
            self._pages[_ACCEPTED] = _U64.pack(accepted)
        except OSError:
            pass  # the frame counts, and carries the figure too; the next one brings it up

    def dropped(self) -> dict[str, int]:
        """What was dropped, by reason; reasons that never happened are left out."""
        counts = {}
        for reason in DropReason:
            count = _U64.unpack(self._pages[_drops_of(reason)])[0] + self._uncounted.get(reason, 0)
            if count:
                counts[reason.label] = count
        return counts

    @property
    def acknowledged(self) -> Acknowledgement:
        """The newest acknowledgement."""
        return self._acknowledged

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Move the cursor and its counters, as one."""
        self._generation += 1
        self._acknowledged = acknowledgement
        with contextlib.suppress(OSError):  # after a restart what lies between is delivered again: no harm
            self._write_slot()

    def sync(self) -> bool:
        """Bring cursor and counters to the disk; whether they are there, as far as the disk can be asked."""
        try:
            self._write_slot()
        except OSError:
            return False
        if self._syncs:
            try:
                self._file.sync()
            except OSError:
                self._syncs = False  # never asked again: the kernel would say that all is well
                return False
        return True

    def close(self) -> None:
        """Let the file go; what is counted from now on is known to this process only."""
        with self._lock:
            figures = bytearray(FILE_BYTES)
            try:
                figures[:] = self._pages[0:FILE_BYTES]
            except OSError:
                pass  # figures only
            self._pages, self._syncs = figures, False
            self._file.close()

    def _write_slot(self) -> None:
        (segment, offset), *counters = self._acknowledged
        record = _SLOT.pack(self._generation, segment, offset, *counters)
        place = _SLOTS_AT[self._generation % 2]
        self._pages[place : place + len(record) + _CRC.size] = record + _CRC.pack(zlib.crc32(record))

    def _newest_slot(self) -> tuple[int, Acknowledgement]:
        newest = (0, Acknowledgement())
        for place in _SLOTS_AT:
            end = place + _SLOT.size
            record = self._pages[place:end]
            (crc,) = _CRC.unpack(self._pages[end : end + _CRC.size])
            generation, segment, offset, *counters = _SLOT.unpack(record)
            if generation > newest[0] and zlib.crc32(record) == crc:
                newest = (generation, Acknowledgement(Position(segment, offset), *counters))
        return newest


def _drops_of(reason: DropReason) -> slice:
    place = _DROPPED_AT + _U64.size * reason
    return slice(place, place + _U64.size)
