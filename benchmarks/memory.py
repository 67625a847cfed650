"""Memory of a host whose Redis is away: 500 logs/s of 4 KB for a minute, then Redis comes back.

Run by `make bench NAME=memory`; MINUTES=10 for the long one.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import redis

from benchmarks.turns import Turns
from llmlog import LLMLoggingService, LlmRequest, LlmResponse, LogEntry, Settings
from llmlog.settings import StoreSettings
from llmlog.store.engine import find_engine

MINUTES = float(os.environ.get("MINUTES", "1"))
PER_SECOND = 500
BODY_CHARACTERS = 3_600


def run() -> str:
    """A table in Markdown. Raises RuntimeError when something was lost or came out of order."""
    with tempfile.TemporaryDirectory() as directory:
        port = _free_port()
        store = StoreSettings(redis_url=f"redis://127.0.0.1:{port}/0")
        settings = Settings(data_dir=Path(directory) / "data", store=store)
        with LLMLoggingService.open(settings) as service:
            sizes_mb, took_us = _log_into_the_void(service)
            command = [find_engine().program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
            with subprocess.Popen([*command, "--dir", directory], stdout=subprocess.DEVNULL) as server:
                drained_s = _drain(service, port, len(took_us))
                server.terminate()
    first, last = statistics.median(sizes_mb[:5]), statistics.median(sizes_mb[-5:])
    took_us.sort()
    return "\n".join([
        "## memory: a host whose Redis is away",
        "",
        f"{PER_SECOND} logs/s of 4 KB for {MINUTES:g} min, {len(took_us):,} in all; then Redis comes back.",
        "",
        "| resident at the start | at the end | caller p50 / p99 (us) | drained, in order, after |",
        "|---|---|---|---|",
        f"| {first:.0f} MB | {last:.0f} MB | {_share(took_us, 50)} / {_share(took_us, 99)} | {drained_s:.1f} s |",
    ])  # fmt: skip


def _share(ordered: list[float], percent: int) -> str:
    return f"{ordered[len(ordered) * percent // 100]:.0f}"


def _log_into_the_void(service: LLMLoggingService) -> tuple[list[float], list[float]]:
    """Log at a steady rate; resident megabytes once a second, and microseconds a call."""
    text = next(Turns().stream(new=True))["messages"][0]["content"][:BODY_CHARACTERS]
    sizes_mb: list[float] = []
    took_us: list[float] = []
    started_s = time.monotonic()
    while (now_s := time.monotonic()) < started_s + MINUTES * 60:
        if now_s - started_s >= len(sizes_mb):
            sizes_mb.append(_resident_mb())
        for number in range(10):
            entry = LogEntry(
                id=f"entry-{len(took_us):010d}",
                command=f"{number}",
                llm_request=LlmRequest(model="o3-pro", messages=[{"role": "user", "content": f"{now_s} {text}"}]),
                llm_response=LlmResponse(content="done", latency=5.0),
            )
            before_ns = time.perf_counter_ns()
            service.log_interaction(entry)
            took_us.append((time.perf_counter_ns() - before_ns) / 1000)
        time.sleep(max(0.0, started_s + len(took_us) / PER_SECOND - time.monotonic()))
    return sizes_mb, took_us


def _drain(service: LLMLoggingService, port: int, count: int) -> float:
    """Wait until all is there; the seconds it took. Raises RuntimeError when the order or the count is off."""
    started_s = time.monotonic()
    while service.health().spool.spooled:
        if time.monotonic() > started_s + 600:
            raise RuntimeError(f"not drained: {service.health()}")
        time.sleep(0.1)
    took_s = time.monotonic() - started_s
    ledger = service.health().spool
    if (ledger.accepted, ledger.stored, ledger.dropped) != (count, count, {}):
        raise RuntimeError(f"the ledger is off: {ledger}")
    with redis.Redis(port=port, decode_responses=True) as client:
        arrived = [fields["id"] for _, fields in client.xrange("llm:events")]
        if arrived != sorted(arrived):
            raise RuntimeError("drained out of order")
        if sum(client.zcard(key) for key in client.scan_iter(match="llm:logs:*")) != count:
            raise RuntimeError("not all are there")
    return took_s


def _resident_mb() -> float:
    """Without shared pages: those of the mapped spool belong to the disk cache."""
    _, resident, shared, *_ = map(int, Path("/proc/self/statm").read_text().split())
    pages = resident - shared
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
