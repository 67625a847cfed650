"""What a spool does in plain words, to be run over a real disk and over the simulated one."""

from __future__ import annotations

from collections.abc import Callable

from spool_bench import SEGMENT_BYTES, Bench, body_of, body_place_of, deliver, ids, place_of

from llmlog.spool import DropReason, FrameKind, SpoolReader

FINAL, PROVISIONAL, SUPERSEDING = FrameKind.FINAL, FrameKind.PROVISIONAL, FrameKind.SUPERSEDING


def everything_in_order(bench: Bench) -> None:
    """Entries of all sizes, over several segments, are delivered in order with their exact bytes."""
    writer = bench.writer()
    sizes = [0, 1, 7, 8, 9_000, 30_000, 30_000, 100, 50_000, 3]
    written = [bench.log(writer, size=size) for size in sizes]
    reader = bench.own_reader(writer)
    deliveries = deliver(reader)
    assert ids(deliveries) == written
    assert [each.frame.body for each in deliveries] == [
        body_of(entry_id, FINAL, size) for entry_id, size in zip(written, sizes, strict=True)
    ]
    assert len(bench.segments(reader.directory)) >= 3
    assert reader.drained
    reader.close()
    bench.die(writer)


def oversize_frame(bench: Bench) -> None:
    """An entry larger than a segment gets one of its own size; those before and after it arrive too."""
    writer = bench.writer()
    writer.prepare()
    written = [bench.log(writer, size=size) for size in (100, 3 * SEGMENT_BYTES, 100)]
    reader = bench.own_reader(writer)
    assert ids(deliver(reader)) == written
    reader.close()
    bench.die(writer)


def superseded(bench: Bench) -> None:
    """An entry with an outcome is delivered once, with it; not before it is there."""
    writer = bench.writer()
    entry_id = bench.log(writer, PROVISIONAL)
    other = bench.log(writer)
    reader = bench.own_reader(writer)
    assert ids(deliver(reader)) == [other]
    assert not reader.drained
    bench.log(writer, SUPERSEDING, entry_id=entry_id)
    (delivery,) = deliver(reader)
    assert (delivery.frame.entry_id, delivery.orphaned) == (entry_id, False)
    assert reader.drained
    assert reader.settled_total().stored == writer.accepted == 2
    reader.close()
    bench.die(writer)


def orphan(bench: Bench) -> None:
    """An entry whose process died before its outcome was known is delivered as it is, by whoever adopts it."""
    writer = bench.writer()
    entry_id = bench.log(writer, PROVISIONAL)
    bench.die(writer)
    reader = bench.adopt()
    (delivery,) = deliver(reader)
    assert (delivery.frame.entry_id, delivery.orphaned) == (entry_id, True)
    assert bench.fold(reader).stored == 1


def orphan_damaged_after_it_was_read(bench: Bench) -> None:
    """A provisional frame that is damaged while it waits is put aside and told; the rest is delivered."""
    writer = bench.writer()
    bench.log(writer, PROVISIONAL)
    others = [bench.log(writer), bench.log(writer, PROVISIONAL)]
    bench.die(writer)
    reader = bench.adopt()
    batch = reader.read(1, 1)
    (segment,) = bench.segments(reader.directory)
    bench.faults.change(segment, body_place_of(0) + 5, b"!")
    reader.settle((delivery, "stored") for delivery in batch)
    assert ids(batch + deliver(reader)) == others
    totals = bench.fold(reader)
    assert (totals.accepted, totals.stored, totals.dropped) == (2, 2, {"damaged": 1})


def outcome_that_finds_no_room(bench: Bench) -> None:
    """An outcome that cannot be kept is counted; its entry is delivered as it is while the process lives."""
    writer = bench.writer()
    lost, running = bench.log(writer, PROVISIONAL), bench.log(writer, PROVISIONAL)
    reader = bench.own_reader(writer)
    assert deliver(reader) == []
    bench.faults.fill()
    assert writer.append(SUPERSEDING, lost, bytes(SEGMENT_BYTES)) == DropReason.DISK_FULL
    (delivery,) = deliver(reader)
    assert (delivery.frame.entry_id, delivery.orphaned) == (lost, True)
    assert writer.dropped() == {"outcome_lost": 1}
    bench.faults.make_room()
    bench.clock.advance(1)
    bench.log(writer, SUPERSEDING, entry_id=running)
    assert ids(deliver(reader)) == [running]
    assert (writer.accepted, reader.settled_total().stored, reader.drained) == (2, 2, True)
    reader.close()
    bench.die(writer)


