"""What was accepted arrives, once, whatever is killed; and the caller notices nothing."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from processes import RedisServer, accepted_lines, start_logging, stored_commands

BLOCKED_US = 500_000
"""A call that took this long was waiting for something."""


def test_thousand_entries_survive_kill_9(tmp_path: Path) -> None:
    """1,000 entries logged, then `kill -9`: after a restart all are in Redis, once, and counted once."""
    process = start_logging(tmp_path, "1000", "0", "kill")
    output, _ = process.communicate(timeout=60)
    numbers, _ = accepted_lines(output)
    assert process.returncode == -signal.SIGKILL
    assert len(numbers) == 1000
    commands, total = stored_commands(tmp_path, None, 1000)
    assert sorted(commands) == sorted(f"command {number}" for number in numbers)
    assert total == 1000


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_at_a_random_moment(tmp_path: Path, seed: int) -> None:
    """Killed from outside at a random moment: everything accepted before arrives, nothing twice; at most
    the call under way at that moment arrives without having returned."""
    process = start_logging(tmp_path, "100000", "0")
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(random.Random(seed).uniform(0.05, 0.8))
    process.kill()
    output = first + process.stdout.read()
    process.wait()
    process.stdout.close()
    numbers, _ = accepted_lines(output)
    commands, total = stored_commands(tmp_path, None, len(numbers))
    assert len(commands) == len(set(commands)) == total
    expected = {f"command {number}" for number in numbers}
    assert expected <= set(commands) <= expected | {f"command {len(numbers)}"}


def test_redis_killed_for_ten_seconds(tmp_path: Path, redis_server: RedisServer) -> None:
    """Redis killed for 10 s under 50 logs a second: none is lost and no caller ever waits."""
    process = start_logging(tmp_path / "data", "750", "50", redis_url=redis_server.url)
    time.sleep(2)
    redis_server.kill()
    time.sleep(10)
    redis_server.start()
    numbers, durations = _finished(process)
    assert len(numbers) == 750
    assert max(durations) < BLOCKED_US
    commands, total = stored_commands(tmp_path / "data", redis_server.url, 750)
    assert sorted(commands) == sorted(f"command {number}" for number in numbers)
    assert total == 750


def test_redis_that_hangs(tmp_path: Path, redis_server: RedisServer) -> None:
    """Redis stopped with SIGSTOP: callers do not notice, and everything arrives after SIGCONT."""
    process = start_logging(tmp_path / "data", "400", "50", redis_url=redis_server.url)
    time.sleep(1.5)
    redis_server.signal(signal.SIGSTOP)
    try:
        numbers, durations = _finished(process)
    finally:
        redis_server.signal(signal.SIGCONT)
    assert len(numbers) == 400
    assert max(durations) < BLOCKED_US
    commands, total = stored_commands(tmp_path / "data", redis_server.url, 400)
    assert sorted(commands) == sorted(f"command {number}" for number in numbers)
    assert total == 400


def _finished(process: subprocess.Popen[bytes]) -> tuple[list[int], list[int]]:
    output, _ = process.communicate(timeout=90)
    assert process.returncode == 0
    return accepted_lines(output)
