"""The shipper against a store that fails in every way, with a clock that stands still until it is told to move."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import msgspec
import pytest
from fake_store import FakeStore, Trouble
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from llmlog import LlmRequest, LogEntry
from llmlog.capture.identifiers import id_bytes
from llmlog.clock import ManualClock
from llmlog.diagnosis import spool_health
from llmlog.health import SpoolHealth
from llmlog.ship import CircuitBreaker, DeadLetters, Shipper, Sources
from llmlog.ship.breaker import LONGEST_PAUSE_S
from llmlog.ship.pace import Alone, Pace
from llmlog.spool import FrameKind, SpoolWriter

LIMIT_BYTES = 1024**3


class World:
    """One data directory, one store, one host process after the other."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.clock = ManualClock(int(time.time() * 1000))
        self.store = FakeStore(self.clock)
        self.accepted: list[str] = []
        self.open: list[str] = []
        self.start()

    def start(self) -> None:
        """A host process begins."""
        self.writer = SpoolWriter(self.data_dir / "spool", LIMIT_BYTES, self.clock)
        self.breaker = CircuitBreaker(self.clock, seed=1)
        sources = Sources(self.data_dir / "spool", lambda: self.writer.directory, self.clock, LIMIT_BYTES)
        letters = DeadLetters(self.data_dir / "dead-letters", self.clock)
        pace = Pace(Alone(), smallest_batch=10)
        self.shipper = Shipper(sources, self.store, self.breaker, letters, self.clock, pace)
        self.writer.prepare()

    def die(self) -> None:
        """It is killed: nothing is closed, only its locks are gone."""
        self.store.abandon()
        self.shipper.release()
        self.writer.close()
        if self.writer.directory is not None:
            self.writer.directory.release()
        self.open.clear()

    def append(self, kind: FrameKind, entry_id: str, age_s: float = 0, text: str = "") -> None:
        """Append an entry, as the recorder does."""
        entry = LogEntry(
            id=entry_id,
            timestamp=self.clock.now_ms() - round(age_s * 1000),
            command=text,
            llm_request=LlmRequest(model="m"),
        )
        assert self.writer.append(kind, id_bytes(entry_id), msgspec.json.encode(entry)) is None

    def log(self, **more: float) -> str:
        """One whole entry."""
        entry_id = f"entry-{len(self.accepted):010d}"
        self.append(FrameKind.FINAL, entry_id, **more)
        self.accepted.append(entry_id)
        return entry_id

    def health(self) -> SpoolHealth:
        """The ledger as every page shows it."""
        return spool_health(self.data_dir / "spool", LIMIT_BYTES, self.writer, self.shipper)

    def drain(self) -> None:
        """Let time pass until everything is settled."""
        for _ in range(4_000):
            if not self.shipper.run_once() and self.shipper.drained and self.health().spooled == 0:
                return
            self.clock.advance(0.5)
        pytest.fail(f"not drained: {self.health()}")