def torn_tail(bench: Bench) -> None:
    """Half a frame at the end is cut without a word; what was accepted before arrives."""
    writer = bench.writer()
    written = [bench.log(writer) for _ in range(3)]
    bench.die(writer)
    reader = bench.adopt()
    (segment,) = bench.segments(reader.directory)
    bench.faults.change(segment, place_of(3), b"LL\1\1" + bytes(4) + b"\x64" + bytes(3) + b"no checksum")
    assert ids(deliver(reader)) == written
    assert reader.drained
    totals = bench.fold(reader)
    assert (totals.accepted, totals.stored, totals.quarantined, totals.dropped) == (3, 3, 0, {})


def bit_flip(bench: Bench) -> None:
    """A damaged frame is put aside and told as damaged, never as still on disk; all others arrive."""
    writer = bench.writer()
    written = [bench.log(writer) for _ in range(5)]
    assert writer.directory is not None
    (segment,) = bench.segments(writer.directory)
    bench.faults.change(segment, body_place_of(2) + 50, b"!")
    reader = bench.own_reader(writer)
    assert ids(deliver(reader)) == written[:2] + written[3:]
    assert len(bench.quarantined()) == 1
    settled = reader.settled_total()
    assert (settled.stored, settled.quarantined, settled.lost) == (4, 1, 1)
    reader.close()
    bench.die(writer)
    totals = bench.fold(_drained(bench))
    assert (totals.accepted, totals.stored, totals.quarantined, totals.dropped) == (4, 4, 1, {"damaged": 1})


def hole(bench: Bench) -> None:
    """Frames that a disk turned to zeros hide none that follow, in their segment and in later ones."""
    writer = bench.writer()
    written = [bench.log(writer) for _ in range(5)]
    later = bench.log(writer, size=SEGMENT_BYTES - 1000)
    assert writer.directory is not None
    segment = bench.segments(writer.directory)[0]
    bench.faults.change(segment, place_of(1), bytes(place_of(3) - place_of(1)))
    bench.die(writer)
    reader = bench.adopt()
    assert ids(deliver(reader)) == [written[0], *written[3:], later]
    totals = bench.fold(reader)
    assert (totals.accepted, totals.stored, totals.dropped) == (4, 4, {"damaged": 2})


def full_disk(bench: Bench) -> None:
    """A full disk refuses and counts; with room again capturing goes on by itself."""
    writer = bench.writer()
    written = [bench.log(writer)]
    bench.faults.fill()
    for _ in range(3):
        assert bench.refused(writer, SEGMENT_BYTES) == DropReason.DISK_FULL
    bench.faults.make_room()
    bench.clock.advance(1)
    written.append(bench.log(writer, size=SEGMENT_BYTES))
    reader = bench.own_reader(writer)
    assert ids(deliver(reader)) == written
    assert writer.dropped() == {"disk_full": 3}
    reader.close()
    bench.die(writer)


def full_disk_from_the_start(bench: Bench) -> None:
    """A disk that is full from the first log on: all is counted, also what was refused before the ledger."""
    bench.faults.fill()
    writer = bench.writer()
    writer.prepare()
    bench.refused(writer)
    bench.refused(writer)
    bench.faults.make_room()
    bench.clock.advance(1)
    bench.log(writer)
    assert writer.directory is not None
    ledger = bench.ledger(writer.directory)
    assert (ledger.accepted, sum(ledger.dropped().values())) == (1, 2)
    ledger.close()
    bench.die(writer)


def bound_reached(bench: Bench) -> None:
    """At the bound the newest are refused and counted; delivering makes room."""
    writer = bench.writer(limit_bytes=2 * SEGMENT_BYTES)
    written = [bench.log(writer, size=60_000) for _ in range(2)]
    assert bench.refused(writer, 60_000) == DropReason.SPOOL_FULL
    reader = bench.own_reader(writer)
    assert ids(deliver(reader)) == written
    bench.clock.advance(10**9)
    reader.delete_settled_segments(bench.clock.now_ms())
    written.append(bench.log(writer, size=60_000))
    assert ids(deliver(reader)) == written[2:]
    assert writer.dropped() == {"spool_full": 1}
    reader.close()
    bench.die(writer)


