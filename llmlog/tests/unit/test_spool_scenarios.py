"""The scenarios of a spool on the simulated disk, and what only a simulated disk can show."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from simulated_disk import SimulatedDisk
from simulated_files import Crash, SimulatedFiles
from spool_bench import SEGMENT_BYTES, Bench, deliver, ids
from spool_scenarios import SCENARIOS

from llmlog.clock import ManualClock
from llmlog.spool import DropReason, FrameKind, SpoolReader
from llmlog.spool.directory import dead_directories
from llmlog.spool.files import Mode

DATA = Path("/data")
ROOMY_BYTES = 2**30


class SimulatedFaults:
    """A simulated disk that can be made to fail."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self._disk = disk

    def fill(self) -> None:
        self._disk.capacity_bytes = 0

    def make_room(self) -> None:
        self._disk.capacity_bytes = ROOMY_BYTES

    def fail_syncs(self, count: int) -> None:
        self._disk.failing_syncs = count

    def change(self, path: Path, place: int, content: bytes) -> None:
        self._disk.file(path).content[place : place + len(content)] = content


class Machine:
    """A bench on a simulated disk."""

    def __init__(self, mode: Mode) -> None:
        self.disk = SimulatedDisk(ManualClock(), ROOMY_BYTES)
        self.processes: list[SimulatedFiles] = []
        self._mode = mode
        self.bench = Bench(DATA, self._new_files, SimulatedFaults(self.disk))

    def _new_files(self) -> SimulatedFiles:
        self.processes.append(SimulatedFiles(self.disk, self._mode))
        return self.processes[-1]

    def cut_power(self, *kept: Path) -> None:
        """All processes end; what was not synced is gone, but for the content of the files that are named."""
        for path in kept:
            self.disk.file(path).sync()
        for process in self.processes:
            self.disk.kill(process)
        self.processes.clear()
        for file in self.disk.root.files():
            file.dirty.clear()
        self.disk.cut_power(Random(0))


@pytest.fixture(name="machine", params=["mapped", "written"])
def _machine(request: pytest.FixtureRequest) -> Machine:
    return Machine(request.param)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_scenario(machine: Machine, scenario: Callable[[Bench], None]) -> None:
    """Each scenario holds on the simulated disk; its own docstring says what it promises."""
    scenario(machine.bench)


def test_outcome_lost_in_a_power_cut(machine: Machine) -> None:
    """An entry that was synced before its outcome was known survives a power cut that takes the outcome, also
    when the outcome was read already and the cursor that was written since is kept."""
    bench = machine.bench
    writer = bench.writer()
    entry_id = bench.log(writer, FrameKind.PROVISIONAL)
    writer.sync()
    reader = bench.own_reader(writer)
    other = bench.log(writer)
    bench.log(writer, FrameKind.SUPERSEDING, entry_id=entry_id)
    first, second = reader.read(1, 10_000), reader.read(1, 10_000)
    assert ids(first + second) == [other, entry_id]
    reader.settle((delivery, "stored") for delivery in first)
    machine.cut_power(reader.directory.path / "ledger")
    assert ids(deliver(bench.adopt())) == [entry_id]


def test_power_cut_after_segments_were_deleted(machine: Machine) -> None:
    """Figures of delivered entries are on the disk before their segments are deleted: after a power cut nothing
    that is gone is said to wait on disk."""
    bench = machine.bench
    writer = bench.writer()
    for _ in range(4):
        bench.log(writer, size=40_000)
    writer.sync()
    reader = bench.own_reader(writer)
    deliver(reader)
    reader.delete_settled_segments(bench.clock.now_ms())
    assert len(bench.segments(reader.directory)) == 1
    reader.directory.files.sync_directory(reader.directory.path)
    machine.cut_power()
    adopted = bench.adopt()
    deliver(adopted)
    totals = bench.fold(adopted)
    assert (totals.accepted, totals.stored, totals.dropped) == (4, 4, {})


