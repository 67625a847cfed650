"""What arrives when the process dies: 1,000 logged and then kill -9, kills at random moments, and the end with the
store down. The next process of the data directory delivers; the store is then counted.

Run by `make bench NAME=crash_delivery`; one process alone: `python -m benchmarks.crash_delivery CONTENDER COUNT DIR
SINK`, which writes a line per accepted log and then waits to be killed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.full_entries import full_entries
from llmlog import LLMLoggingService, Settings
from llmlog.settings import StoreSettings

LOGS = 1_000
KILLS = int(os.environ.get("KILLS", "50"))
DOWN = "redis://127.0.0.1:1/0"
"""Nobody listens there."""


class Delivered(NamedTuple):
    """What came of one process."""

    accepted: int
    visible: int
    counted: int


def log_and_wait(directory: Path, count: int) -> None:
    """Log, one byte to stdout after each call has returned, then wait to be killed."""
    with LLMLoggingService.open(Settings(data_dir=directory)) as service:
        for entry in islice(full_entries(), count):
            service.log_interaction(entry)
            os.write(1, b".")
        os.write(1, b"!")
        time.sleep(60)


def log_and_end(directory: Path) -> None:
    """Log while the store is down, and end as any program ends."""
    service = LLMLoggingService.open(Settings(data_dir=directory, store=StoreSettings(redis_url=DOWN)))
    for entry in islice(full_entries(), LOGS):
        service.log_interaction(entry)


def _killed(directory: Path, after_s: float | None) -> int:
    """Start a process, kill it (after a time, or when all is logged), say how much it had accepted."""
    command = [sys.executable, "-m", "benchmarks.crash_delivery", "wait", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.read(1)
        if after_s is None:
            while not said.endswith(b"!"):
                said += os.read(process.stdout.fileno(), 65536)
        else:
            time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read()
    return said.count(b".")


def _recovered(directory: Path) -> tuple[int, int]:
    """What a later process makes visible: logs in the day's set, and what the statistics say."""
    with LLMLoggingService.open(Settings(data_dir=directory)) as service:
        until_s = time.monotonic() + 60
        quiet = 0
        while quiet < 3 and time.monotonic() < until_s:
            time.sleep(0.1)
            health = service.health().spool
            quiet = quiet + 1 if health.accepted and not health.spooled else 0
        redis = service.redis_client(5)
        visible = sum(redis.zcard(key) for key in redis.scan_iter(match="llm:logs:*"))
        return visible, service.statistics().total_queries


def run() -> str:
    """A table in Markdown. Raises RuntimeError when anything accepted is missing or twice."""
    with tempfile.TemporaryDirectory() as directory:
        accepted = _killed(Path(directory), None)
        whole = Delivered(accepted, *_recovered(Path(directory)))
    kills = _random_kills()
    exit_s, later = _end_with_the_store_down()
    return "\n".join([
        "## crash_delivery: what arrives when the process dies",
        "",
        "| | accepted | visible afterwards | counted by the statistics |",
        "|---|---|---|---|",
        f"| {LOGS:,} logged, then kill -9 | {whole.accepted:,} | {whole.visible:,} | {whole.counted:,} |",
        f"| {KILLS} kills at random moments, together | {sum(k.accepted for k in kills):,} | "
        f"{sum(k.visible for k in kills):,} | {sum(k.counted for k in kills):,} |",
        f"| {LOGS:,} logged with the store down, plain end in {exit_s:.2f} s; store back | {LOGS:,} | "
        f"{later.visible:,} | {later.counted:,} |",
        "",
        "A log whose call the kill caught before it returned may be visible too: one a kill at most.",
    ])  # fmt: skip


def _random_kills() -> list[Delivered]:
    chance = random.Random(1)
    kills = []
    for _ in range(KILLS):
        with tempfile.TemporaryDirectory() as directory:
            accepted = _killed(Path(directory), chance.uniform(0, 0.3))
            kills.append(Delivered(accepted, *_recovered(Path(directory))))
    for kill in kills:
        if not kill.accepted <= kill.visible <= kill.accepted + 1 or kill.visible != kill.counted:
            raise RuntimeError(f"lost or twice: {kill}")
    return kills


def _end_with_the_store_down() -> tuple[float, Delivered]:
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-c", _END, directory]
        ended_s = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        exit_s = time.time() - ended_s
        return exit_s, Delivered(LOGS, *_recovered(Path(directory)))


_END = """
import sys, time
from pathlib import Path
from benchmarks.crash_delivery import log_and_end
log_and_end(Path(sys.argv[1]))
print(time.time(), flush=True)
"""

if __name__ == "__main__":
    log_and_wait(Path(sys.argv[2]), LOGS)
