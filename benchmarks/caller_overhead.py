"""What a log costs its caller: time from call to return, entry already built.

Each contender runs in a process of its own, with the same turns, in turn with the others and several times over;
a cell is the median over the rounds. `tight` is a loop, `200/s` has pauses, `busy` is 200/s beside a thread that
computes. Run by `make bench NAME=caller_overhead`; one measurement alone:
`python -m benchmarks.caller_overhead CONTENDER MODE TURNS SINK_URL`.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.contenders import CONTENDERS
from benchmarks.turns import Turns

ROUNDS = 1
MODES = {"tight": (5000, 0.0), "200/s": (1000, 0.005), "busy": (1000, 0.005)}
KINDS = ("ordinary", "new")
WARM_UP = 300


def measure(name: str, mode: str, kind: str, sink_url: str) -> dict[str, float]:
    """Percentiles of one contender in one mode, in microseconds."""
    count, pause_s = MODES[mode]
    with tempfile.TemporaryDirectory() as directory:
        contender = CONTENDERS[name](Path(directory), sink_url)
        turns = Turns().stream(new=kind == "new")
        for _ in range(WARM_UP):
            contender.log(contender.prepare(next(turns)))
        time.sleep(0.5)
        stop = threading.Event()
        busy = threading.Thread(target=_compute, args=(stop,), daemon=True)
        if mode == "busy":
            busy.start()
        gc.collect()
        gc.freeze()
        took_us = []
        for _ in range(count):
            ready = contender.prepare(next(turns))
            if pause_s:
                time.sleep(pause_s)
            started_ns = time.perf_counter_ns()
            contender.log(ready)
            took_us.append((time.perf_counter_ns() - started_ns) / 1000)
        stop.set()
        contender.close()
    took_us.sort()
    return {f"p{share}": took_us[int(len(took_us) * share / 100)] for share in (50, 95, 99)}


def _compute(stop: threading.Event) -> None:
    while not stop.is_set():
        sum(range(500))


class _Sink(BaseHTTPRequestHandler):
    """Takes what exporters send."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def run() -> str:
    """All contenders, modes and kinds; a table in Markdown."""
    sink = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{sink.server_port}"
    found: dict[tuple[str, str, str], list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for kind in KINDS:
            for mode in MODES:
                for name in CONTENDERS:
                    arguments = [sys.executable, "-m", "benchmarks.caller_overhead", name, mode, kind, url]
                    output = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
                    found.setdefault((kind, mode, name), []).append(json.loads(output.splitlines()[-1]))
    sink.shutdown()
    return _table(found)


def _table(found: dict[tuple[str, str, str], list[dict[str, float]]]) -> str:
    modes = list(MODES)
    lines = [
        "## caller_overhead: microseconds on the caller's thread, p50 / p95 / p99",
        "",
        f"Median of {ROUNDS} rounds. *busy*: 200/s beside a CPU-bound thread. ×: p50 against llmlog's.",
        "",
        "| turn | contender | " + " | ".join(modes) + " |",
        "|---|---|" + "---|" * len(modes),
    ]
    for kind in KINDS:
        for name in CONTENDERS:
            cells = []
            for mode in modes:
                own, ours = _medians(found[(kind, mode, name)]), _medians(found[(kind, mode, "llmlog")])
                text = " / ".join(f"{own[p]:.0f}" for p in ("p50", "p95", "p99"))
                cells.append(text if name == "llmlog" else f"{text} (×{own['p50'] / ours['p50']:.1f})")
            lines.append(f"| {kind} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:5])))
