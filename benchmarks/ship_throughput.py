"""From spool to store: logs a second, CPU time per log on both sides, and bytes in Redis, all keys included.

The spool is filled first; then one shipper, alone in its process as in `llmlog drain`, empties it into the
embedded Redis. Run by `make bench NAME=ship_throughput`; LOGS=200000 for the long one.
"""

from __future__ import annotations

import os
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.full_entries import full_entries
from llmlog import LLMLoggingService, Settings
from llmlog.settings import ShipSettings, SpoolSettings

LOGS = int(os.environ.get("LOGS", "20000"))


class Shipped(NamedTuple):
    """One run."""

    per_second: float
    own_us: float
    """CPU time of the shipper's process per log."""
    redis_us: float
    bytes_per_log: float


def measure(directory: Path, logs: int, *, new: bool) -> Shipped:
    """Fill a spool, ship it, look."""
    settings = Settings(
        data_dir=directory, ship=ShipSettings(in_process=False), spool=SpoolSettings(max_bytes=16 * 1024**3)
    )
    with LLMLoggingService.open(settings) as service:
        for entry in islice(full_entries(new=new), logs):
            service.log_interaction(entry)
    with LLMLoggingService.open_reader(settings) as service:
        redis = service.redis_client(5)
        before = redis.info()
        shipper = service.drainer()
        started_s, computed_s = time.perf_counter(), time.process_time()
        while shipper.run_once():
            pass
        took_s, computed_s = time.perf_counter() - started_s, time.process_time() - computed_s
        shipper.release()
        after = redis.info()
        stored = service.health().spool.stored
        if stored != logs:
            raise RuntimeError(f"{stored} of {logs} were stored")
    redis_s = sum(after[key] - before[key] for key in ("used_cpu_user", "used_cpu_sys"))
    grown = after["used_memory_dataset"] - before["used_memory_dataset"]
    return Shipped(logs / took_s, computed_s / logs * 1e6, redis_s / logs * 1e6, grown / logs)


def run() -> str:
    """Stable and changing prompts; a table in Markdown."""
    lines = [
        "## ship_throughput: from spool to store",
        "",
        f"{LOGS:,} entries of 10 KB with attempts, steps and raw usage; one shipper, alone in its process.",
        "",
        "| system prompt | logs/s | shipper, us of CPU a log | Redis, us of CPU a log | Redis bytes a log |",
        "|---|---|---|---|---|",
    ]
    for name, new in (("the same", False), ("another each time, all else too", True)):
        with tempfile.TemporaryDirectory() as directory:
            shipped = measure(Path(directory), LOGS, new=new)
        lines.append(
            f"| {name} | {shipped.per_second:,.0f} | {shipped.own_us:.0f} | {shipped.redis_us:.0f} | "
            f"{shipped.bytes_per_log:,.0f} |"
        )
    return "\n".join(lines)
