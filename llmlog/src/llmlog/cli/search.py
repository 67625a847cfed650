"""`llmlog search WORDS`: logs that contain all words, and how far back was looked."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from llmlog.cli.lines import json_line, line
from llmlog.service import LLMLoggingService


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("search", help="logs that contain all words; quotes keep words together")
    made.add_argument("words", nargs="+")
    made.add_argument("-n", type=int, default=50, metavar="COUNT", help="how many at the most (50)")
    made.add_argument("--json", action="store_true", help="whole logs, one JSON object a line")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Print what was found; 1 when nothing was."""
    found = service.search_logs(" ".join(asked.words), asked.n)
    for entry in found:
        print(json_line(entry) if asked.json else line(entry))
    print(f"{len(found)} found. {found.coverage.sentence()}", file=sys.stderr)
    return 0 if found.logs else 1