def closed(bench: Bench) -> None:
    """After closing, logging is refused and counted, also when the directory was given up."""
    writer = bench.writer()
    bench.log(writer)
    writer.close()
    assert bench.refused(writer) == DropReason.CLOSED
    assert writer.directory is not None
    writer.directory.release()
    assert bench.refused(writer) == DropReason.CLOSED
    assert writer.dropped() == {"closed": 2}
    reader = bench.adopt()
    assert len(deliver(reader)) == 1
    bench.fold(reader)


def adoption(bench: Bench) -> None:
    """The spool of a living process is nobody else's; that of a dead one goes to one, from where it stopped."""
    writer = bench.writer()
    written = [bench.log(writer) for _ in range(6)]
    own = bench.own_reader(writer)
    own.settle((delivery, "stored") for delivery in own.read(4, 10_000))
    own.read(1, 1)
    own.close()
    try:
        bench.adopt()
    except ValueError:
        pass
    else:
        raise AssertionError("the spool of a living process was adopted")
    bench.die(writer)
    reader = bench.adopt()
    assert ids(deliver(reader)) == written[4:]
    assert reader.settled_total().stored == 6
    reader.close()
    reader.directory.release()


def overlapping_outcomes(bench: Bench) -> None:
    """An entry before the cursor whose outcome lies behind it: whoever goes on after a kill never tells, not even
    between two batches, that it was lost."""
    writer = bench.writer()
    early, late = bench.log(writer, PROVISIONAL), bench.log(writer, PROVISIONAL)
    between = bench.log(writer)
    bench.log(writer, SUPERSEDING, entry_id=early)
    reader = bench.own_reader(writer)
    assert ids(deliver(reader)) == [between, early]
    reader.close()
    bench.log(writer, SUPERSEDING, entry_id=late)
    bench.die(writer)
    adopted = bench.adopt()
    delivered = []
    while batch := adopted.read(1, 1):
        assert adopted.settled_total().lost == 0
        adopted.settle((delivery, "stored") for delivery in batch)
        assert adopted.settled_total().lost == 0
        delivered += ids(batch)
    assert delivered == [between, early, late]
    assert bench.fold(adopted).stored == 3


def folding(bench: Bench) -> None:
    """Figures of spools that are gone add up, and each is added once."""
    for count in (3, 2):
        writer = bench.writer()
        for _ in range(count):
            bench.log(writer)
        writer.drop(DropReason.TOO_LARGE)
        bench.die(writer)
        reader = _drained(bench)
        bench.fold(reader)
    totals = bench.totals()
    assert (totals.accepted, totals.stored, totals.dropped) == (5, 5, {"too_large": 2})
    assert bench.new_files().names(bench.root) == ["totals.json", "totals.lock"]


def sync_that_fails(bench: Bench) -> None:
    """A segment whose sync failed is appended to no more and asked no more; what is in it is delivered, and
    the trouble is told until syncing works again."""
    writer = bench.writer()
    written = [bench.log(writer)]
    bench.faults.fail_syncs(1)
    _must_fail(writer.sync)
    _must_fail(writer.sync)
    assert writer.last_sync_error == "Input/output error"
    written.append(bench.log(writer))
    bench.clock.advance(1)
    writer.sync()
    assert writer.last_sync_error is None
    reader = bench.own_reader(writer)
    assert len(bench.segments(reader.directory)) == 2
    assert ids(deliver(reader)) == written
    reader.close()
    bench.die(writer)


def _must_fail(act: Callable[[], None]) -> None:
    try:
        act()
    except OSError:
        return
    raise AssertionError("it did not fail")


def _drained(bench: Bench) -> SpoolReader:
    reader = bench.adopt()
    deliver(reader)
    return reader


SCENARIOS: tuple[Callable[[Bench], None], ...] = (
    everything_in_order,
    oversize_frame,
    superseded,
    orphan,
    orphan_damaged_after_it_was_read,
    outcome_that_finds_no_room,
    torn_tail,
    bit_flip,
    hole,
    full_disk,
    full_disk_from_the_start,
    bound_reached,
    closed,
    adoption,
    overlapping_outcomes,
    folding,
    sync_that_fails,
)
