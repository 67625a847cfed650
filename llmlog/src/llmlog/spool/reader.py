"""Reading a spool in order, pairing provisional frames with the final ones, and moving the cursor.

Frames that were read but not settled are *in hand*; the cursor never passes them either.
Every entry is delivered once from its *delivery frame*: a FINAL frame, a SUPERSEDING one, or (only when the
owner is dead) a PROVISIONAL one that nothing superseded. The cursor never passes a provisional frame that
waits for its final one; frames after it that were already delivered are delivered again after a crash, which
the store's idempotent script makes harmless. Invariant: the counters of an acknowledgement count exactly the
delivery frames before its cursor.
"""

from __future__ import annotations

import mmap
import os
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from llmlog.spool.directory import SpoolDirectory
from llmlog.spool.frame import (
    Absent,
    Damaged,
    Frame,
    FrameKind,
    Position,
    next_frame_offset,
    read_frame,
)
from llmlog.spool.ledger import Acknowledgement
from llmlog.spool.segment import SEGMENT_HEADER_BYTES, segment_numbers, segment_path

Outcome = Literal["stored", "expired", "dead_lettered"]


class Delivery(NamedTuple):
    """An entry ready to be shipped. `orphaned`: its process ended before the outcome was known."""

    frame: Frame
    orphaned: bool


