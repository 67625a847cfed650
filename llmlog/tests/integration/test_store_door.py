"""One set of promises for the store and its double: what the shipper relies on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fake_store import FakeStore

from llmlog import LLMLoggingService, LlmRequest, LogEntry, Settings
from llmlog.clock import SystemClock
from llmlog.ship.door import StoreDoor
from llmlog.store import BatchPlan, BatchWriter, PackedEntry


class Door:
    """A door, and how to look behind it."""

    def __init__(self, door: StoreDoor, service: LLMLoggingService | None) -> None:
        self.door = door
        self._service = service

    def counted(self) -> int:
        """What the statistics say."""
        if self._service is not None:
            return self._service.statistics().total_queries
        assert isinstance(self.door, FakeStore)
        return self.door.counted

    def refuse(self, entry_id: str) -> None:
        """Have the data of one id refused."""
        if self._service is not None:
            self._service.redis_client(5).set(f"llm:log:{entry_id}", "no hash", px=60_000)
        else:
            assert isinstance(self.door, FakeStore)
            self.door.refused_ids.add(entry_id)

    def forget_everything(self) -> None:
        """Lose all data."""
        if self._service is not None:
            self._service.redis_client(5).flushall()
        else:
            assert isinstance(self.door, FakeStore)
            self.door.forget_everything()


@pytest.fixture(name="door", params=["fake", "Redis"])
def _door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    if request.param == "fake":
        yield Door(FakeStore(SystemClock()), None)
        return
    with LLMLoggingService.open_reader(Settings(data_dir=tmp_path)) as service:
        writer = BatchWriter(service._reads.connection, 90, SystemClock())
        yield Door(writer, service)


def packed(door: StoreDoor, entry_id: str, age_days: int = 0) -> PackedEntry | None:
    """An entry, packed."""
    timestamp = int(time.time() * 1000) - age_days * 86_400_000
    entry = LogEntry(id=entry_id, timestamp=timestamp, llm_request=LlmRequest(model="m"))
    return door.pack(msgspec.json.encode(entry))


def planned(door: StoreDoor, *entry_ids: str) -> BatchPlan:
    """A batch ready to be sent."""
    plan = door.new_plan()
    for entry in batch(door, *entry_ids):
        plan.add(entry)
    plan.seal()
    return plan


def batch(door: StoreDoor, *entry_ids: str) -> list[PackedEntry]:
    """Several, packed."""
    entries = [packed(door, entry_id) for entry_id in entry_ids]
    return [entry for entry in entries if entry is not None]


def test_each_entry_is_stored_once(door: Door) -> None:
    """A batch sent again is taken as stored, is not fresh, and counts nothing."""
    door.door.get_ready()
    entries = batch(door.door, "entry-000001", "entry-000002")
    assert [(o.stored, o.fresh) for o in door.door.write(entries)] == [(True, True)] * 2
    assert [(o.stored, o.fresh) for o in door.door.write(entries)] == [(True, False)] * 2
    assert door.counted() == 2


def test_refused_data_is_told_for_its_entry_alone(door: Door) -> None:
    """One refused entry leaves the others of its batch stored."""
    door.door.get_ready()
    door.refuse("entry-000002")
    outcomes = door.door.write(batch(door.door, "entry-000001", "entry-000002", "entry-000003"))
    assert [outcome.stored for outcome in outcomes] == [True, False, True]
    assert outcomes[1].error
    assert door.counted() == 2


def test_what_is_too_old_is_not_packed(door: Door) -> None:
    """An entry beyond the retention is None."""
    assert packed(door.door, "entry-000001", age_days=91) is None
    assert packed(door.door, "entry-000002", age_days=89) is not None


def test_what_is_no_entry_raises(door: Door) -> None:
    """Bytes that are no JSON object are a DecodeError."""
    for body in (b"", b"[1]", b"{", b"\xff"):
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            door.door.pack(body)


def test_packing_goes_on_while_a_batch_is_on_its_way(door: Door) -> None:
    """Between send and receive the next batch can be packed and planned; an abandoned one leaves no trace that
    disturbs the next."""
    door.door.get_ready()
    first = planned(door.door, "entry-000001")
    door.door.send(first)
    second = planned(door.door, "entry-000002")
    assert [outcome.stored for outcome in door.door.receive(first)] == [True]
    door.door.send(second)
    door.door.abandon()
    third = planned(door.door, "entry-000002", "entry-000003")
    door.door.send(third)
    assert [outcome.stored for outcome in door.door.receive(third)] == [True, True]
    assert door.counted() == 3


def test_a_store_that_forgot_is_found_out(door: Door) -> None:
    """After losing everything, the next write goes through and `forgotten` says so."""
    door.door.get_ready()
    door.door.write(batch(door.door, "entry-000001"))
    door.door.forgotten = "nothing"
    door.forget_everything()
    door.door.write(batch(door.door, "entry-000002"))
    assert door.door.forgotten == "surely"
    assert door.counted() == 1
