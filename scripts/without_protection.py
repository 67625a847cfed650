"""Takes each protection against loss away, one at a time, and shows that a test notices.

    make proof            all of them (some ten minutes)
    make proof ONLY=7     one of them

Works on a copy of the tree. A line `NOT NOTICED` means that a protection has no test that would miss it; the
exit code is 1 then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SOURCES = "llmlog/src/llmlog"
ACCEPTANCE = "llmlog/tests/acceptance"


class Protection(NamedTuple):
    """What keeps logs safe from one fault, and how the code looks without it."""

    fault: str
    module: str
    code: str
    without: str
    test: str


PROTECTIONS = (
    Protection(
        "1 Redis is down at the start: it is tried again", "ship/breaker.py",
        'if self.state == "open" and self', 'if self.state == "gone" and self',
        "test_outages.py::test_redis_down_at_the_start",
    ),
    Protection(
        "2 Redis is away: the cursor waits", "ship/shipper.py",
        "            self._tell(str(error))\n            return False",
        '            source.reader.settle((each, "stored") for each in source.batch.deliveries)\n'
        "            source.batch, source.following = source.following, None\n            return False",
        "test_outages.py::test_redis_away_under_load",
    ),
    Protection(
        "3 kill -9: what was appended is the kernel's", "spool/files/local.py",
        "return MappedFile(fd, mmap.mmap(fd, size_bytes))",
        "return MappedFile(fd, mmap.mmap(fd, size_bytes, access=mmap.ACCESS_COPY))",
        "test_kills.py::test_thousand_entries_survive_kill_9",
    ),
    Protection(
        "4 kill -9 before the acknowledgement: once is once", "store/batch.lua",
        "elseif added == 0 then", "elseif false then",
        "test_kills.py::test_kill_9_between_the_write_and_the_acknowledgement",
    ),
    Protection(
        "5 a torn tail is no log", "spool/frame.py",
        "if checksum(blank, body) != crc:", "if False:",
        "test_disk.py::test_torn_tail",
    ),
    Protection(
        "6 a power cut: what was synced is there", "spool/files/local.py",
        "        os.fdatasync(self._fd)", "        pass",
        "test_disk.py::test_power_cut",
    ),
    Protection(
        "7 the disk is full: refused when it is made, not met as a SIGBUS", "spool/files/local.py",
        "os.posix_fallocate(fd, 0, size_bytes)", "os.ftruncate(fd, size_bytes)",
        "test_disk.py::test_disk_full",
    ),
    Protection(
        "8 a descriptor whose sync failed is never asked again", "spool/syncing.py",
        "            self._failed = segment\n            return error", "            return error",
        "../unit/test_spool_scenarios.py::test_failed_descriptor_is_never_asked_again",
    ),
    Protection(
        "8 a disk that refuses everything is no exception of the host", "capture/recorder.py",
        "        except Exception:  # noqa: BLE001 - the fence: the log never breaks the song",
        "        except ZeroDivisionError:",
        "../integration/test_fence.py",
    ),
    Protection(
        "9 a flipped bit costs one log", "spool/walk.py",
        "        after = self._next_whole(pages, place)\n        if after is not None:\n            if _whole",
        "        after = None\n        if after is not None:\n            if _whole",
        "test_disk.py::test_bit_flip",
    ),
    Protection(
        "10 a poison entry does not stop the others", "store/batch_writer.py",
        "return WriteOutcome(stored=False, error=reply", "raise StoreUnavailable(reply",
        "test_refusals.py::test_poison_entry",
    ),
    Protection(
        "11 Redis hangs: a time limit on every socket", "store/connection.py",
        '"socket_timeout": timeout_s,', '"socket_timeout": None,',
        "test_outages.py::test_redis_that_hangs",
    ),
    Protection(
        "12 Redis is slow: batches grow", "ship/shipper.py",
        "min(LARGEST_BATCH, self._batch_entries * 2)", "self._batch_entries",
        "../integration/test_shipper_model.py::test_batches_grow_when_the_way_is_slow",
    ),
    Protection(
        "13, 14 OOM, MISCONF, READONLY are no fault of the data", "store/connection.py",
        '"OOM", "MISCONF", "LOADING", "READONLY", ', "",
        "test_refusals.py::test_server_that_refuses",
    ),
    Protection(
        "15 a failover forgets: delivered segments are kept", "ship/sources.py",
        "KEEP_SETTLED_MS = 10 * 60 * 1000", "KEEP_SETTLED_MS = 0",
        "../integration/test_shipper_model.py::test_a_forgetful_store_gets_it_again",
    ),
    Protection(
        "16 Redis comes back empty", "store/batch_writer.py",
        'self.forgotten = "surely" if keys.MARKER in self._known else "perhaps"', "pass",
        "test_drain.py::test_a_redis_that_comes_back_empty",
    ),
    Protection(
        "17 a burst: what does not fit is counted", "spool/writer.py",
        "        elif count_drop:\n            self.drop(reason)", "",
        "test_disk.py::test_spool_bound_reached",
    ),
    Protection(
        "18 a forked child has a spool of its own", "service.py",
        "        os.register_at_fork(after_in_child=lambda: _in_child(itself))\n", "",
        "test_ends.py::test_forked_children",
    ),
    Protection(
        "18 the spools of the living are left alone", "spool/files/local.py",
        "fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass",
        "../integration/test_spool_on_disk.py",
    ),
    Protection(
        "19 the clock is set back: ids stay in order", "capture/identifiers.py",
        "max(self._newest_ms, now_ms + turns)", "now_ms",
        "test_ends.py::test_clock_set_back",
    ),
    Protection(
        "20 the end does not wait for a Redis that is away", "ship/shipper.py",
        'until_s = time.monotonic() + deadline_s', 'until_s = time.monotonic() + 60',
        "test_ends.py::test_sigterm_while_redis_is_away",
    ),
    Protection(
        "20 an end without close delivers", "service.py",
        "        atexit.register(service.close)\n", "",
        "test_ends.py::test_end_without_close",
    ),
)  # fmt: skip


def noticed(protection: Protection, copy: Path) -> bool:
    """Whether the test fails without the protection. Raises ValueError when the code is not as described."""
    path = copy / SOURCES / protection.module
    whole = path.read_text()
    if protection.code not in whole:
        raise ValueError(f"{protection.fault}: {protection.module} does not have {protection.code!r}")
    path.write_text(whole.replace(protection.code, protection.without))
    try:
        tests = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{ACCEPTANCE}/{protection.test}"],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy / "llmlog" / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(whole)
    last = tests.stdout.strip().splitlines()[-1] if tests.stdout.strip() else tests.stderr[-200:]
    seen = tests.returncode == 1 and " failed" in last
    print(
        f"{'noticed    ' if seen else 'NOT NOTICED'}  {protection.fault}\n             {protection.test}: {last}",
        flush=True,
    )
    return seen


def main(only: str) -> int:
    """Run those whose name begins with `only`."""
    chosen = [each for each in PROTECTIONS if not only or each.fault.startswith(f"{only} ")]
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".venv*", ".git", "*.pyc", ".*_cache", ".hypothesis")
        )
        missed = [each.fault for each in chosen if not noticed(each, copy)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} protections are missed by a test when they are gone")
    return 1 if missed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("ONLY", "")))