def test_failed_descriptor_is_never_asked_again(machine: Machine) -> None:
    """After a sync that failed, the same file is never synced again, however often the background tries."""
    bench = machine.bench
    writer = bench.writer()
    bench.log(writer)
    assert writer.directory is not None
    (segment,) = bench.segments(writer.directory)
    machine.disk.failing_syncs = 1
    for _ in range(20):
        bench.clock.advance(0.2)
        bench.log(writer)
        try:
            writer.sync()
        except OSError as error:
            assert error.strerror == "Input/output error"
    assert writer.last_sync_error is None
    assert machine.disk.file(segment).syncs_asked == 1
    assert len(bench.segments(writer.directory)) == 2
    bench.die(writer)
    assert machine.processes[0].open_files == 0


def test_disk_that_cannot_sync_for_an_hour() -> None:
    """A disk that fails each sync is tried with growing pauses, so its segments do not fill the spool."""
    machine = Machine("mapped")
    bench = machine.bench
    writer = bench.writer(limit_bytes=2**30)
    machine.disk.failing_syncs = 10**9
    for _ in range(36_000):
        bench.log(writer, size=8)
        with contextlib.suppress(OSError):
            writer.sync()
        bench.clock.advance(0.1)
    assert writer.directory is not None
    assert len(bench.segments(writer.directory)) < 36_000 * 56 // SEGMENT_BYTES + 80
    bench.die(writer)


def test_leftovers_of_a_failed_write() -> None:
    """A write that fails half way and cannot be taken back leaves nothing visible and does not disturb those
    that follow."""
    machine = Machine("written")
    bench = machine.bench
    writer = bench.writer()
    written = [bench.log(writer)]
    machine.disk.failing_writes = 2
    assert bench.refused(writer, 5_000) == DropReason.SPOOL_UNAVAILABLE
    reader = bench.own_reader(writer)
    assert ids(deliver(reader)) == written
    written += [bench.log(writer, size=size) for size in (2_472, 0, 0)]  # the leftover lies behind the first
    assert ids(deliver(reader)) == written[1:]
    assert writer.dropped() == {"spool_unavailable": 1}
    reader.close()
    bench.die(writer)


def test_interrupted_anywhere(machine: Machine) -> None:
    """A KeyboardInterrupt at any step of a call leaves a spool that takes and delivers what follows."""
    bench = machine.bench
    for step in range(20):
        writer = bench.writer()
        written = [bench.log(writer) for _ in range(step % 2)]
        machine.processes[-1].interrupted_in = step
        try:
            written.append(bench.log(writer, size=1_000))
        except KeyboardInterrupt:
            pass
        machine.processes[-1].interrupted_in = None
        bench.clock.advance(1)
        written += [bench.log(writer, size=size) for size in (0, 10, 2_000)]
        reader = bench.own_reader(writer)
        assert set(ids(deliver(reader))) >= set(written)
        assert reader.drained
        assert reader.settled_total().stored == writer.accepted
        reader.close()
        bench.die(writer)
        for reader in [bench.adopt()]:
            assert deliver(reader) == []
            bench.fold(reader)


def test_crash_while_a_spool_is_put_away(machine: Machine) -> None:
    """Whenever the process that puts a finished spool away is killed, the next one finishes, and every figure
    is counted once."""
    bench = machine.bench
    for step in range(25):
        writer = bench.writer()
        bench.log(writer, size=40_000)
        bench.log(writer, size=40_000)
        bench.die(writer)
        reader = bench.adopt()
        deliver(reader)
        machine.processes[-1].ends_in = step
        try:
            bench.fold(reader)
        except Crash:
            machine.disk.kill(machine.processes[-1])
            for directory in dead_directories(bench.root, bench.new_files()):
                again = SpoolReader(directory, bench.quarantine, alive=False)
                assert deliver(again) == []
                bench.fold(again)
        totals = bench.totals()
        assert (totals.accepted, totals.stored, totals.dropped) == (2 * step + 2, 2 * step + 2, {})
        assert bench.new_files().names(bench.root) in (
            ["totals.json", "totals.lock"],
            [".totals.json", "totals.json", "totals.lock"],
        )
