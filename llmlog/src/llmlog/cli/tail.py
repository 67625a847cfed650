"""`llmlog tail [QUERY]`: the newest logs, then new ones as they come."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from llmlog.cli.lines import json_line, line
from llmlog.query.language import Matcher
from llmlog.service import LLMLoggingService

LOOK_EVERY_S = 0.25


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("tail", help="the newest logs, then new ones as they come")
    made.add_argument("words", nargs="*", metavar="QUERY", help="only logs that match")
    made.add_argument("-n", type=int, default=10, metavar="COUNT", help="how many to begin with (10)")
    made.add_argument("--no-follow", action="store_true", help="stop after the newest")
    made.add_argument("--json", action="store_true", help="whole logs, one JSON object a line")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Print logs, oldest of the newest first."""
    shown = json_line if asked.json else line
    finder = service.finder
    query = finder.parse(" ".join(asked.words))
    event = finder.newest_event()
    newest = finder.search(query, asked.n).logs
    printed = {entry.id for entry in newest}  # one that arrived in between is among the events, too
    for entry in reversed(newest):
        print(shown(entry), flush=True)
    matcher = Matcher(query)
    while not asked.no_follow:
        time.sleep(LOOK_EVERY_S)
        arrived = finder.arrivals(event)
        event = arrived.event
        if arrived.skipped:
            print(f"{arrived.skipped:,} logs came too fast to be shown.", file=sys.stderr)
        for _, entry in arrived.logs:
            if entry.id not in printed and matcher.matches(entry):
                print(shown(entry), flush=True)
    return 0
