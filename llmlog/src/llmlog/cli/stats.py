"""`llmlog stats`: counts and percentiles of the last days."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from typing import Any

import msgspec

from llmlog.cli.lines import plain
from llmlog.clock import SystemClock, utc_day
from llmlog.errors import BadRequest
from llmlog.service import LLMLoggingService


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("stats", help="counts and percentiles")
    made.add_argument("--days", type=int, default=30, help="how many days back (30)")
    made.add_argument("--json", action="store_true")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Print the statistics."""
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
