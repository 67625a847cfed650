"""`llmlog stats [QUERY]`: counts and percentiles of the last days, or of what matches."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from typing import Any

import msgspec

from llmlog.cli.lines import plain
from llmlog.clock import SystemClock, utc_day
from llmlog.errors import BadRequest
from llmlog.query.answers import Figures, Group
from llmlog.query.figures import GROUPED
from llmlog.service import LLMLoggingService

_HEAD = "{:32} {:>9} {:>7} {:>9} {:>9} {:>9} {:>12} {:>11}"


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("stats", help="counts and percentiles: of the last days, or of what matches a query")
    made.add_argument("words", nargs="*", metavar="QUERY")
    made.add_argument("--by", metavar="FIELD", choices=GROUPED, help=f"a row for each value: {', '.join(GROUPED)}")
    made.add_argument("--days", type=int, default=30, help="how many days back, without a query (30)")
    made.add_argument("--json", action="store_true")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Print the statistics."""
    if asked.words or asked.by:
        return _matching(service, asked)
    if not 1 <= asked.days <= 3650:
        raise BadRequest("days", f"--days must be from 1 to 3650, not {asked.days}.")
    today = date.fromisoformat(utc_day(SystemClock().now_ms()))
    stats = service.statistics((today - timedelta(days=asked.days - 1)).isoformat(), today.isoformat())
    if asked.json:
        print(msgspec.json.encode(stats).decode())
        return 0
    for name, value in msgspec.structs.asdict(stats).items():
        words = name.replace("_", " ")
        if isinstance(value, dict):
            for key, count in value.items():
                print(f"{words:24} {plain(key):40} {count:>10,}")
        else:
            print(f"{words:24} {'–' if value is None else value}")
    return 0


def _matching(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    finder = service.finder
    field = asked.by or "model"
    found = finder.figures.statistics(finder.parse(" ".join(asked.words)), by=(field,))
    if asked.json:
        print(msgspec.json.encode(found).decode())
        return 0
    print(_HEAD.format(field, "logs", "errors", "p50 ms", "p95 ms", "p99 ms", "tokens", "cost"))
    for group in [*found.by[field], Group(value="all", figures=found.total)]:
        print(_row(group.value, group.figures))
    print(found.coverage.sentence())
    return 0 if found.total.count else 1


def _row(value: str, figures: Figures) -> str:
    latencies = (figures.latency.p50, figures.latency.p95, figures.latency.p99)
    times = " ".join(f"{'–' if each is None else f'{each:,.0f}':>9}" for each in latencies)
    cost = "–" if figures.cost_usd is None else f"${figures.cost_usd:,.4f}"
    counts = f"{figures.count:>9,} {figures.errors:>7,}"
    return f"{plain(value)[:32]:32} {counts} {times} {figures.total_tokens:>12,} {cost:>11}"
