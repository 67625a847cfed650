"""`llmlog conversations [QUERY]`: sessions with logs that match; with `--session` the turns of one."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from llmlog.cli.lines import json_line, line, plain
from llmlog.query import MAX_LIMIT
from llmlog.service import LLMLoggingService


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("conversations", help="sessions with logs that match, or the turns of one")
    made.add_argument("words", nargs="*", metavar="QUERY")
    made.add_argument("-n", type=int, default=20, metavar="COUNT", help="how many at the most (20)")
    made.add_argument("--session", metavar="ID", help="the turns of this session, oldest first")
    made.add_argument("--json", action="store_true", help="JSON, one object a line")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Print sessions or turns; 1 when there are none."""
    if asked.session is not None:
        return _turns(service, asked)
    finder = service.finder
    found = finder.figures.conversations(finder.parse(" ".join(asked.words)), max(1, min(asked.n, MAX_LIMIT)))
    for each in found.conversations:
        if asked.json:
            print(msgspec.json.encode(each).decode())
            continue
        moment = datetime.fromtimestamp(each.ended / 1000, tz=UTC)
        errors = f"  {each.errors} failed" if each.errors else ""
        print(f"{moment:%Y-%m-%d %H:%M}  {each.turns:>4} turns{errors}  {plain(each.session)}")
    print(found.coverage.sentence(), file=sys.stderr)
    return 0 if found.conversations else 1


def _turns(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    escaped = asked.session.replace("\\", "\\\\").replace('"', '\\"')
    found = service.search_logs(f'session:"{escaped}"', MAX_LIMIT)
    for entry in sorted(found.logs, key=lambda each: (each.timestamp, each.id)):
        print(json_line(entry) if asked.json else line(entry))
    print(f"{len(found)} turns. {found.coverage.sentence()}", file=sys.stderr)
    return 0 if found.logs else 1
