"""How fast a log is found: the index against reading the logs one by one, and against SQLite FTS5 as one uses it.

LOGS logs over 90 days lie in the embedded Redis; the index is built from them as after a loss. Then each kind of
query runs REPEATS times; p50 and p95 in ms. Run by `make bench NAME=find`; LOGS=1000000 for the long one.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from llmlog import LLMLoggingService, LlmRequest, LlmResponse, LogEntry, QueryOptions, Result, Settings, Usage
from llmlog.clock import SystemClock
from llmlog.query.index.follower import IndexFollower
from llmlog.query.index.place import IndexPlace
from llmlog.settings import ShipSettings, SpoolSettings

LOGS = int(os.environ.get("LOGS", "20000"))
REPEATS = 40
DAYS = 89
DAY_MS = 86_400_000
MODELS = ("claude-sonnet-4", "gpt-5", "gemini-2.5-flash", "o3-pro", "local/rules-1")
INTENTS = ("play_track", "queue_playlist", "pause", "next", "volume", "create_playlist", "clarify")
SYLLABLES = ("ra", "dio", "ka", "lo", "ne", "mi", "su", "ta", "ver", "en", "ol", "is", "pu", "gra", "the", "an")
RARE = 10_000
"""One log in so many has the rare word."""

QUERIES = {
    "frequent word": "play",
    "rare word": "zyzzyva",
    "two words": "play happy",
    "phrase": '"some happy music"',
    "prefix": "rad*",
    "substring": "*diolo*",
    "expression": "/zyz+yva/",
    "expression on a field": "model:gpt-5 status:error response:/ra(dio|ver)/",
    "nothing": "qqqqqqqq",
    "filters": "status:error model:gpt-5 latency:>3s since:30d",
    "excluded": "happy -model:gpt-5 -status:ok",
}
FIGURES = {
    "facets, histogram and statistics": "",
    "the same, of a word": "happy",
    "the same, with three facets active": "status:ok,error model:gpt-5,o3-pro intent:play_track,pause",
}


def entries(count: int, now_ms: int, seed: int = 1) -> Iterator[LogEntry]:
    """Logs evenly over the days, oldest first: 2 KB, a tenth of it words of their own."""
    chance = random.Random(seed)
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(4_000)]
    for number in range(count):
        text = " ".join(chance.choices(words, k=40))
        status = chance.choices(("ok", "fallback", "error"), (88, 8, 4))[0]
        latency = chance.lognormvariate(7, 0.7)
        rare = " zyzzyva" if number % RARE == 0 else ""
        yield LogEntry(
            timestamp=now_ms - (count - number) * DAYS * DAY_MS // count,
            command=f"play some {chance.choice(('happy', 'sad', 'quiet'))} music {chance.choice(words)}{rare}",
            user_id=f"person-{chance.randrange(500)}",
            session_id=f"session-{number // 8}",
            interpretation={"intent": chance.choice(INTENTS)},
            llm_request=LlmRequest(model=chance.choice(MODELS), provider="openrouter", flow="openrouter"),
            llm_response=LlmResponse(
                content=text,
                latency=latency,
                usage=Usage(prompt_tokens=1700, completion_tokens=210, total_tokens=1910),
            ),
            result=Result(success=status != "error", message="Playing"),
            status=status,  # type: ignore[arg-type]
        )


class Built(NamedTuple):
    """What building came to."""

    us_per_log: float
    bytes_per_log: float


def fill(directory: Path) -> None:
    """Store the logs; the process that does it ends, so that its memory does not count."""
    settings = Settings(
        data_dir=directory, ship=ShipSettings(in_process=False), spool=SpoolSettings(max_bytes=32 * 1024**3)
    )
    now_ms = time.time_ns() // 1_000_000
    made = entries(LOGS, now_ms)
    with LLMLoggingService.open(settings) as service:
        shipper = service.drainer()
        for start in range(0, LOGS, 20_000):
            for _ in range(min(20_000, LOGS - start)):
                service.log_interaction(next(made))
            while shipper.run_once():
                pass
        while shipper.run_once():
            pass
        shipper.release()


def build(directory: Path) -> Built:
    """Make the index from the store, as a process does that finds none."""
    with LLMLoggingService.open_reader(Settings(data_dir=directory)) as service:
        place = IndexPlace(directory)
        follower = IndexFollower(service._reads.store, place, SystemClock())
        started_s = time.perf_counter()
        while follower.round():
            pass
        took_s = time.perf_counter() - started_s
        follower.stop()
        follower._let_go()
        checkpoint = place.checkpoint()
        if not checkpoint.whole or checkpoint.indexed != LOGS:
            raise RuntimeError(f"the index is not whole: {checkpoint}")
        size = sum(path.stat().st_size for path in place.path.rglob("*"))
        return Built(took_s / LOGS * 1e6, size / LOGS)


def _timed(act: Callable[[], Any]) -> tuple[float, float]:
    """p50 and p95 of some runs, ms."""
    act()
    took_ms = []
    for _ in range(REPEATS):
        started_s = time.perf_counter()
        act()
        took_ms.append((time.perf_counter() - started_s) * 1000)
    return statistics.median(took_ms), sorted(took_ms)[int(REPEATS * 0.95)]


def sqlite(directory: Path) -> dict[str, tuple[float, float]]:
    """The same texts in a table of SQLite's full-text search, with an index on time."""
    database = sqlite3.connect(directory / "logs.db")
    database.execute("CREATE TABLE logs (id INTEGER PRIMARY KEY, ts INTEGER, status TEXT, model TEXT)")
    database.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize='unicode61 remove_diacritics 2')")
    for number, entry in enumerate(entries(LOGS, time.time_ns() // 1_000_000), 1):
        response = entry.llm_response
        assert response is not None
        row = (number, entry.timestamp, entry.status, entry.llm_request.model)
        text = f"{entry.command} {response.content}"
        database.execute("INSERT INTO logs VALUES (?, ?, ?, ?)", row)
        database.execute("INSERT INTO texts (rowid, text) VALUES (?, ?)", (number, text))
    database.execute("CREATE INDEX by_time ON logs (ts)")
    database.commit()
    times = {
        name: _timed(lambda words=words: database.execute(FIND, (words,)).fetchall())
        for name, words in SQLITE.items()
    }
    database.close()
    return times


SQLITE = {
    "frequent word": "play",
    "rare word": "zyzzyva",
    "two words": "play happy",
    "phrase": '"some happy music"',
    "prefix": "rad*",
    "nothing": "qqqqqqqq",
}
FIND = "SELECT l.* FROM texts t JOIN logs l ON l.id = t.rowid WHERE texts MATCH ? ORDER BY l.ts DESC LIMIT 100"


def look(directory: Path) -> dict[str, Any]:
    """Every kind of query: rows of a table, and the largest memory of this process."""
    with LLMLoggingService.open_reader(Settings(data_dir=directory)) as service:
        finder = service.finder
        queries = {}
        for name, text in QUERIES.items():
            found = finder.search(finder.parse(text), 100)
            total = f"{len(found)}+" if found.total is None else f"{found.total:,}"
            own = _timed(lambda text=text: finder.search(finder.parse(text), 100))
            queries[name] = [_cell(own), total, _scanned(service, text)]
        figures = {name: _cell(_timed(lambda text=text: _figures(service, text))) for name, text in FIGURES.items()}
        reads = _reads(service)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"queries": queries, "figures": figures, "reads": reads, "memory": memory_mb}


def _scanned(service: LLMLoggingService, text: str) -> str:
    """One answer without an index: how long, and how much of the logs it looked at."""
    from llmlog.query.search import LogSearch

    finder = service.finder
    search = LogSearch(service._reads.store, service._reads.queries, SystemClock(), None)
    started_s = time.perf_counter()
    found = search.search(finder.parse(text), 100)
    took_ms = (time.perf_counter() - started_s) * 1000
    return f"{took_ms:.0f} ms for {found.coverage.searched / LOGS:.0%}"


def _figures(service: LLMLoggingService, text: str) -> None:
    finder = service.finder
    query = finder.parse(text)
    finder.figures.facets(query)
    finder.figures.histogram(query)
    finder.figures.statistics(query)


def _reads(service: LLMLoggingService) -> dict[str, str]:
    """What needs no index."""
    day = _day_back(10)
    kinds: dict[str, Callable[[], Any]] = {
        "newest 100": lambda: service.get_logs(QueryOptions(limit=100)),
        "page 50 of 100": lambda: service.get_logs(QueryOptions(limit=100, page=50)),
        "100 of a day": lambda: service.get_logs(QueryOptions(limit=100, day=day)),
        "100 of a person": lambda: service.get_logs(QueryOptions(limit=100, user_id="person-7")),
        "statistics of 90 days": lambda: service.statistics(_day_back(DAYS), _day_back(0)),
    }
    return {name: _cell(_timed(act)) for name, act in kinds.items()}


def _day_back(days: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * 86_400))


