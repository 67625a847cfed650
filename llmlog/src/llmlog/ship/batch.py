"""A batch in hand: entries of one spool, packed for the store, and what became of each."""

from __future__ import annotations

import msgspec
import redis

from llmlog.decoding import decode_entry
from llmlog.entry import ErrorInfo
from llmlog.ship.dead_letters import DeadLetters
from llmlog.ship.door import StoreDoor
from llmlog.spool import Delivery, Outcome
from llmlog.store import BatchPlan, PackedEntry

TRIES = 3
"""How often an entry whose data Redis refuses is tried before it becomes a dead letter."""

ORPHANED = ErrorInfo(type="interrupted", message="the process ended before the outcome was known")


class Batch:
    """Entries in the order they were read. `outcomes` is whole once `receive` has returned."""

    def __init__(self, deliveries: list[Delivery], writer: StoreDoor, dead_letters: DeadLetters) -> None:
        """Packs them, which takes some 40 us each. Raises OSError when a dead letter cannot be kept."""
        self.deliveries = deliveries
        self.outcomes: list[Outcome] = ["stored"] * len(deliveries)
        self._writer = writer
        self._dead_letters = dead_letters
        self._packed: dict[int, PackedEntry] = {}
        for index, delivery in enumerate(deliveries):
            self._pack(index, delivery)
        self._plan: BatchPlan | None = writer.plan(list(self._packed.values())) if self._packed else None

    def send(self) -> None:
        """Give it to Redis. Raises StoreUnavailable."""
        if self._plan is not None:
            self._writer.send(self._plan)

    def receive(self) -> None:
        """Wait until Redis has it. Raises StoreUnavailable, OSError when a dead letter cannot be kept."""
        if self._plan is None:
            return
        try:
            outcomes = self._writer.receive(self._plan)
        except redis.ResponseError as error:  # about the batch as a whole: each alone may do
            refusals = dict.fromkeys(self._packed, str(error))
        else:
            pairs = zip(self._packed, outcomes, strict=True)
            refusals = {index: outcome.error or "refused" for index, outcome in pairs if not outcome.stored}
        for _ in range(TRIES - 1):
            refusals = self._one_by_one(refusals)
        for index, reason in refusals.items():
            self._dead_letters.keep(reason, self._packed[index].body)
            self.outcomes[index] = "dead_lettered"

    def _pack(self, index: int, delivery: Delivery) -> None:
        try:
            packed = self._writer.pack(_body_of(delivery))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._dead_letters.keep(f"not readable: {error}", delivery.frame.body)
            self.outcomes[index] = "dead_lettered"
            return
        if packed is None:
            self.outcomes[index] = "expired"
        else:
            self._packed[index] = packed

    def _one_by_one(self, refused: dict[int, str]) -> dict[int, str]:
        """Try each refused entry alone; returns those refused again, with Redis's words."""
        refusals: dict[int, str] = {}
        for index in refused:
            try:
                (outcome,) = self._writer.write([self._packed[index]])
            except redis.ResponseError as error:
                refusals[index] = str(error)
                continue
            if not outcome.stored:
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
