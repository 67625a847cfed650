"""Appending: what the caller of `log_interaction` pays for.

One copy into mapped memory under a lock that is held for microseconds; no system call unless a segment is full
and no spare is ready. Accepted = `append` returned None: that survives `kill -9` at once. Where memory cannot be
mapped (see files/) the copy is a write, which may fail: then nothing of the frame counts.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Literal

from llmlog.clock import Clock
from llmlog.spool.directory import SpoolDirectory
from llmlog.spool.files import Mode
from llmlog.spool.frame import HEADER_BYTES, Absent, Damaged, FrameKind, frame_bytes, pack_header, read_frame
from llmlog.spool.ledger import DropReason
from llmlog.spool.segment import Segment
from llmlog.spool.supply import LOCAL_DISK, NO_ROOM, Disk, SegmentSupply
from llmlog.spool.syncing import SegmentSync

BUSY_AFTER_S = 0.25
"""Longest wait for the append lock. Only a signal handler that logs while its own thread is appending gets
here; it must not wait for itself."""

REFUSAL_STANDS_S = 0.5
"""How long a refusal is repeated without looking at the disk again: looking costs system calls."""

CLOSE_SYNC_S = 1.0
"""Longest wait for a sync under way when closing."""

FsyncMode = Literal["interval", "always", "never"]


class SpoolWriter:
    """The appending end of one process's spool. Opens its directory on first use and tries again later when
    that fails, so a disk that is full at the start costs entries (counted), never the host's start."""

    def __init__(
        self,
        root: Path,
        max_bytes: int,
        clock: Clock,
        fsync: FsyncMode = "interval",
        *,
        ships: bool = True,
        disk: Disk = LOCAL_DISK,
    ) -> None:
        """ships: this process delivers its spool too; else it leaves that to `llmlog drain`."""
        self._clock = clock
        self._fsync = fsync
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._supply = SegmentSupply(root, max_bytes, clock, disk, ships=ships)
        self._drops = self._supply.drops
        self._active: Segment | None = None
        self._segments = SegmentSync(clock)
        self._sequence = 0
        self._accepted = 0
        self._closed = False
        self._refusal: DropReason | None = None
        self._refused_until_s = 0.0
        self.spare_wanted = threading.Event()
        """Set when the spare segment was taken into use: the next one is to be made."""

    @property
    def directory(self) -> SpoolDirectory | None:
        """The directory of this process, once it exists."""
        return self._supply.directory

    @property
    def accepted(self) -> int:
        """Entries accepted so far by this process."""
        return self._accepted

    @property
    def mode(self) -> Mode:
        """How frames reach the disk."""
        return self._active.mode if self._active is not None else self._supply.mode

    @property
    def last_sync_error(self) -> str | None:
        """Why what was appended could not be brought to the disk; None when it could."""
        return self._segments.last_error

    def append(
        self, kind: FrameKind, entry_id: bytes, body: bytes, *, count_drop: bool = True
    ) -> DropReason | None:
        """Add one frame. Returns None when it was accepted, else why not. Never raises.

        count_drop: whether a refusal is counted in the ledger; not for a frame that will be tried again.
        """
        if not self._lock.acquire(timeout=BUSY_AFTER_S):
            return self._refuse(DropReason.BUSY, kind, entry_id, count_drop)
        try:
            size = frame_bytes(len(body))
            segment = self._segment_with_room(size)
            if not isinstance(segment, DropReason):
                self._write(segment, kind, entry_id, body, size)
                if self._fsync == "always":
                    self._sync_for_caller(segment)
                return None
            refusal = segment
        except OSError as error:
            refusal = DropReason.DISK_FULL if error.errno in NO_ROOM else DropReason.SPOOL_UNAVAILABLE
        finally:
            self._lock.release()
        return self._refuse(refusal, kind, entry_id, count_drop)

    def drop(self, reason: DropReason) -> DropReason:
        """Count one entry as not accepted."""
        self._drops.count(reason)
        return reason

    def dropped(self) -> dict[str, int]:
        """What this process dropped, by reason."""
        return self._drops.by_reason()

    def outcome_lost(self, entry_id: bytes) -> None:
        """A provisional entry will not be superseded: it is delivered as it is, without waiting for the end of
        this process. (By this process: `llmlog drain` does not hear of it before.)"""
        self.drop(DropReason.OUTCOME_LOST)
        if self.directory is not None:
            self.directory.give_up_outcome(entry_id)

    def prepare(self) -> None:
        """In the background: have a spare segment ready before it is needed."""
        if not self._closed:
            self._supply.prepare()

    def sync(self) -> None:
        """In the background: bring what was appended before to the disk. Raises OSError when that failed now or
        a moment ago; what was appended then is not safe from a host crash."""
        with self._syncing:
            self._sync(self._active)

    def forget_inherited(self) -> None:
        """In a forked child: let the parent's spool go without touching it."""
        self._supply.forget_inherited()
        if self._active is not None:
            self._active.close()

    def close(self) -> None:
        """Refuse what comes from now on, sync, and give the directory up."""
        if not self._lock.acquire(timeout=BUSY_AFTER_S):
            return
        try:
            self._closed = True
            active, self._active = self._active, None
        finally:
            self._lock.release()
        self._supply.close()
        if not self._syncing.acquire(timeout=CLOSE_SYNC_S):
            return  # the disk hangs; the end of the process closes the rest
        try:
            with contextlib.suppress(OSError):
                self._sync(active)
            self._segments.close_retired()
            if active is not None:
                active.close()
        finally:
            self._syncing.release()

    # -- appending, under the lock --------------------------------------------------------------------

    def _write(self, segment: Segment, kind: FrameKind, entry_id: bytes, body: bytes, size: int) -> None:
        sequence = self._sequence + 1
        accepted = self._accepted + (kind != FrameKind.SUPERSEDING)
        header = pack_header(kind, len(body), sequence, accepted, entry_id, body)
        pages, offset = segment.pages, segment.offset
        start = offset + HEADER_BYTES
        try:
            pages[start : start + len(body)] = body
            pages[offset:start] = header
        except BaseException:
            _erase(segment, size)
            raise
        segment.offset = offset + size
        self._count(sequence, accepted)

    def _count(self, sequence: int, accepted: int) -> None:
        self._sequence, self._accepted = sequence, accepted
        assert self._supply.directory is not None
        self._supply.directory.ledger.note_accepted(accepted)

    def _refuse(self, reason: DropReason, kind: FrameKind, entry_id: bytes, count_drop: bool) -> DropReason:
        if kind == FrameKind.SUPERSEDING:
            self.outcome_lost(entry_id)
        elif count_drop:
            self.drop(reason)
        return reason

    def _segment_with_room(self, size: int) -> Segment | DropReason:
        segment = self._active
        while segment is not None and segment.room_for(size):
            if segment.pages[segment.offset] == 0:
                return segment
            # A KeyboardInterrupt fell between a header and its counters: that frame counts, so do they.
            try:
                frame = read_frame(segment.pages, segment.number, segment.offset, segment.size)
            except (Absent, Damaged):
                return segment  # what is left of a frame that failed; it is written over
            segment.offset = frame.end.offset
            self._count(frame.sequence, frame.accepted)
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
        fresh = self._supply.take(size, self._segments.retire)
        if isinstance(fresh, DropReason):
            return fresh
        if self._active is not None:
            self._segments.retire(self._active)
        self._active = fresh
        self.spare_wanted.set()
        return fresh

    def _sync_for_caller(self, segment: Segment) -> None:
        """With `always`. The frame counts already, so a failure is told by the health, not to the caller."""
        if self._segments.pausing:
            return
        try:
            self._supply.sync_names()
            self._segments.sync_at_once(segment)
        except OSError:
            if self._segments.gave_up(segment):
                self._segments.retire(segment)
                self._active = None

    # -- the disk -----------------------------------------------------------------------------------

    def _sync(self, active: Segment | None) -> None:
        if self._fsync == "never":
            self._segments.close_retired()
            return
        try:
            self._segments.check_pause()
            self._supply.sync_names()
            self._segments.sync(active)
        except OSError:
            self._give_up(active)
            raise

    def _give_up(self, segment: Segment | None) -> None:
        """Append nothing more to a segment that cannot be synced."""
        if segment is None or not self._segments.gave_up(segment):
            return
        if not self._lock.acquire(timeout=BUSY_AFTER_S):
            return  # tried again with the next sync
        try:
            if self._active is segment:
                self._segments.retire(segment)
                self._active = None
        finally:
            self._lock.release()


def _erase(segment: Segment, size: int) -> None:
    """Leave nothing of a frame that failed half way, as far as it can be done."""
    with contextlib.suppress(OSError):
        try:
            read_frame(segment.pages, segment.number, segment.offset, segment.size)
        except (Absent, Damaged):
            segment.pages[segment.offset : segment.offset + size] = bytes(size)
