"""Where segments come from: the directory of this process, the bound on disk, and a spare one made ahead."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from llmlog.clock import Clock
from llmlog.spool.directory import SpoolDirectory, bytes_on_disk
from llmlog.spool.drops import DropCount
from llmlog.spool.files import LOCAL_FILES, Files, Mode
from llmlog.spool.ledger import DropReason
from llmlog.spool.segment import SEGMENT_BYTES, SEGMENT_HEADER_BYTES, Segment, segment_path

DISK_KNOWN_S = 1.0
"""How long a look at what all spools take on disk stands; what this process adds is counted meanwhile."""

_NAMES_TRIED = 3
"""Another process may take a new directory for an abandoned one in the moment before it is locked."""

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
"""What the operating system says where a disk, or someone's share of it, is full."""


def _random_name() -> str:
    return os.urandom(8).hex()


class Disk(NamedTuple):
    """Where segments are made, how large, and what a new spool directory is called."""

    files: Files = LOCAL_FILES
    segment_bytes: int = SEGMENT_BYTES
    new_name: Callable[[], str] = _random_name


LOCAL_DISK = Disk()


class SegmentSupply:
    """Makes segments. `take` under the append lock; the rest from any thread."""

    def __init__(self, root: Path, max_bytes: int, clock: Clock, disk: Disk, *, ships: bool) -> None:
        """max_bytes: of all spools under `root` together. ships: as in SpoolDirectory.create."""
        self.directory: SpoolDirectory | None = None
        self.drops = DropCount()
        self._root = root
        self._max_bytes = max_bytes
        self._clock = clock
        self._disk = disk
        self._ships = ships
        self._making = threading.Lock()
        self._spare: Segment | None = None
        self._closed = False
        self._next_number = 1
        self._names_made = self._names_synced = 0
        self._bytes_on_disk = 0
        self._look_at_disk_s = 0.0

    @property
    def mode(self) -> Mode:
        """How frames would reach the disk."""
        return self._disk.files.mode(self._root)

    def prepare(self) -> None:
        """Have a spare segment ready, where that can be done."""
        with self._making, contextlib.suppress(OSError):  # the caller that needs it will meet and count it
            if self._spare is not None or self._closed:
                return
            if self.directory is None and not self._open_directory():
                return
            if not self._bound_reached(self._disk.segment_bytes):
                self._spare = self._create(self._disk.segment_bytes, touch=True)

    def take(self, size: int, retire: Callable[[Segment], None]) -> Segment | DropReason:
        """A segment with room for a frame of `size` bytes, else why not. retire: gets a spare that is too small."""
        with self._making:
            if self.directory is None and not self._open_directory():
                return DropReason.SPOOL_UNAVAILABLE
            fresh = self._spare
            if fresh is None or not fresh.room_for(size):
                made = self._make_for_caller(max(self._disk.segment_bytes, size + SEGMENT_HEADER_BYTES))
                if isinstance(made, DropReason):
                    return made
                if fresh is not None:
                    retire(fresh)
                fresh = made
            self._spare = None
            return fresh

    def sync_names(self) -> None:
        """Bring the names of new segments to the disk. Raises OSError."""
        made = self._names_made
        if made != self._names_synced and self.directory is not None:
            self._disk.files.sync_directory(self.directory.path)
            self._names_synced = made

    def forget_inherited(self) -> None:
        """In a forked child: let the parent's directory go without touching it."""
        if self.directory is not None:
            self.directory.forget_inherited()
        if self._spare is not None:
            self._spare.close()

    def close(self) -> None:
        """Make no more."""
        with self._making:
            self._closed = True
            if self._spare is not None:
                self._spare.close()
            self._spare = None

    def _make_for_caller(self, needed: int) -> Segment | DropReason:
        try:
            if self._bound_reached(needed):
                return DropReason.SPOOL_FULL
            return self._create(needed, touch=False)  # a caller waits
        except OSError as error:
            return DropReason.DISK_FULL if error.errno in NO_ROOM else DropReason.SPOOL_UNAVAILABLE

    def _open_directory(self) -> bool:
        for _ in range(_NAMES_TRIED):
            name = self._disk.new_name()
            with contextlib.suppress(OSError):
                made = SpoolDirectory.create(self._root, name, ships=self._ships, files=self._disk.files)
                self.drops.keep_in(made.ledger)
                self.directory = made
                return True
        return False

    def _create(self, size: int, *, touch: bool) -> Segment:
        assert self.directory is not None
        number, self._next_number = self._next_number, self._next_number + 1
        path = segment_path(self.directory.path, number)
        segment = Segment.create(self._disk.files, path, number, self._clock.now_ms(), size, touch=touch)
        self._bytes_on_disk += size
        self._names_made += 1  # the caller may be waiting: its entry counts as synced when `sync` has run
        return segment

    def _bound_reached(self, needed: int) -> bool:
        """Whether all spools together would be too large; looking costs system calls, so not every time."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._look_at_disk_s or self._bytes_on_disk + needed > self._max_bytes:
            self._bytes_on_disk = bytes_on_disk(self._root, self._disk.files)
            self._look_at_disk_s = now_s + DISK_KNOWN_S
        return self._bytes_on_disk + needed > self._max_bytes