def _cell(pair: tuple[float, float]) -> str:
    return " / ".join(f"{value:.2f}" if value < 10 else f"{value:.0f}" for value in pair)


def run() -> str:
    """Fill, build, look, each in a process of its own; a table in Markdown."""
    with (
        tempfile.TemporaryDirectory() as directory,
        LLMLoggingService.open_reader(Settings(data_dir=Path(directory))),  # keeps the server running throughout
    ):
        _in_a_process("fill", directory)
        built = _in_a_process("build", directory)
        seen = json.loads(_in_a_process("look", directory))
        peer = json.loads(_in_a_process("sqlite", directory))
    lines = [
        "## find: ms until an answer",
        "",
        f"{LOGS:,} logs of 2 KB over {DAYS} days in the embedded Redis, {REPEATS} runs of each query, pages of 100 "
        f"whole logs. {built} Largest memory of the reading process: {seen['memory']} MB.",
        "",
        "| query | index, p50 / p95 | found | one by one, one answer | SQLite FTS5, rows only |",
        "|---|---|---|---|---|",
    ]
    for name, cells in seen["queries"].items():
        other = _cell(peer[name]) if name in peer else "–"
        typed = QUERIES[name].replace("|", "\\|")
        lines.append(f"| {name}: `{typed}` | {' | '.join(cells)} | {other} |")
    lines += ["", "| figures and reads | p50 / p95 |", "|---|---|"]
    lines += [f"| {name}: `{FIGURES[name]}` | {cell} |" for name, cell in seen["figures"].items()]
    lines += [f"| {name}, from Redis alone | {cell} |" for name, cell in seen["reads"].items()]
    return "\n".join(lines)


def _in_a_process(step: str, directory: str) -> str:
    command = [sys.executable, "-m", "benchmarks.find", step, directory]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _main(step: str, directory: Path) -> None:
    if step == "fill":
        fill(directory)
    elif step == "build":
        built = build(directory)
        print(f"Building: {built.us_per_log:.0f} µs and {built.bytes_per_log:.0f} bytes a log.")
    else:
        print(json.dumps({"look": look, "sqlite": sqlite}[step](directory)))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
