"""What a log costs its caller: time from call to return, entry already built.

Each contender runs in a process of its own (the peers from `.venv-bench`), with the same turns, in turn with the
others; a figure is the median over the rounds. Run by `make bench NAME=caller_overhead`, with `ROUNDS=3` for more
rounds, `QUICK=1` for a try of few calls, `ONLY="llmlog,Opik"` for some contenders (the floor is always there). One
measurement alone: `python -m benchmarks.caller_overhead CONTENDER LOAD TURN SINK_URL`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import loads
from benchmarks.contenders import OWN, Contender, Turn
from benchmarks.overhead_tables import FLOOR, Found, tables
from benchmarks.peers import PACKAGES, PEERS, QUIET, SENDING
from benchmarks.sink import ROOT, RunningSink
from benchmarks.turns import Turns

CONTENDERS = OWN | PEERS
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
LIMIT_S = 300
WARM_UP, QUICK_WARM_UP = 300, 50


class Load(NamedTuple):
    """A way to log, how many turns it takes, and how many in a quick try."""

    run: Callable[[Contender, Iterator[Turn], int], loads.Figures]
    turns: int
    quick_turns: int


class Kind(NamedTuple):
    """What the turns are like. most: as many of them as are logged at once."""

    new: bool = False
    scale: float = 1.0
    most: int = 10_000


LOADS = {
    "tight": Load(loads.tight, 5000, 400),
    "200/s": Load(loads.gentle, 1000, 200),
    "busy": Load(loads.busy, 1000, 200),
    "8 threads": Load(loads.threads, 8000, 800),
    "asyncio": Load(loads.event_loop, 4000, 500),
}
KINDS = {
    "ordinary": Kind(),
    "new": Kind(new=True),
    "2 KB": Kind(scale=0.12),
    "100 KB": Kind(scale=11.9, most=1000),
}
CASES = [
    *(("ordinary", load) for load in LOADS),
    *(("new", load) for load in ("tight", "200/s", "busy")),
    ("2 KB", "tight"),
    ("100 KB", "tight"),
]


def measure(name: str, load: str, kind: str, sink_url: str) -> loads.Figures:
    """The figures of one contender under one load, in microseconds."""
    how, what, quick = LOADS[load], KINDS[kind], bool(os.environ.get("QUICK"))
    count = min(how.quick_turns if quick else how.turns, what.most)
    turns = Turns(scale=what.scale).stream(new=what.new)
    figures = loads.empty_event_loop(turns, count) if how.run is loads.event_loop else {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        contender = CONTENDERS[name](Path(directory), sink_url)
        for _ in range(QUICK_WARM_UP if quick else WARM_UP):
            contender.log(contender.prepare(next(turns)))
        time.sleep(0.5)
        figures |= how.run(contender, loads.marked(turns), count)
        contender.close()
    return figures | {"logged": count}


def peers_environment(home: str) -> dict[str, str]:
    """Of the user's own settings nothing but what a process needs: no key or address of theirs gets in."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR", "QUICK") if key in os.environ}
    return kept | {"HOME": home, **QUIET}


class _Child:
    """Runs measurements one by one, each in a process of its own; keeps why one could not be had."""

    def __init__(self, sink: RunningSink) -> None:
        self._sink = sink
        self.failed: dict[str, str] = {}

    def figures(self, name: str, load: str, kind: str) -> loads.Figures | None:
        """What a contender gives. Raises RuntimeError when one of our own gives nothing."""
        if name in PEERS and not PEERS_PYTHON.exists():
            self._fail(name, "not installed; `make bench` does that")
            return None
        python = str(PEERS_PYTHON) if name in PEERS else sys.executable
        command = [python, "-m", "benchmarks.caller_overhead", name, load, kind, self._sink.url]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            environment = peers_environment(home) if name in PEERS else None
            try:
                ended = subprocess.run(
                    command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S
                )
            except subprocess.TimeoutExpired:
                self._fail(name, f"{load}, {kind}: no end after {LIMIT_S} s")
                return None
        if ended.returncode:
            self._fail(name, f"{load}, {kind}: {(ended.stderr.strip() or 'no word').splitlines()[-1]}")
            return None
        figures: loads.Figures = json.loads(ended.stdout.splitlines()[-1])
        if name in SENDING:
            figures["arrived"] = self._sink.arrived()["turns"]
            if not figures["arrived"]:
                self._fail(name, f"{load}, {kind}: nothing arrived at the sink")
                return None
        return figures

    def _fail(self, name: str, why: str) -> None:
        if name in OWN:
            raise RuntimeError(f"{name}: {why}")
        self._sink.arrived()
        self.failed[name] = why


def run() -> str:
    """All contenders, loads and turns; tables in Markdown."""
    rounds = int(os.environ.get("ROUNDS", "1"))
    only = {name.strip() for name in os.environ.get("ONLY", ",".join(CONTENDERS)).split(",")} | {FLOOR}
    if unknown := only - set(CONTENDERS):
        raise SystemExit(f"There is no contender {sorted(unknown)[0]!r}. There are: {', '.join(CONTENDERS)}")
    names = [name for name in CONTENDERS if name in only]
    rows: dict[tuple[str, str, str], list[loads.Figures]] = {}
    with RunningSink() as sink:
        child = _Child(sink)
        for _ in range(rounds):
            for kind, load in CASES:
                for name in names:
                    print(f"  {kind}, {load}: {name}", file=sys.stderr, flush=True)
                    if figures := child.figures(name, load, kind):
                        rows.setdefault((kind, load, name), []).append(figures)
    found: Found = {key: _medians(each) for key, each in rows.items()}
    return "\n\n".join([heading(rounds), tables(found, names), *remarks(child.failed)])


def heading(rounds: int) -> str:
    """What is shown, and with which peers."""
    quick = " A quick try of few calls: not to be quoted." if os.environ.get("QUICK") else ""
    return (
        "## caller_overhead: microseconds on the caller's thread, p50 / p95 / p99\n\n"
        f"Median of {rounds} round{'' if rounds == 1 else 's'}; in brackets as a multiple of the floor's in the "
        f"same run (what the least durable log pays: encode, checksum, copy into a mapped file).{quick}\n\n"
        f"Peers, each with its defaults and a sink on loopback: {peer_versions()}."
    )


def peer_versions() -> str:
    """The packages of the peers as they are installed."""
    if not PEERS_PYTHON.exists():
        return "not installed"
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    command = [str(PEERS_PYTHON), "-c", code, *PACKAGES]
    versions = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return ", ".join(f"{name} {version}" for name, version in zip(PACKAGES, versions, strict=True))


def remarks(failed: dict[str, str]) -> list[str]:
    """Which contenders are missing somewhere, and why."""
    return [f"{name} could not be measured everywhere: {why}." for name, why in failed.items()]


def _medians(rounds: list[loads.Figures]) -> loads.Figures:
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:5])))
