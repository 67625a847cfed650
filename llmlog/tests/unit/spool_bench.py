"""A spool to try things on, over any `Files`: hosts that log and die, and whoever delivers after them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from simulated_files import counted_names

from llmlog.clock import ManualClock
from llmlog.spool import (
    Delivery,
    Disk,
    DropReason,
    FrameKind,
    Ledger,
    SpoolDirectory,
    SpoolReader,
    SpoolWriter,
)
from llmlog.spool.directory import dead_directories
from llmlog.spool.files import Files
from llmlog.spool.frame import HEADER_BYTES, frame_bytes
from llmlog.spool.segment import SEGMENT_HEADER_BYTES, segment_numbers, segment_path
from llmlog.spool.totals import Totals, fold, read_totals

SEGMENT_BYTES = 64 * 1024
LIMIT_BYTES = 10 * SEGMENT_BYTES


class Faults(Protocol):
    """A disk that can be made to fail."""

    def fill(self) -> None:
        """Have no room for anything more."""

    def make_room(self) -> None:
        """Have room again."""

    def fail_syncs(self, count: int) -> None:
        """Let the next syncs of files fail (EIO)."""

    def change(self, path: Path, place: int, content: bytes) -> None:
        """Damage a file behind everyone's back."""


class Bench:
    """One data directory."""

    def __init__(self, data_dir: Path, new_files: Callable[[], Files], faults: Faults) -> None:
        """new_files: called once for each process."""
        self.root = data_dir / "spool"
        self.quarantine = data_dir / "quarantine"
        self.clock = ManualClock()
        self.faults = faults
        self.new_files = new_files
        self._new_name = counted_names()
        self._entries = 0

    def writer(self, limit_bytes: int = LIMIT_BYTES) -> SpoolWriter:
        """A process begins."""
        disk = Disk(self.new_files(), SEGMENT_BYTES, self._new_name)
        return SpoolWriter(self.root, limit_bytes, self.clock, disk=disk)

    def log(
        self, writer: SpoolWriter, kind: FrameKind = FrameKind.FINAL, size: int = 100, entry_id: bytes | None = None
    ) -> bytes:
        """Append an entry that must be accepted; gives its id."""
        entry_id = entry_id or self.new_id()
        assert writer.append(kind, entry_id, body_of(entry_id, kind, size)) is None
        return entry_id

    def refused(self, writer: SpoolWriter, size: int = 100) -> DropReason:
        """Append an entry that must be refused; gives the reason."""
        entry_id = self.new_id()
        reason = writer.append(FrameKind.FINAL, entry_id, body_of(entry_id, FrameKind.FINAL, size))
        assert reason is not None
        return reason

    def new_id(self) -> bytes:
        """An id nobody has."""
        self._entries += 1
        return self._entries.to_bytes(16, "big")

    def own_reader(self, writer: SpoolWriter) -> SpoolReader:
        """A living process delivers its own spool."""
        assert writer.directory is not None
        return SpoolReader(writer.directory, self.quarantine, alive=True)

    def die(self, writer: SpoolWriter) -> None:
        """The process ends."""
        writer.close()
        if writer.directory is not None:
            writer.directory.release()

    def adopt(self) -> SpoolReader:
        """Another process takes over the one spool whose owner is dead."""
        (directory,) = dead_directories(self.root, self.new_files())
        return SpoolReader(directory, self.quarantine, alive=False)

    def fold(self, reader: SpoolReader) -> Totals:
        """A spool is done: its figures go to the totals, the rest is removed."""
        directory = reader.directory
        accepted = max(directory.ledger.accepted, reader.last_accepted)
        settled, dropped = reader.settled_total(), directory.ledger.dropped()
        fold(self.root, directory.path.name, accepted, settled, dropped, directory.files)
        reader.close()
        directory.remove()
        return self.totals()

    def totals(self) -> Totals:
        """The counts of the spools that are gone."""
        return read_totals(self.root, self.new_files())

    def segments(self, directory: SpoolDirectory) -> list[Path]:
        """The segments of a spool."""
        return [segment_path(directory.path, number) for number in segment_numbers(directory.path, directory.files)]

    def quarantined(self) -> list[str]:
        """The names of what was put aside."""
        files = self.new_files()
        return files.names(self.quarantine) if files.exists(self.quarantine) else []

    def ledger(self, directory: SpoolDirectory) -> Ledger:
        """The ledger as somebody else reads it."""
        return Ledger(directory.path / "ledger", self.new_files())


def body_of(entry_id: bytes, kind: FrameKind, size: int) -> bytes:
    """A body of its own for each frame."""
    return (bytes([kind]) + entry_id[-2:] + b"LL some text ").ljust(size, b"x")[:size]


def place_of(index: int, size: int = 100) -> int:
    """Where the frame with that index begins in a segment of frames with bodies of one size."""
    return SEGMENT_HEADER_BYTES + index * frame_bytes(size)


def body_place_of(index: int, size: int = 100) -> int:
    """Where its body begins."""
    return place_of(index, size) + HEADER_BYTES


def deliver(reader: SpoolReader) -> list[Delivery]:
    """Read and settle all there is, as stored."""
    delivered: list[Delivery] = []
    while batch := reader.read(3, 100_000):
        reader.settle((delivery, "stored") for delivery in batch)
        delivered += batch
    return delivered


def ids(deliveries: list[Delivery]) -> list[bytes]:
    """Of what was delivered."""
    return [delivery.frame.entry_id for delivery in deliveries]


def failure(code: int) -> OSError:
    """An error of the operating system."""
    return OSError(code, os.strerror(code))


NO_ROOM = errno.ENOSPC
BROKEN = errno.EIO
