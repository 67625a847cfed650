"""A batch in hand: entries of one spool, packed for the store, and what became of each."""

from __future__ import annotations

import msgspec
import redis

from llmlog.decoding import decode_entry
from llmlog.entry import ErrorInfo
from llmlog.ship.dead_letters import DeadLetters
from llmlog.ship.door import StoreDoor
from llmlog.spool import Delivery, Outcome
from llmlog.store import PackedEntry

TRIES = 3
"""How often an entry whose data Redis refuses is tried before it becomes a dead letter."""

ORPHANED = ErrorInfo(type="interrupted", message="the process ended before the outcome was known")


class Batch:
    """Entries in the order they were read. `outcomes` is whole once `receive` has returned."""

    def __init__(self, writer: StoreDoor, dead_letters: DeadLetters) -> None:
        self.deliveries: list[Delivery] = []
        self.outcomes: list[Outcome] = []
        self.size_bytes = 0
        """Of the entries' JSON."""
        self._writer = writer
        self._dead_letters = dead_letters
        self._packed: dict[int, PackedEntry] = {}
        self._unreadable: dict[int, str] = {}
        self._plan = writer.new_plan()

    def add(self, delivery: Delivery) -> None:
        """Pack one entry more, which takes some 50 us."""
        index = len(self.deliveries)
        self.deliveries.append(delivery)
        self.outcomes.append("stored")
        self.size_bytes += len(delivery.frame.body)
        try:
            packed = self._writer.pack(_body_of(delivery))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._unreadable[index] = f"not readable: {error}"
            return
        if packed is None:
            self.outcomes[index] = "expired"
        else:
            self._packed[index] = packed
            self._plan.add(packed)

    def seal(self) -> None:
        """No more entries: ready to be sent."""
        self._plan.seal()

    def send(self) -> None:
        """Give it to Redis. Raises StoreUnavailable."""
        if self._packed:
            self._writer.send(self._plan)

    def receive(self) -> None:
        """Wait until Redis has it. Raises StoreUnavailable, OSError when a dead letter cannot be kept."""
        refusals = self._receive() if self._packed else {}
        for index, reason in refusals.items():
            self._put_aside(index, reason, self._packed[index].body)
        for index, reason in self._unreadable.items():
            self._put_aside(index, reason, self.deliveries[index].frame.body)

    def _put_aside(self, index: int, reason: str, body: bytes) -> None:
        if self.outcomes[index] != "dead_lettered":
            self._dead_letters.keep(reason, body)
            self.outcomes[index] = "dead_lettered"

    def _receive(self) -> dict[int, str]:
        """What was refused for its data in the end, with Redis's words."""
        try:
            outcomes = self._writer.receive(self._plan)
        except redis.ResponseError as error:  # about the batch as a whole: each alone may do
            refusals = dict.fromkeys(self._packed, str(error))
        else:
            refusals = {}
            for index, outcome in zip(self._packed, outcomes, strict=True):
                if outcome.erased:
                    self.outcomes[index] = "expired"
                elif not outcome.stored:
                    refusals[index] = outcome.error or "refused"
        for _ in range(TRIES - 1):
            refusals = self._one_by_one(refusals)
        return refusals

    def _one_by_one(self, refused: dict[int, str]) -> dict[int, str]:
        """Try each refused entry alone; returns those refused again, with Redis's words."""
        refusals: dict[int, str] = {}
        for index in refused:
            try:
                (outcome,) = self._writer.write([self._packed[index]])
            except redis.ResponseError as error:
                refusals[index] = str(error)
                continue
            if outcome.erased:
                self.outcomes[index] = "expired"
            elif not outcome.stored:
                refusals[index] = outcome.error or "refused"
        return refusals


def _body_of(delivery: Delivery) -> bytes:
    """The entry's JSON; that of an orphan says that its process ended. Raises msgspec.DecodeError."""
    body = delivery.frame.body
    if not delivery.orphaned:
        return body
    entry = decode_entry(body)
    error = entry.error if entry.error is not None else ORPHANED
    return msgspec.json.encode(msgspec.structs.replace(entry, result=None, status="error", error=error))
