"""`llmlog tail`: the newest logs, then new ones as they come."""

from __future__ import annotations

import argparse
import time
from typing import Any

from llmlog.cli.lines import json_line, line
from llmlog.query import QueryOptions
from llmlog.service import LLMLoggingService

LOOK_EVERY_S = 0.25


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("tail", help="the newest logs, then new ones as they come")
    made.add_argument("-n", type=int, default=10, metavar="COUNT", help="how many to begin with (10)")
    made.add_argument("--no-follow", action="store_true", help="stop after the newest")
    made.add_argument("--json", action="store_true", help="whole logs, one JSON object a line")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Print logs, oldest of the newest first."""
    shown = json_line if asked.json else line
    event, _ = service.events_after()
    newest = service.get_logs(QueryOptions(limit=asked.n)).logs
    printed = {entry.id for entry in newest}  # one that arrived in between is among the events, too
    for entry in reversed(newest):
        print(shown(entry), flush=True)
    while not asked.no_follow:
        time.sleep(LOOK_EVERY_S)
        event, arrived = service.events_after(event)
        for entry_id in arrived:
            found = service.get_log(entry_id) if entry_id not in printed else None
            if found is not None:
                print(shown(found), flush=True)
    return 0
