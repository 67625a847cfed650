"""A store in memory that fails in every way a real one does; test_store_door.py holds both to the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import redis

from llmlog.clock import Clock
from llmlog.errors import StoreUnavailable
from llmlog.store import BatchPlan, PackedEntry, WriteOutcome
from llmlog.store.head import head_of

RETENTION_MS = 90 * 86_400_000

Trouble = Literal["none", "away", "hung", "reply lost", "script error"]


def _at_once() -> None:
    """Take no time."""


class FakeStore:
    """Speaks llmlog.ship.door.StoreDoor."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._on_the_way: BatchPlan | None = None
        self.trouble: Trouble = "none"
        self.forgotten: Literal["nothing", "perhaps", "surely"] = "nothing"
        self.refused_ids: set[str] = set()
        """Ids whose data is refused."""
        self.stored: dict[str, bytes] = {}
        """Whole entries by id, in the order of their arrival."""
        self.counted = 0
        """What the daily statistics would say."""
        self.contacts = 0
        """How often somebody tried to reach it."""
        self.batches: list[int] = []
        """How many entries came at a time."""
        self.on_answer: Callable[[], None] = _at_once
        """What happens while it makes up its answer."""

    def forget_everything(self) -> None:
        """Lose all data, and be found out."""
        self.stored.clear()
        self.counted = 0
        self.forgotten = "surely"

    def get_ready(self) -> None:
        self.contacts += 1
        if self.trouble in ("away", "hung"):
            raise self._down()

    def pack(self, body: bytes) -> PackedEntry | None:
        head, body = head_of(body)
        if head.timestamp + RETENTION_MS <= self._clock.now_ms():
            return None
        return PackedEntry(head, body, b"", b"", {})

    def new_plan(self) -> BatchPlan:
        return BatchPlan(None, frozenset(), self._clock.now_ms(), RETENTION_MS)

    def write(self, entries: Sequence[PackedEntry]) -> list[WriteOutcome]:
        plan = self.new_plan()
        for entry in entries:
            plan.add(entry)
        self.send(plan)
        return self.receive(plan)

    def send(self, plan: BatchPlan) -> None:
        assert self._on_the_way is None, "a second batch was sent before the first was answered"
        self.contacts += 1
        if self.trouble == "away":
            raise self._down()
        self._on_the_way = plan

    def receive(self, plan: BatchPlan) -> list[WriteOutcome]:
        assert self._on_the_way is plan
        self._on_the_way = None
        if self.trouble == "hung":
            raise self._down()
        if self.trouble == "script error" and len(plan.entries) > 1:
            raise redis.ResponseError("ERR user_script: too much")
        self.batches.append(len(plan.entries))
        self.on_answer()
        outcomes = [self._store(entry) for entry in plan.entries]
        if self.trouble == "reply lost":
            raise self._down()
        return outcomes

    def abandon(self) -> None:
        self._on_the_way = None

    def renew_dictionary(self) -> None:
        pass

    def _store(self, entry: PackedEntry) -> WriteOutcome:
        entry_id = entry.head.id
        if entry_id in self.refused_ids:
            return WriteOutcome(stored=False, error="WRONGTYPE")
        fresh = entry_id not in self.stored
        if fresh:
            self.stored[entry_id] = entry.body
            self.counted += 1
        return WriteOutcome(stored=True, fresh=fresh)

    def _down(self) -> StoreUnavailable:
        return StoreUnavailable("ConnectionError", self._clock.now_ms())