class SpoolReader:
    """The delivering end of one spool directory, alive (own) or dead (adopted). One thread uses it."""

    def __init__(self, directory: SpoolDirectory, quarantine: Path, *, alive: bool) -> None:
        self.directory = directory
        self._alive = alive
        self._quarantine = quarantine
        self._maps: dict[int, mmap.mmap] = {}
        acknowledged = directory.ledger.acknowledged
        self._totals = acknowledged
        self._position = self._first_position(acknowledged.cursor)
        self._pending: dict[bytes, Position] = {}
        self._in_hand: deque[Position] = deque()
        self._orphans_in_hand: set[bytes] = set()
        self._delivered: deque[tuple[Position, Outcome]] = deque()
        self._quarantined_ahead: deque[Position] = deque()
        self._last_accepted = 0
        self._exhausted = False

    def read(self, max_entries: int, max_bytes: int) -> list[Delivery]:
        """The next entries to ship, oldest first; fewer than asked at the end. Raises OSError."""
        batch: list[Delivery] = []
        size = 0
        while len(batch) < max_entries and size < max_bytes:
            frame = self._next_frame()
            if frame is None:
                break
            self._last_accepted = max(self._last_accepted, frame.accepted)
            if frame.kind == FrameKind.PROVISIONAL:
                self._pending[frame.entry_id] = frame.position
                continue
            self._pending.pop(frame.entry_id, None)
            batch.append(Delivery(frame, orphaned=False))
            size += len(frame.body)
        if not batch and self._exhausted and not self._alive:
            batch = self._orphans(max_entries)
        self._in_hand.extend(delivery.frame.position for delivery in batch)
        return batch

    def _orphans(self, max_entries: int) -> list[Delivery]:
        """Provisional frames that nothing will supersede any more."""
        waiting = [(entry_id, place) for entry_id, place in self._pending.items()]
        orphans = [pair for pair in waiting if pair[0] not in self._orphans_in_hand][:max_entries]
        self._orphans_in_hand.update(entry_id for entry_id, _ in orphans)
        return [Delivery(self._frame_at(place), orphaned=True) for _, place in orphans]

    def owner_died(self) -> None:
        """Nothing will be appended any more: provisional frames without a final one are orphans."""
        self._alive = False

    def settle(self, outcomes: Iterable[tuple[Delivery, Outcome]]) -> None:
        """Say what became of delivered entries (in the order they were read) and move the cursor."""
        for delivery, outcome in outcomes:
            self._in_hand.popleft()
            if delivery.orphaned:
                self._pending.pop(delivery.frame.entry_id, None)
                self._orphans_in_hand.discard(delivery.frame.entry_id)
            self._delivered.append((delivery.frame.position, outcome))
        self._acknowledge()

    @property
    def drained(self) -> bool:
        """Whether everything readable was read and settled."""
        return self._exhausted and not (self._pending or self._delivered or self._in_hand)

    @property
    def last_accepted(self) -> int:
        """Entries accepted by the owner, as far as was read."""
        return self._last_accepted

    def settled_total(self) -> Acknowledgement:
        """Counters of everything delivered so far, before and after the cursor."""
        counts = self._totals._asdict()
        for _, outcome in self._delivered:
            counts[outcome] += 1
        counts["quarantined"] += len(self._quarantined_ahead)
        return Acknowledgement(**counts)

    def delete_settled_segments(self, keep_from_ms: int) -> None:
        """Delete segments wholly before the cursor that were last written before `keep_from_ms`.

        They are kept some minutes, so that what a failover of Redis forgot can be sent again.
        """
        cursor = self._totals.cursor.segment
        for number in segment_numbers(self.directory.path):
            if number >= cursor:
                return
            path = segment_path(self.directory.path, number)
            if path.stat().st_mtime * 1000 > keep_from_ms:
                return
            mapped = self._maps.pop(number, None)
            if mapped is not None:
                mapped.close()
            path.unlink()

    def settled_before(self, moment_ms: int) -> bool:
        """Whether no segment was written since `moment_ms`."""
        paths = (segment_path(self.directory.path, n) for n in segment_numbers(self.directory.path))
        return all(path.stat().st_mtime * 1000 <= moment_ms for path in paths)

    def close(self) -> None:
        """Unmap what is open; the directory's lock stays as it is."""
        for mapped in self._maps.values():
            mapped.close()
        self._maps.clear()

    # -- frames, in order ---------------------------------------------------------------------------

    def _next_frame(self) -> Frame | None:
        while True:
            number, offset = self._position
            mapped = self._map(number)
            if mapped is None:
                if not self._go_to_later_segment(number):
                    break
                continue
            try:
                frame = read_frame(mapped, number, offset, len(mapped))
            except Absent:
                if not self._segment_finished(number, offset):
                    break
                continue
            except Damaged:
                if not self._step_over_damage(mapped):
                    break
                continue
            self._position = frame.end
            self._exhausted = False
            return frame
        self._exhausted = True
        return None

    def _segment_finished(self, number: int, offset: int) -> bool:
        """Whether a later segment has frames and this one still has none at `offset`; then go there.

        The second look matters: a frame may have been written here between the first look and the
        rotation that made the later segment the active one.
        """
        before = self._position
        if not self._go_to_later_segment(number):
            return False
        mapped = self._map(number)
        assert mapped is not None
        if offset < len(mapped) and mapped[offset] != 0:
            self._position = before
        return True

    def _go_to_later_segment(self, number: int) -> bool:
        for later in segment_numbers(self.directory.path):
            if later <= number:
                continue
            mapped = self._map(later)
            if mapped is not None and mapped[SEGMENT_HEADER_BYTES] != 0:
                self._position = Position(later, SEGMENT_HEADER_BYTES)
                return True
        return False

    def _step_over_damage(self, mapped: mmap.mmap) -> bool:
        """Put the damaged bytes aside and go on at the next whole frame.

        Without a next frame this is the torn tail of a killed process (cut, nothing to deliver), or, while
        the owner lives, a frame being written this moment (looked at again later).
        """
        number, offset = self._position
        after = next_frame_offset(mapped, number, offset)
        if after is not None:
            self._position = Position(number, after)
        elif not self._go_to_later_segment(number):
            return False
        self._put_aside(mapped, Position(number, offset), after)
        return True

    def _put_aside(self, mapped: mmap.mmap, place: Position, end: int | None) -> None:
        self._quarantine.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{self.directory.path.name}-{place.segment:08d}-{place.offset:08d}.frame"
        fd = os.open(self._quarantine / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(mapped[place.offset : end].rstrip(b"\0"))
        self._quarantined_ahead.append(place)

    def _frame_at(self, place: Position) -> Frame:
        mapped = self._map(place.segment)
        assert mapped is not None
        return read_frame(mapped, place.segment, place.offset, len(mapped))

    def _map(self, number: int) -> mmap.mmap | None:
        mapped = self._maps.get(number)
        if mapped is None:
            try:
                with segment_path(self.directory.path, number).open("rb") as file:
                    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except (FileNotFoundError, ValueError):  # ValueError: the file is still empty
                return None
            for finished in [n for n in self._maps if n < self._totals.cursor.segment]:
                self._maps.pop(finished).close()
            self._maps[number] = mapped
        return mapped

    # -- the cursor ---------------------------------------------------------------------------------

    def _first_position(self, cursor: Position) -> Position:
        if cursor.segment:
            return cursor
        numbers = segment_numbers(self.directory.path)
        return Position(numbers[0] if numbers else 1, SEGMENT_HEADER_BYTES)

    def _acknowledge(self) -> None:
        waiting = min(self._pending.values(), default=self._position)
        waiting = min(waiting, *self._in_hand) if self._in_hand else waiting
        counts = self._totals._asdict()
        counts["cursor"] = waiting
        still_ahead: deque[tuple[Position, Outcome]] = deque()
        for place, outcome in self._delivered:
            if place < waiting:
                counts[outcome] += 1
            else:
                still_ahead.append((place, outcome))
        self._delivered = still_ahead
        while self._quarantined_ahead and self._quarantined_ahead[0] < waiting:
            self._quarantined_ahead.popleft()
            counts["quarantined"] += 1
        self._totals = Acknowledgement(**counts)
        self.directory.ledger.acknowledge(self._totals)
