"""Hosts on one simulated machine, and an oracle that knows what they were told."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from simulated_disk import PAGE_BYTES, File, SimulatedDisk
from simulated_files import Crash, SimulatedFiles, counted_names
from spool_entries import Entry, Written, frames_of

from llmlog.clock import ManualClock
from llmlog.spool import (
    Delivery,
    Disk,
    DropReason,
    FrameKind,
    Ledger,
    Outcome,
    SpoolDirectory,
    SpoolReader,
    SpoolWriter,
)
from llmlog.spool.directory import dead_directories, directories
from llmlog.spool.files import Mode
from llmlog.spool.frame import HEADER_BYTES
from llmlog.spool.segment import segment_numbers, segment_path
from llmlog.spool.totals import Totals, fold, read_totals
from llmlog.spool.writer import FsyncMode

ROOT = Path("/data/spool")
QUARANTINE = Path("/data/quarantine")
SEGMENT_BYTES = 64 * 1024
LIMIT_BYTES = 24 * SEGMENT_BYTES


@dataclass
class Source:
    """A spool in the hands of a host, with batches read and not settled."""

    directory: SpoolDirectory
    reader: SpoolReader
    own: bool
    batches: deque[list[Delivery]] = field(default_factory=deque)


class Host:
    """A process."""

    def __init__(self, world: World) -> None:
        self.files = SimulatedFiles(world.disk, world.mode)
        disk = Disk(self.files, SEGMENT_BYTES, world.new_name)
        self.writer = SpoolWriter(ROOT, LIMIT_BYTES, world.clock, world.fsync, disk=disk)
        self.sources: list[Source] = []
        self.open: list[Entry] = []
        """Entries whose outcome is not known yet."""
        self.dropped: Counter[str] = Counter()
        self.end: Callable[[], None] | None = None
        """What is planned to happen to it during the next thing it does."""

    def source_of_its_own(self) -> Source | None:
        """Its own spool, once there is one."""
        directory = self.writer.directory
        if directory is None:
            return None
        for source in self.sources:
            if source.own:
                return source
        self.sources.insert(0, Source(directory, SpoolReader(directory, QUARANTINE, alive=True), own=True))
        return self.sources[0]


class World:
    """One machine and its oracle."""

    def __init__(self, mode: Mode, fsync: FsyncMode, capacity_bytes: int = 2**30) -> None:
        self.mode = mode
        self.fsync = fsync
        self.clock = ManualClock()
        self.disk = SimulatedDisk(self.clock, capacity_bytes)
        self.new_name = counted_names()
        self.hosts: list[Host] = []
        self.entries: dict[bytes, Entry] = {}
        self.settled: dict[bytes, Outcome] = {}
        self.dropped: Counter[str] = Counter()
        self.dropped_untold: Counter[str] = Counter()
        """By processes that ended before they had a spool to count in."""
        self.ends = 0
        """How many processes were ended or interrupted, each of which may have been about to count a drop."""
        self.any_ended = False
        self.exact = True
        """Whether the ledger can be told to the entry: no power cut, no damage so far."""

    # -- hosts --------------------------------------------------------------------------------------

    def start(self) -> Host:
        """A host process begins."""
        host = Host(self)
        self.hosts.append(host)
        return host

    def run(self, host: Host, act: Callable[[], None]) -> None:
        """Let a host do something; where an end is planned for it, it comes within that or right after."""
        try:
            act()
            if host.end is None:
                return
        except Crash:
            assert host.end is not None
        self.ends += 1
        host.end()

    def kill(self, host: Host) -> None:
        """End a process at once."""
        self.disk.kill(host.files)
        if host not in self.hosts:
            return
        self.hosts.remove(host)
        self.any_ended = True
        if host.writer.directory is None:
            self.dropped_untold += host.dropped

    def cut_power(self, random: Random) -> None:
        """End all of them, and keep what a disk may have kept."""
        for host in list(self.hosts):
            self.kill(host)
        self.disk.cut_power(random)
        self.exact = False
        for entry in self.entries.values():
            for frame in entry.frames:
                frame.surely = frame.surely and frame.synced

    # -- writing ------------------------------------------------------------------------------------

    def append(self, host: Host, kind: FrameKind, entry: Entry, written: Written) -> None:
        """Append a frame and note what the host was told."""
        try:
            refused = host.writer.append(kind, entry.entry_id, written.body)
        except (Crash, KeyboardInterrupt):
            self._note(kind, entry, written)
            raise
        if refused is None:
            written.surely = True
            self._note(kind, entry, written)
            if self.fsync == "always":
                failed = host.writer.last_sync_error is not None
                (self.note_unsyncable if failed else self.note_synced)(host)
        elif kind == FrameKind.SUPERSEDING:
            entry.outcome_lost = True
            self._count(host, DropReason.OUTCOME_LOST)
        else:
            self._count(host, refused)

    def _note(self, kind: FrameKind, entry: Entry, written: Written) -> None:
        if kind == FrameKind.SUPERSEDING:
            entry.last = written
            return
        entry.first = written
        entry.provisional = kind == FrameKind.PROVISIONAL
        self.entries[entry.entry_id] = entry
        if entry.provisional and written.surely:
            written.by.open.append(entry)

    def _count(self, host: Host, reason: DropReason) -> None:
        self.dropped[reason.label] += 1
        host.dropped[reason.label] += 1

    def sync(self, host: Host) -> None:
        """Sync, and note what is safe from a power cut now; after a failure what was not never will be."""
        try:
            host.writer.sync()
        except OSError:
            self.note_unsyncable(host)
        else:
            self.note_synced(host)

    def note_synced(self, host: Host) -> None:
        """A sync has returned."""
        for entry in self.entries.values():
            for frame in entry.frames:
                if frame.by is host and frame.surely and frame.syncable and self.fsync != "never":
                    frame.synced = True

    def note_unsyncable(self, host: Host) -> None:
        """A sync has failed."""
        for entry in self.entries.values():
            for frame in entry.frames:
                if frame.by is host and not frame.synced:
                    frame.syncable = False

    # -- delivering -----------------------------------------------------------------------------------

    def adopt(self, host: Host) -> None:
        """Look for the spools of the dead."""
        living = {each.writer.directory.path for each in self.hosts if each.writer.directory is not None}
        for directory in dead_directories(ROOT, host.files):
            assert directory.path not in living, "the spool of a living process was adopted"
            reader = SpoolReader(directory, QUARANTINE, alive=False)
            host.sources.append(Source(directory, reader, own=False))

    def read(self, host: Host, source: Source, count: int) -> int:
        """Read a batch, and check each entry in it against what was written."""
        batch = source.reader.read(count, 100_000)
        for delivery in batch:
            self._check(host, delivery)
        if batch:
            source.batches.append(batch)
        return len(batch)

    def _check(self, host: Host, delivery: Delivery) -> None:
        frame = delivery.frame
        entry = self.entries.get(frame.entry_id)
        assert entry is not None, "something was delivered that was never written"
        written = {FrameKind.SUPERSEDING: entry.last}.get(frame.kind, entry.first)
        assert written is not None
        assert frame.body == written.body, "an entry was delivered with other bytes"
        assert delivery.orphaned == (frame.kind == FrameKind.PROVISIONAL)
        if delivery.orphaned:
            lives = entry.first.by in self.hosts and entry.first.by.writer.directory is not None
            assert entry.outcome_lost or not lives, "an entry was delivered before its outcome was known"
            kept = entry.last is not None and entry.last.surely
            assert not kept, "an outcome was kept, and delivered without"

    def settle(self, source: Source, random: Random) -> None:
        """Settle the oldest batch."""
        batch = source.batches[0]
        outcomes: list[Outcome] = random.choices(["stored", "expired", "dead_lettered"], [8, 1, 1], k=len(batch))
        source.reader.settle(zip(batch, outcomes, strict=True))
        source.batches.popleft()
        for delivery, outcome in zip(batch, outcomes, strict=True):
            self.settled.setdefault(delivery.frame.entry_id, outcome)

    def clean_up(self, host: Host) -> None:
        """What `Sources` does now and then."""
        for source in list(host.sources):
            if source.own:
                source.reader.delete_settled_segments(self.clock.now_ms())
            elif source.reader.drained:
                ledger = source.directory.ledger
                accepted = max(ledger.accepted, source.reader.last_accepted)
                name = source.directory.path.name
                settled = source.reader.settled_total()
                fold(ROOT, name, accepted, settled, ledger.dropped(), host.files)
                source.reader.close()
                source.directory.remove()
                host.sources.remove(source)

    # -- the ledger -----------------------------------------------------------------------------------

    def ledger(self) -> Totals:
        """The sum over all spools, in hand, not in hand and gone: what every page shows."""
        observer = SimulatedFiles(self.disk, self.mode)
        totals = read_totals(ROOT, observer)
        in_hand = {source.directory.path: source for host in self.hosts for source in host.sources}
        for path in directories(ROOT, observer):
            source = in_hand.get(path)
            if path.name in totals.removed:
                continue
            if source is not None:
                ledger = source.directory.ledger
                accepted = max(ledger.accepted, source.reader.last_accepted)
                totals.add(accepted, source.reader.settled_total(), ledger.dropped())
                continue
            with self.disk.sound():
                ledger = Ledger(path / "ledger", observer)
                totals.add(ledger.accepted, ledger.acknowledged, ledger.dropped())
                ledger.close()
        for host in self.hosts:
            if host.writer.directory is None:
                for reason, count in host.writer.dropped().items():
                    totals.dropped[reason] = totals.dropped.get(reason, 0) + count
        return totals

    def check_ledger(self) -> None:
        """The sum holds, with no more settled than was, and drops as told."""
        totals = self.ledger()
        settled = totals.stored + totals.expired + totals.dead_lettered
        assert settled <= totals.accepted, "more was settled than accepted"
        assert settled <= len(self.settled), "more was counted than was settled"
        if not self.exact:
            return
        surely = sum(entry.first.surely for entry in self.entries.values())
        assert surely <= totals.accepted <= len(self.entries)
        if not self.any_ended:  # what was settled after the cursor is settled again
            assert settled == len(self.settled)
        for reason, count in self.dropped.items():
            told = totals.dropped.get(reason, 0)
            assert told <= count + self.ends, (reason, told, count)
            if self.mode == "mapped":  # a figure that cannot be written lives as long as the process
                assert told >= count - self.dropped_untold[reason], (reason, told, count)
        assert set(totals.dropped) <= {*self.dropped} or self.ends

    # -- the disk -----------------------------------------------------------------------------------

    def set_free_pages(self, free: int) -> None:
        """From now on there is room for so many pages."""
        used = self.disk.capacity_bytes // PAGE_BYTES - self.disk.free_pages()
        self.disk.capacity_bytes = (used + free) * PAGE_BYTES

    def disk_is_bad(self) -> bool:
        """Whether calls may fail."""
        return self.disk.free_pages() < 2 * SEGMENT_BYTES // PAGE_BYTES or bool(self.disk.failing_writes)

    def flip_a_bit(self, random: Random) -> None:
        """Damage one frame somewhere."""
        frames = [(file, frame) for file in self._segments() for frame in frames_of(file)]
        if not frames:
            return
        file, frame = random.choice(frames)
        end = frame.position.offset + HEADER_BYTES + len(frame.body)
        file.content[random.randrange(frame.position.offset, end)] ^= 1 << random.randrange(8)
        self.exact = False
        entry = self.entries.get(frame.entry_id)
        for written in entry.frames if entry is not None else []:
            if written.body == frame.body:
                written.surely = False

    def _segments(self) -> list[File]:
        observer = SimulatedFiles(self.disk, self.mode)
        return [
            self.disk.file(segment_path(path, number))
            for path in directories(ROOT, observer)
            for number in segment_numbers(path, observer)
        ]

    # -- the end ------------------------------------------------------------------------------------

    def close(self, host: Host) -> None:
        """A host ends in order, with what it has in hand not settled."""
        host.writer.close()
        for source in host.sources:
            source.reader.close()
            source.directory.release()
        if host.writer.directory is not None and not any(source.own for source in host.sources):
            host.writer.directory.release()
        assert self.ends or host.files.open_files == 0, "a file was left open"
        self.kill(host)

    def end_and_check(self) -> None:
        """All processes die, another one delivers everything; then every promise is looked at."""
        for host in list(self.hosts):
            self.kill(host)
        self.disk.failing_syncs = self.disk.failing_writes = 0
        self.set_free_pages(10_000)
        host = self.start()
        self.adopt(host)
        self.check_ledger()
        for source in host.sources:
            while self.read(host, source, 50):
                self.settle(source, Random(0))
            assert source.reader.drained
        self.clock.advance(1)
        for _ in range(2):
            for entry in self.entries.values():
                assert entry.entry_id in self.settled or not entry.required, "an accepted entry was lost"
            totals = self.ledger()
            settled = totals.stored + totals.expired + totals.dead_lettered
            assert totals.accepted == settled, "something is said to be on disk, and nothing is"
            if self.exact:
                assert settled == len(self.settled)
                assert not totals.quarantined
            self.check_ledger()
            self.clean_up(host)
        assert not host.sources
