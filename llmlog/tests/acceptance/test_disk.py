"""Disks that are full, read-only, broken, or that lose power or single bits.

| scenario | test |
|---|---|
| the disk is full, and has room again | test_disk_full |
| the disk is full of what was delivered | test_disk_full_of_delivered_segments |
| the spool's bound is reached while Redis is away | test_spool_bound_reached |
| a read-only file system, and writable again | test_read_only_file_system |
| syncing fails (EIO) | test_syncing_fails |
| making files fails (EIO) | test_segments_cannot_be_made |
| a bit flips in the middle of a segment | test_bit_flip |
| a torn frame at the end of a segment | test_torn_tail |
| the power is cut: what was not synced is gone | test_power_cut |
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import StartLogging
from mounts import fill, inside, mounted, remount
from oracle import assert_exactly_once, visible, wait_until_visible
from processes import LoggingProcess, RedisServer, free_port, wait_for

BLOCKED_US = 500_000
"""A call that took this long was waiting for something."""
FAILING_CALLS = [sys.executable, str(Path(__file__).with_name("failing_calls.py"))]
SMALLEST_BOUND = {"LLMLOG_SPOOL_MAX_BYTES": "64MB"}
HEADER_BYTES = 48


def refused(process: LoggingProcess) -> int:
    """How many calls told their caller that they were not accepted."""
    return sum(call.entry_id is None for call in process.calls)


def assert_unhindered(process: LoggingProcess) -> None:
    """No caller ever waited for the disk."""
    assert max(call.duration_us for call in process.calls) < BLOCKED_US


def only_segment(data_dir: Path) -> Path:
    """The one segment that holds frames."""
    return next(path for path in sorted(data_dir.glob("spool/*/segment-*")) if path.read_bytes()[64:].strip(b"\0"))


def kill_with_spooled(start_logging: StartLogging, count: int) -> LoggingProcess:
    """A process that logged without a Redis and was killed: all it accepted lies on disk."""
    process = start_logging("first", free_port())
    process.do(f"log {count}")
    process.kill()
    return process


def test_disk_full(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """A disk that is really full: nobody waits or sees an error, what is refused is counted as `disk_full`, what
    was accepted arrives, and capturing goes on by itself once there is room."""
    data_dir = tmp_path / "data"
    wrapper = mounted(data_dir, "-t", "tmpfs", "-o", "size=40m", "none")
    logging = start_logging("first", redis_server.port, wrapper=wrapper, environment=SMALLEST_BOUND)
    logging.do("call 200")
    filler = inside(logging.process.pid, data_dir / "filler")
    fill(filler)
    logging.do("call 6000")
    assert refused(logging) > 0
    health = logging.health()
    assert health.spool.dropped == {"disk_full": refused(logging)}
    wait_for(lambda: logging.health().state == "losing", "the health to tell")
    filler.unlink()
    time.sleep(1)
    before = refused(logging)
    logging.do("call 200")
    assert refused(logging) == before
    assert_unhindered(logging)
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


def test_spool_bound_reached(redis_server: RedisServer, redis_client: Any, start_logging: StartLogging) -> None:
    """More than the spool may hold while Redis is away: the newest are refused and counted as `spool_full`, all
    that was accepted arrives, and capturing goes on."""
    redis_server.kill()
    logging = start_logging("first", redis_server.port, environment=SMALLEST_BOUND)
    logging.do("call 20000")
    accepted = len(logging.accepted)
    assert accepted + refused(logging) == 20000
    health = logging.health()
    assert health.spool.dropped == {"spool_full": refused(logging)}
    assert health.spool.spooled == accepted > 10_000
    assert health.spool.bytes_used <= health.spool.bytes_limit == 64 * 1024**2
    assert_unhindered(logging)
    redis_server.start()
    assert_exactly_once(redis_client, logging.accepted)
    before = refused(logging)
    wait_for(lambda: logging.health().spool.bytes_used < 32 * 1024**2, "delivered segments to make room", 10)
    logging.do("call 2000")
    assert refused(logging) == before
    logging.end()


def test_disk_full_of_delivered_segments(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """A small disk beside a Redis that answers: delivered segments give way, so that nothing is ever refused."""
    wrapper = mounted(tmp_path / "data", "-t", "tmpfs", "-o", "size=60m", "none")
    logging = start_logging("first", redis_server.port, wrapper=wrapper, environment=SMALLEST_BOUND)
    for _ in range(5):
        logging.do("call 3600")
        wait_until_visible(redis_client, logging.accepted[-1:])
        time.sleep(2)
    assert refused(logging) == 0
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


def test_read_only_file_system(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """On a read-only file system the host starts and its calls return, refused and counted; when it is writable
    capturing begins by itself."""
    data_dir = tmp_path / "data"
    wrapper = mounted(data_dir, "-t", "tmpfs", "-o", "ro,size=40m", "none")
    logging = start_logging("first", redis_server.port, wrapper=wrapper, environment=SMALLEST_BOUND)
    logging.do("call 50")
    assert refused(logging) == 50
    health = logging.health()
    assert health.spool.dropped == {"spool_unavailable": 50}
    wait_for(lambda: logging.health().state == "losing", "the health to tell")
    remount(logging.process.pid, data_dir, "rw")
    time.sleep(1)
    logging.do("call 50")
    assert refused(logging) == 50
    assert logging.health().spool.dropped == {"spool_unavailable": 50}
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


def test_syncing_fails(redis_server: RedisServer, redis_client: Any, start_logging: StartLogging) -> None:
    """A disk that cannot sync (EIO): callers notice nothing, everything arrives, and the trouble is told."""
    wrapper = [*FAILING_CALLS, "fdatasync", "EIO"]
    logging = start_logging("first", redis_server.port, wrapper=wrapper)
    logging.do("log 300 1000")
    assert_unhindered(logging)
    assert_exactly_once(redis_client, logging.accepted)
    wait_for(lambda: "could not be synced" in logging.stderr, "the warning")
    logging.end()


def test_segments_cannot_be_made(redis_server: RedisServer, start_logging: StartLogging) -> None:
    """A disk on which no file can be allocated (EIO): callers notice nothing, every refusal is counted."""
    wrapper = [*FAILING_CALLS, "fallocate", "EIO"]
    logging = start_logging("first", redis_server.port, wrapper=wrapper)
    logging.do("call 300")
    assert refused(logging) == 300
    assert logging.health().spool.dropped == {"spool_unavailable": 300}
    assert_unhindered(logging)
    logging.end()


@pytest.mark.parametrize("place", ["in the body", "in the length"])
def test_bit_flip(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, place: str
) -> None:
    """One bit flips in the middle of a segment: that frame is put aside and counted, all others arrive."""
    first = kill_with_spooled(start_logging, 50)
    segment = only_segment(tmp_path / "data")
    content = bytearray(segment.read_bytes())
    body = content.index(b'{"id":"first-000020"')
    content[body + 100 if place == "in the body" else body - HEADER_BYTES + 8] ^= 0x10
    segment.write_bytes(content)
    successor = start_logging("successor", redis_server.port)
    others = [entry_id for entry_id in first.accepted if entry_id != "first-000020"]
    assert_exactly_once(redis_client, others)
    health = successor.health()
    assert (health.spool.quarantined, health.spool.stored, health.spool.dead_lettered) == (1, 49, 0)
    (frame,) = (tmp_path / "data" / "quarantine").iterdir()
    assert b"first-000020" in frame.read_bytes()
    successor.end()


def test_torn_tail(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """Half a frame at the end, as a kill leaves it: it is cut, all before it and all that comes after arrive."""
    first = kill_with_spooled(start_logging, 50)
    segment = only_segment(tmp_path / "data")
    content = bytearray(segment.read_bytes())
    end = (len(content.rstrip(b"\0")) + 7) // 8 * 8
    begun = content.index(b'{"id":"first-000049"') - HEADER_BYTES
    content[end : end + 500] = content[begun : begun + 500]
    segment.write_bytes(content)
    successor = start_logging("successor", redis_server.port)
    successor.do("log 50")
    assert_exactly_once(redis_client, [*first.accepted, *successor.accepted])
    wait_for(lambda: successor.health().spool.stored == 100, "the ledger to be settled")
    assert (successor.health().spool.spooled, successor.health().spool.dead_lettered) == (0, 0)
    successor.end()


@pytest.mark.parametrize("fsync", ["always", "interval", "never"])
def test_power_cut(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, fsync: str
) -> None:
    """The power is cut: on a copy of what had reached the disk, entries synced before are found whole (with
    `always` each one), and the spool can be used. With `never` the same cut loses some: so the model is one."""
    data_dir, disk, cut = tmp_path / "data", tmp_path / "disk", tmp_path / "disk-after-the-cut"
    disk.write_bytes(b"")
    subprocess.run(["truncate", "-s", "64M", disk], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", disk], check=True)
    first = start_logging(
        "first",
        free_port(),
        wrapper=mounted(data_dir, "-o", "loop", str(disk)),
        environment={"LLMLOG_SPOOL_FSYNC": fsync, **SMALLEST_BOUND},
    )
    first.do("log 100")
    time.sleep(0.5)
    synced = len(first.accepted)
    first.do("log 100")
    first.process.send_signal(signal.SIGSTOP)
    shutil.copyfile(disk, cut)
    first.kill()
    successor = start_logging(
        "successor",
        redis_server.port,
        wrapper=mounted(data_dir, "-o", "loop", str(cut)),
        environment=SMALLEST_BOUND,
    )
    successor.do("log 20")
    wait_until_visible(redis_client, successor.accepted)
    if fsync == "never":
        time.sleep(3)  # longer than it takes to find a dead spool
        assert len(visible(redis_client).ids) < 20 + 200
    else:
        safe = first.accepted if fsync == "always" else first.accepted[:synced]
        assert_exactly_once(redis_client, [*safe, *successor.accepted], maybe=first.accepted)
    successor.end()
