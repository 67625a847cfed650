"""The spool against everything a machine can do to it: ends at any step, power cuts, full and failing disks.

A failing run prints how to repeat it (`@reproduce_failure`). What is promised, for any history:

- an entry whose append returned None is delivered with its exact bytes after any kill, and after a power cut when
  a sync has returned since; nothing is delivered that was not written;
- a frame that is damaged hides no other;
- an entry whose outcome is not known yet is delivered when its process is dead, or could not keep the outcome;
- accepted = stored + dead-lettered + expired + spooled, and drops are counted by reason. Two exceptions: drops of
  a process that never had a spool die with it, and a power cut takes figures that were not synced (then what is
  accepted and lost is told as damaged, and the sum holds again);
- `append` never raises.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from spool_entries import Entry, Written
from spool_world import SEGMENT_BYTES, Host, Source, World

from llmlog.spool import FrameKind
from llmlog.spool.files import Mode
from llmlog.spool.writer import FsyncMode

SIZES = st.one_of(st.integers(0, 300), st.integers(3_000, 9_000), st.just(SEGMENT_BYTES + 4_000))
WHICH = st.sampled_from([0, 0, 0, 1, 2])
SEEDS = st.integers(0, 2**32)


class SpoolModel(RuleBasedStateMachine):
    """Hosts that log, deliver, end and are followed by others."""

    @initialize(mode=st.sampled_from(["mapped", "written"]), fsync=st.sampled_from(["interval", "always", "never"]))
    def begin(self, mode: Mode, fsync: FsyncMode) -> None:
        self.world = World(mode, fsync)
        self.world.start()

    # -- writing ------------------------------------------------------------------------------------

    @rule(which=WHICH, size=SIZES, provisional=st.booleans(), count=st.integers(1, 6))
    def log(self, which: int, size: int, provisional: bool, count: int) -> None:
        kind = FrameKind.PROVISIONAL if provisional else FrameKind.FINAL
        for _ in range(count):
            self._append(self._host(which), kind, size)

    @rule(which=WHICH, size=SIZES, entry=st.integers(0, 10))
    def end_interaction(self, which: int, size: int, entry: int) -> None:
        host = self._host(which)
        if host.open:
            self._append(host, FrameKind.SUPERSEDING, size, host.open.pop(entry % len(host.open)))

    @rule(which=WHICH, size=SIZES, steps=st.integers(0, 12))
    def log_and_be_interrupted(self, which: int, size: int, steps: int) -> None:
        host = self._host(which)
        host.files.interrupted_in = steps
        try:
            self._append(host, FrameKind.FINAL, size)
        except KeyboardInterrupt:
            self.world.ends += 1
        host.files.interrupted_in = None

    @rule(which=WHICH)
    def prepare(self, which: int) -> None:
        host = self._host(which)
        self.world.run(host, host.writer.prepare)

    @rule(which=WHICH)
    def sync(self, which: int) -> None:
        host = self._host(which)
        self.world.run(host, lambda: self.world.sync(host))

    # -- delivering ---------------------------------------------------------------------------------

    @rule(which=WHICH, spool=WHICH, count=st.sampled_from([1, 5, 100]))
    def read(self, which: int, spool: int, count: int) -> None:
        host = self._host(which)
        source = self._source(host, spool)
        if source is not None and len(source.batches) < 2:
            self.world.run(host, lambda: _ignore(self.world.read(host, source, count)))

    @rule(which=WHICH, spool=WHICH, seed=SEEDS)
    def settle(self, which: int, spool: int, seed: int) -> None:
        host = self._host(which)
        source = self._source(host, spool)
        if source is not None and source.batches:
            self.world.run(host, lambda: self.world.settle(source, Random(seed)))

    @rule(which=WHICH, spool=WHICH, sizes=st.lists(SIZES, min_size=2, max_size=6), seed=SEEDS)
    def log_and_deliver_reading_ahead(self, which: int, spool: int, sizes: list[int], seed: int) -> None:
        host = self._host(which)
        for size in sizes:
            self._append(host, FrameKind.FINAL, size)
        for _ in range(2):
            self.read(which, spool, 1 + len(sizes) // 2)
        self.settle(which, spool, seed)

    @rule(which=WHICH)
    def deliver_all(self, which: int) -> None:
        host = self._host(which)
        host.source_of_its_own()
        for spool, source in enumerate(list(host.sources)):
            while source.batches and host in self.world.hosts:
                self.settle(which, spool, 0)
            if host in self.world.hosts:
                self.read(which, spool, 100)
                self.settle(which, spool, 0)

    @rule(which=WHICH)
    def adopt(self, which: int) -> None:
        host = self._host(which)
        self._unless_full(host, lambda: self.world.adopt(host))

    @rule(which=WHICH)
    def clean_up(self, which: int) -> None:
        host = self._host(which)
        self.world.clock.advance(1)
        self._unless_full(host, lambda: self.world.clean_up(host))

    # -- beginnings and ends ------------------------------------------------------------------------

    @precondition(lambda self: len(self.world.hosts) < 3)
    @rule()
    def start(self) -> None:
        self.world.start()

    @rule(which=WHICH)
    def close(self, which: int) -> None:
        host = self._host(which)
        self.world.run(host, lambda: self.world.close(host))

    @rule(which=WHICH, steps=st.integers(0, 40), words=st.integers(0, 8))
    def will_be_killed(self, which: int, steps: int, words: int) -> None:
        host = self._host(which)
        host.files.ends_in, host.files.keeps_words = steps, words
        host.end = lambda: self.world.kill(host)

    @rule(which=WHICH, steps=st.integers(0, 40), words=st.integers(0, 8), seed=SEEDS)
    def power_will_be_cut(self, which: int, steps: int, words: int, seed: int) -> None:
        host = self._host(which)
        host.files.ends_in, host.files.keeps_words = steps, words
        host.end = lambda: self.world.cut_power(Random(seed))

    # -- the disk -----------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.2, 0.6, 5.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule(free=st.sampled_from([0, 1, 3, 20, 10_000]))
    def room_changes(self, free: int) -> None:
        self.world.set_free_pages(free)

    @rule(count=st.integers(1, 3))
    def syncing_fails(self, count: int) -> None:
        self.world.disk.failing_syncs = count

    @rule(count=st.integers(1, 3))
    def writing_fails(self, count: int) -> None:
        if self.world.mode == "written":
            self.world.disk.failing_writes = count

    @rule(seed=SEEDS)
    def kernel_writes_back(self, seed: int) -> None:
        self.world.disk.write_back(Random(seed))

    @rule(seed=SEEDS)
    def bit_flips(self, seed: int) -> None:
        self.world.flip_a_bit(Random(seed))

    # -- promises -----------------------------------------------------------------------------------

    @invariant()
    def the_ledger_holds(self) -> None:
        if hasattr(self, "world"):
            self.world.check_ledger()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.end_and_check()

    # -- inside -------------------------------------------------------------------------------------

    def _host(self, which: int) -> Host:
        if not self.world.hosts:
            self.world.start()
        return self.world.hosts[which % len(self.world.hosts)]

    def _source(self, host: Host, spool: int) -> Source | None:
        host.source_of_its_own()
        return host.sources[spool % len(host.sources)] if host.sources else None

    def _append(self, host: Host, kind: FrameKind, size: int, entry: Entry | None = None) -> None:
        world = self.world
        entry_id = len(world.entries).to_bytes(16, "big") if entry is None else entry.entry_id
        seed = bytes([kind]) + entry_id[-4:]
        written = Written(body=(seed + b"LL\0 some text ")[:size] * (size // 19 + 1), by=host)
        entry = entry or Entry(entry_id, first=written)
        if host in world.hosts:
            world.run(host, lambda: world.append(host, kind, entry, written))

    def _unless_full(self, host: Host, act: Callable[[], None]) -> None:
        """What may raise OSError, and does on a disk that is full or fails."""

        bad_before = self.world.disk_is_bad()  # the last write that was to fail may be the one that raises

        def tried() -> None:
            try:
                act()
            except OSError:
                assert bad_before or self.world.disk_is_bad()

        self.world.run(host, tried)


def _ignore(_: object) -> None:
    """For calls whose answer does not matter here."""


LENIENT = list(HealthCheck)
TestSpool = SpoolModel.TestCase
TestSpool.settings = settings(
    max_examples=1000,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,  # the long one below goes new ways; this one tells what a change broke
    suppress_health_check=LENIENT,
    print_blob=True,
)


@pytest.mark.long
@pytest.mark.timeout(3600)
class TestSpoolLong(SpoolModel.TestCase):  # type: ignore[misc,valid-type]
    """The same for long, along other ways each time."""

    settings = settings(
        max_examples=20_000, stateful_step_count=60, deadline=None, suppress_health_check=LENIENT, print_blob=True
    )
