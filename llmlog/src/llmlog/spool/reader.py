"""Reading a spool in order, pairing provisional frames with the final ones, and moving the cursor.

Frames that were read but not settled are *in hand*; the cursor never passes them either.
Every entry is delivered once from its *delivery frame*: a FINAL frame, a SUPERSEDING one, or a PROVISIONAL one
that nothing will supersede (its owner is dead, or could not keep the outcome). The cursor never passes a
provisional frame whose entry is not settled, also when its final one was read: after a power cut that one may be
gone. Frames after it that were already delivered are delivered again after a crash, which the store's idempotent
script makes harmless. Invariant: the counters of an acknowledgement count exactly the delivery frames before its
cursor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from llmlog.spool.directory import SpoolDirectory
from llmlog.spool.frame import Frame, FrameKind, Position
from llmlog.spool.ledger import Acknowledgement
from llmlog.spool.segment import SEGMENT_HEADER_BYTES, segment_numbers, segment_path
from llmlog.spool.walk import FrameWalk

Outcome = Literal["stored", "expired", "dead_lettered"]


class Delivery(NamedTuple):
    """An entry ready to be shipped. `orphaned`: its outcome was never known, or could not be kept."""

    frame: Frame
    orphaned: bool


class SpoolReader:
    """The delivering end of one spool directory, alive (own) or dead (adopted). One thread uses it."""

    def __init__(self, directory: SpoolDirectory, quarantine: Path, *, alive: bool) -> None:
        """Raises OSError."""
        self.directory = directory
        self._files = directory.files
        acknowledged = directory.ledger.acknowledged
        self._totals = acknowledged
        start = self._first_position(acknowledged.cursor)
        self._walk = FrameWalk(self._files, directory.path, quarantine, start, alive=alive)
        self._pending: dict[bytes, Position] = {}
        self._decided: dict[bytes, Position] = {}
        self._in_hand: deque[Position] = deque()
        self._delivered: deque[tuple[Position, Outcome]] = deque()
        self._last_accepted = 0
        self._lost = acknowledged.lost
        self._settled_total = acknowledged

    def read(self, max_entries: int, max_bytes: int) -> list[Delivery]:
        """The next entries to ship, oldest first; fewer than asked at the end. Raises OSError."""
        batch: list[Delivery] = []
        size = 0
        while len(batch) < max_entries and size < max_bytes:
            frame = self._walk.next()
            if frame is None:
                break
            self._last_accepted = max(self._last_accepted, frame.accepted)
            if frame.kind == FrameKind.PROVISIONAL:
                self._pending[frame.entry_id] = frame.position
                continue
            self._decide(frame.entry_id)
            self._in_hand.append(frame.position)
            batch.append(Delivery(frame, orphaned=False))
            size += len(frame.body)
        if not batch and self._walk.exhausted:
            batch = self._orphans(max_entries)
            if not batch:
                self._add_up()
        return batch

    def owner_died(self) -> None:
        """Nothing will be appended any more: provisional frames without a final one are orphans."""
        self._walk.alive = False
        self._walk.exhausted = False  # it may have appended since the newest look

    def settle(self, outcomes: Iterable[tuple[Delivery, Outcome]]) -> None:
        """Say what became of delivered entries (in the order they were read) and move the cursor."""
        for delivery, outcome in outcomes:
            self._in_hand.popleft()
            self._decided.pop(delivery.frame.entry_id, None)
            if delivery.orphaned:
                self.directory.outcome_settled(delivery.frame.entry_id)
            self._delivered.append((delivery.frame.position, outcome))
        self._acknowledge()

    @property
    def drained(self) -> bool:
        """Whether everything readable was read and settled."""
        waiting = self._pending or self._decided or self._delivered or self._in_hand
        return self._walk.exhausted and not waiting

    @property
    def last_accepted(self) -> int:
        """Entries accepted by the owner, as far as was read."""
        return self._last_accepted

    def settled_total(self) -> Acknowledgement:
        """Counters of everything delivered so far, before and after the cursor. From any thread."""
        return self._settled_total

    def delete_settled_segments(self, keep_from_ms: int) -> None:
        """Delete segments wholly before the cursor that were last written before `keep_from_ms`.

        They are kept some minutes, so that what a failover of Redis forgot can be sent again. Raises OSError.
        """
        cursor = self._totals.cursor.segment
        for number in segment_numbers(self.directory.path, self._files):
            path = segment_path(self.directory.path, number)
            if number >= cursor or self._files.look(path).modified_ms > keep_from_ms:
                return
            if not self.directory.ledger.sync():
                return  # whoever comes after a crash could not tell what became of the entries in it
            self._walk.let_go(before_segment=number + 1)
            self._files.remove(path)

    def settled_before(self, moment_ms: int) -> bool:
        """Whether no segment was written since `moment_ms`. Raises OSError."""
        numbers = segment_numbers(self.directory.path, self._files)
        looks = (self._files.look(segment_path(self.directory.path, number)) for number in numbers)
        return all(look.modified_ms <= moment_ms for look in looks)

    def close(self) -> None:
        """Let go of what is open; the directory's lock stays as it is."""
        self._walk.close()

    def _decide(self, entry_id: bytes) -> None:
        """A provisional frame is no longer waited for, only kept until its entry is settled."""
        place = self._pending.pop(entry_id, None)
        if place is not None:
            self._decided[entry_id] = place

    def _orphans(self, max_entries: int) -> list[Delivery]:
        """Provisional frames that nothing will supersede any more."""
        dead, given_up = not self._walk.alive, self.directory.outcome_given_up
        orphans = [pair for pair in self._pending.items() if dead or given_up(pair[0])][:max_entries]
        batch = []
        for entry_id, place in orphans:
            frame = self._walk.frame_at(place)
            if frame is None:
                del self._pending[entry_id]
                continue
            self._decide(entry_id)
            self._in_hand.append(place)
            batch.append(Delivery(frame, orphaned=True))
        return batch

    def _add_up(self) -> None:
        """Bring the counters that others see up to date.

        What is lost, accepted but neither delivered nor waiting, can be told only when all was read: outcomes
        overlap, so while some are still to come an entry before the cursor may seem to be missing.
        """
        if self._walk.exhausted and not self._in_hand:
            accepted = self._last_accepted
            if not self._walk.alive:
                accepted = max(accepted, self.directory.ledger.accepted)
            known = self._totals.settled + len(self._delivered) + len(self._pending)
            self._lost = max(0, accepted - known) if accepted else self._lost
        counts = self._totals._asdict()
        for _, outcome in self._delivered:
            counts[outcome] += 1
        counts["quarantined"] += len(self._walk.put_aside)
        counts["lost"] = self._lost
        self._settled_total = Acknowledgement(**counts)

    def _first_position(self, cursor: Position) -> Position:
        if cursor.segment:
            return cursor
        numbers = segment_numbers(self.directory.path, self._files)
        return Position(numbers[0] if numbers else 1, SEGMENT_HEADER_BYTES)

    def _acknowledge(self) -> None:
        self._add_up()
        position = self._walk.position
        waiting = min(position, *self._pending.values(), *self._decided.values(), *self._in_hand, position)
        counts = self._totals._asdict()
        counts["cursor"] = waiting
        still_ahead: deque[tuple[Position, Outcome]] = deque()
        for place, outcome in self._delivered:
            if place < waiting:
                counts[outcome] += 1
            else:
                still_ahead.append((place, outcome))
        self._delivered = still_ahead
        while self._walk.put_aside and self._walk.put_aside[0] < waiting:
            self._walk.put_aside.popleft()
            counts["quarantined"] += 1
        if waiting == position:
            counts["lost"] = self._lost
        self._totals = Acknowledgement(**counts)
        self.directory.ledger.acknowledge(self._totals)
        self._walk.let_go(before_segment=waiting.segment)