class ShipperModel(RuleBasedStateMachine):
    """What was accepted is stored, a dead letter, or expired; each once; and the ledger says so at every step."""

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.world = World(self.directory)
        self.expired = 0

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.store.trouble = "none"
        world.die()
        world.start()
        world.drain()
        refused = world.store.refused_ids & set(world.accepted)
        expected = set(world.accepted) - refused
        assert len(world.store.stored) == len(expected) - self.expired
        assert set(world.store.stored) <= expected
        health = world.health()
        assert (health.accepted, health.dead_lettered, health.expired) == (
            len(world.accepted),
            len(refused),
            self.expired,
        )
        world.clock.advance(3_600)  # by now every spool but the own one is folded into the totals and gone
        world.shipper.run_once()
        assert world.health().accepted == len(world.accepted)
        world.die()
        shutil.rmtree(self.directory)

    @rule(count=st.integers(1, 60))
    def log(self, count: int) -> None:
        for _ in range(count):
            self.world.log()

    @rule()
    def log_something_old(self) -> None:
        self.world.log(age_s=91 * 86_400)
        self.expired += 1

    @rule()
    def log_poison(self) -> None:
        self.world.store.refused_ids.add(self.world.log())

    @rule()
    def begin_interaction(self) -> None:
        entry_id = f"entry-{len(self.world.accepted):010d}"
        self.world.append(FrameKind.PROVISIONAL, entry_id, text="provisional")
        self.world.accepted.append(entry_id)
        self.world.open.append(entry_id)

    @rule(which=st.integers(0, 10))
    def end_interaction(self, which: int) -> None:
        if self.world.open:
            entry_id = self.world.open.pop(which % len(self.world.open))
            self.world.append(FrameKind.SUPERSEDING, entry_id, text="final")

    @rule(trouble=st.sampled_from(["none", "away", "hung", "reply lost", "script error"]))
    def store_changes(self, trouble: Trouble) -> None:
        self.world.store.trouble = trouble

    @rule(rounds=st.integers(1, 4))
    def ship(self, rounds: int) -> None:
        for _ in range(rounds):
            was_open = self.world.breaker.seconds_until_try() > 0
            before = self.world.store.contacts
            self.world.shipper.run_once()
            assert not (was_open and self.world.store.contacts > before), "an open breaker let a call through"

    @rule(seconds=st.sampled_from([0.1, 1.0, 31.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule()
    def killed_and_started_again(self) -> None:
        self.world.die()
        self.world.start()

    @invariant()
    def nothing_twice_nothing_invented(self) -> None:
        if hasattr(self, "world"):
            store = self.world.store
            assert store.counted == len(store.stored)
            assert set(store.stored) <= set(self.world.accepted)
            assert not set(store.stored) & set(self.world.open), "an open interaction was shipped"

    @invariant()
    def the_ledger_is_exact(self) -> None:
        if hasattr(self, "world"):
            health = self.world.health()
            assert health.accepted == len(self.world.accepted)
            assert health.accepted == health.stored + health.spooled + health.dead_lettered + health.expired
            assert not health.dropped

    @invariant()
    def the_breaker_is_never_open_for_long(self) -> None:
        if hasattr(self, "world"):
            assert self.world.breaker.seconds_until_try() <= LONGEST_PAUSE_S


QUICK = settings(max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
TestShipper = ShipperModel.TestCase
TestShipper.settings = QUICK


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_six_hours_without_the_store(world: World) -> None:
    """An entry a second for six hours while the store is away: it is asked now and then, never hammered, and
    gets everything in order when it is back; the ledger is exact all the time."""
    world.store.trouble = "away"
    for second in range(6 * 3600):
        world.log()
        world.shipper.run_once()
        world.clock.advance(1)
        if second % 1000 == 0:
            assert world.health().spooled == second + 1
    hours = 6
    assert hours * 3600 / LONGEST_PAUSE_S <= world.store.contacts <= hours * 3600 / (LONGEST_PAUSE_S / 2) + 10
    world.store.trouble = "none"
    world.drain()
    assert list(world.store.stored) == world.accepted
    assert world.store.counted == len(world.accepted)
    health = world.health()
    assert (health.accepted, health.stored, health.spooled) == (21_600, 21_600, 0)
    world.die()


def test_a_forgetful_store_gets_it_again(world: World) -> None:
    """What was confirmed and lost is sent again from the segments still on disk, counted once in the ledger."""
    for _ in range(500):
        world.log()
    world.drain()
    world.store.forget_everything()
    world.drain()
    assert set(world.store.stored) == set(world.accepted)
    assert world.health().stored == 500
    assert world.shipper.restored is not None
    world.die()


def test_batches_grow_when_the_way_is_slow(world: World) -> None:
    """Full batches that take long grow, and are small again when the way is quick."""
    world.store.on_answer = lambda: world.clock.advance(0.1)
    for _ in range(4_000):
        world.log()
    world.drain()
    assert (world.store.batches[0], max(world.store.batches)) == (10, 800)
    world.store.on_answer = lambda: None
    for _ in range(4_000):
        world.log()
    world.drain()
    assert 10 in world.store.batches[-5:]
    world.die()


def test_orphans_are_told_from_the_living(world: World) -> None:
    """An interaction that never ended ships when its process is dead, saying so, and not before."""
    world.append(FrameKind.PROVISIONAL, "entry-living-00", text="asked")
    world.accepted.append("entry-living-00")
    for _ in range(100):
        world.log()
    for _ in range(20):
        world.shipper.run_once()
        world.clock.advance(1)
    assert len(world.store.stored) == 100
    assert world.health().spooled >= 1
    world.die()
    world.start()
    world.drain()
    orphan = msgspec.json.decode(world.store.stored["entry-living-00"], type=LogEntry)
    assert (orphan.status, orphan.command) == ("error", "asked")
    assert orphan.error is not None
    assert orphan.error.message == "the process ended before the outcome was known"
    world.die()
