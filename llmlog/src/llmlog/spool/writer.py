"""Appending: what the caller of `log_interaction` pays for.

One copy into mapped memory under a lock that is held for microseconds; no system call unless a segment is full
and no spare is ready. Accepted = `append` returned None: that survives `kill -9` at once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path
from typing import Literal

from llmlog.clock import Clock
from llmlog.spool.directory import SpoolDirectory, bytes_on_disk, sync_directory
from llmlog.spool.frame import HEADER_BYTES, FrameKind, frame_bytes, pack_header, read_frame
from llmlog.spool.ledger import DropReason
from llmlog.spool.segment import SEGMENT_BYTES, SEGMENT_HEADER_BYTES, Segment

BUSY_AFTER_S = 0.25
"""Longest wait for the append lock. Only a signal handler that logs while its own thread is appending gets
here; it must not wait for itself."""

REFUSAL_STANDS_S = 0.5
"""How long a refusal is repeated without looking at the disk again: looking costs system calls."""

DISK_KNOWN_S = 1.0
"""How long a look at what all spools take on disk stands; what this process adds is counted meanwhile."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}

FsyncMode = Literal["interval", "always", "never"]


class SpoolWriter:
    """The appending end of one process's spool. Opens its directory on first use and tries again later when
    that fails, so a disk that is full at the start costs entries (counted), never the host's start."""

    def __init__(
        self, root: Path, max_bytes: int, clock: Clock, fsync: FsyncMode = "interval", *, ships: bool = True
    ) -> None:
        """ships: this process delivers its spool too; else it leaves that to `llmlog drain`."""
        self._root = root
        self._ships = ships
        self._max_bytes = max_bytes
        self._clock = clock
        self._fsync = fsync
        self._lock = threading.Lock()
        self._preparing = threading.Lock()
        self._directory: SpoolDirectory | None = None
        self._active: Segment | None = None
        self._spare: Segment | None = None
        self._retired: list[Segment] = []
        self._next_number = 1
        self._sequence = 0
        self._accepted = 0
        self._synced: tuple[int, int] = (0, 0)
        self._closed = False
        self._refusal: DropReason | None = None
        self._refused_until_s = 0.0
        self._unwritten_drops: dict[DropReason, int] = {}
        self._names_unsynced = False
        self._bytes_on_disk = 0
        self._look_at_disk_s = 0.0
        self.spare_wanted = threading.Event()
        """Set when the spare segment was taken into use: the next one is to be made."""

    @property
    def directory(self) -> SpoolDirectory | None:
        """The directory of this process, once it exists."""
        return self._directory

    @property
    def accepted(self) -> int:
        """Entries accepted so far by this process."""
        return self._accepted

    def append(
        self, kind: FrameKind, entry_id: bytes, body: bytes, *, count_drop: bool = True
    ) -> DropReason | None:
        """Add one frame. Returns None when it was accepted, else why not.

        count_drop: whether a refusal is counted in the ledger; not for a frame that will be tried again.
        """
        if not self._lock.acquire(timeout=BUSY_AFTER_S):
            return self.drop(DropReason.BUSY) if count_drop else DropReason.BUSY
        try:
            size = frame_bytes(len(body))
            segment = self._segment_with_room(size)
            if isinstance(segment, DropReason):
                return self.drop(segment) if count_drop else segment
            self._write(segment, kind, entry_id, body, size)
            if self._fsync == "always":
                segment.sync()
        finally:
            self._lock.release()
        return None

    def drop(self, reason: DropReason) -> DropReason:
        """Count one entry as not accepted."""
        if self._directory is not None:
            self._directory.ledger.count_drop(reason)
        else:
            self._unwritten_drops[reason] = self._unwritten_drops.get(reason, 0) + 1
        return reason

    def dropped(self) -> dict[str, int]:
        """What this process dropped, by reason."""
        if self._directory is not None:
            return self._directory.ledger.dropped()
        return {reason.label: count for reason, count in self._unwritten_drops.items()}

    def prepare(self) -> None:
        """In the background: have a spare segment ready before it is needed."""
        with self._preparing:
            if self._spare is not None or self._closed:
                return
            if self._directory is None and not self._open_directory():
                return
            if self._bound_reached(SEGMENT_BYTES):
                return
            with contextlib.suppress(OSError):  # the caller that needs the segment will meet and count it
                self._spare = self._create(SEGMENT_BYTES, touch=True)

    def sync(self) -> None:
        """In the background: bring what was appended to the disk. Raises OSError."""
        retired, self._retired = self._retired, []
        active = self._active
        if self._fsync != "never":
            if self._names_unsynced and self._directory is not None:
                self._names_unsynced = False
                sync_directory(self._directory.path)
            for segment in retired:
                segment.sync()
            written = (active.number, active.offset) if active is not None else (0, 0)
            if active is not None and written != self._synced:
                active.sync()
                self._synced = written
        for segment in retired:
            segment.close()

    def forget_inherited(self) -> None:
        """In a forked child: let the parent's spool go without touching it."""
        if self._directory is not None:
            self._directory.forget_inherited()

    def close(self) -> None:
        """Refuse what comes from now on, sync, and give the directory up."""
        if not self._lock.acquire(timeout=BUSY_AFTER_S):
            return
        try:
            if self._closed:
                return
            self._closed = True
        finally:
            self._lock.release()
        with contextlib.suppress(OSError):
            self.sync()
        with self._preparing:
            for segment in (self._active, self._spare):
                if segment is not None:
                    segment.close()
            self._active = self._spare = None

    def _write(self, segment: Segment, kind: FrameKind, entry_id: bytes, body: bytes, size: int) -> None:
        sequence = self._sequence + 1
        accepted = self._accepted + (kind != FrameKind.SUPERSEDING)
        header = pack_header(kind, len(body), sequence, accepted, entry_id, body)
        start = segment.offset + HEADER_BYTES
        segment.map[start : start + len(body)] = body
        segment.map[segment.offset : start] = header
        segment.offset += size
        self._sequence = sequence
        self._count_accepted(accepted)

    def _count_accepted(self, accepted: int) -> None:
        self._accepted = accepted
        assert self._directory is not None
        self._directory.ledger.note_accepted(accepted)

    def _segment_with_room(self, size: int) -> Segment | DropReason:
        segment = self._active
        while segment is not None and segment.room_for(size):
            if segment.map[segment.offset] == 0:
                return segment
            # A KeyboardInterrupt fell between a header and its counters: that frame counts, so do they.
            frame = read_frame(segment.map, segment.number, segment.offset, segment.size)
            segment.offset = frame.end.offset
            self._sequence = frame.sequence
            self._count_accepted(frame.accepted)
        if self._refusal is not None and self._clock.monotonic_s() < self._refused_until_s:
            return self._refusal
        fresh = self._rotate(size)
        self._refusal = fresh if isinstance(fresh, DropReason) else None
        self._refused_until_s = self._clock.monotonic_s() + REFUSAL_STANDS_S
        return fresh

    def _rotate(self, size: int) -> Segment | DropReason:
        """Make a segment with room for `size` bytes the active one; else say why not."""
        if self._closed:
            return DropReason.CLOSED
        with self._preparing:
            if self._directory is None and not self._open_directory():
                return DropReason.SPOOL_UNAVAILABLE
            fresh, self._spare = self._spare, None
            if fresh is not None and not fresh.room_for(size):
                self._retired.append(fresh)
                fresh = None
            if fresh is None:
                needed = max(SEGMENT_BYTES, size + SEGMENT_HEADER_BYTES)
                if self._bound_reached(needed):
                    return DropReason.SPOOL_FULL
                try:
                    fresh = self._create(needed, touch=False)  # a caller waits
                except OSError as error:
                    full = error.errno in _NO_ROOM
                    return DropReason.DISK_FULL if full else DropReason.SPOOL_UNAVAILABLE
        if self._active is not None:
            self._retired.append(self._active)
        self._active = fresh
        self.spare_wanted.set()
        return fresh

    def _open_directory(self) -> bool:
        try:
            self._directory = SpoolDirectory.create(self._root, os.urandom(8).hex(), ships=self._ships)
        except OSError:
            return False
        for reason, count in self._unwritten_drops.items():
            for _ in range(count):
                self._directory.ledger.count_drop(reason)
        self._unwritten_drops = {}
        return True

    def _create(self, size: int, *, touch: bool) -> Segment:
        assert self._directory is not None
        now_ms = self._clock.now_ms()
        segment = Segment.create(self._directory.path, self._next_number, now_ms, size, touch=touch)
        self._bytes_on_disk += size
        self._next_number += 1
        self._names_unsynced = True  # the caller may be waiting: its entry counts as synced when `sync` has run
        return segment

    def _bound_reached(self, needed: int) -> bool:
        """Whether all spools together would be too large; looking costs system calls, so not every time."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._look_at_disk_s or self._bytes_on_disk + needed > self._max_bytes:
            self._bytes_on_disk = bytes_on_disk(self._root)
            self._look_at_disk_s = now_s + DISK_KNOWN_S
        return self._bytes_on_disk + needed > self._max_bytes
