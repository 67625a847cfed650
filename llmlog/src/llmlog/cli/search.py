"""`llmlog search QUERY`: logs that match, and what was looked at."""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from typing import Any

from llmlog.cli.lines import json_line, line
from llmlog.entry import LogEntry
from llmlog.errors import BadRequest
from llmlog.query.language.fields import FIELDS
from llmlog.service import LLMLoggingService

SORTABLE = tuple(name for name, field in FIELDS.items() if field.number is not None)
MOST_SORTED = 10_000


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser(
        "search",
        help="logs that match a query, newest first",
        description="Logs that match, newest first. In a minute: words must all match, “quotes” keep words "
        "together, - excludes, * stands for anything; field:value looks in one field, a comma means or: "
        "status:error model:claude* latency:>2s since:yesterday. docs/query-language.md has the rest.",
    )
    made.add_argument("words", nargs="+", metavar="QUERY")
    made.add_argument("-n", type=int, default=50, metavar="COUNT", help="how many at the most (50)")
    made.add_argument(
        "--sort", metavar="FIELD", help=f"largest first instead of newest: {', '.join(SORTABLE)}", choices=SORTABLE
    )
    made.add_argument("--json", action="store_true", help="whole logs, one JSON object a line")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Print what was found; 1 when nothing was."""
    typed = " ".join(asked.words)
    if asked.sort is not None:
        return _sorted(service, typed, asked)
    found = service.search_logs(typed, asked.n)
    _print(found.logs, asked)
    of = f" of {found.total:,}" if found.total is not None and found.total > len(found) else ""
    print(f"{len(found)} found{of}. {found.coverage.sentence()}", file=sys.stderr)
    return 0 if found.logs else 1


def _sorted(service: LLMLoggingService, typed: str, asked: argparse.Namespace) -> int:
    if not 1 <= asked.n <= MOST_SORTED:
        raise BadRequest("limit", f"limit must be from 1 to {MOST_SORTED}, not {asked.n}.")
    number = FIELDS[asked.sort].number
    assert number is not None
    logs = list(islice(service.finder.matching(service.finder.parse(typed)), MOST_SORTED + 1))
    cut = len(logs) > MOST_SORTED
    logs = logs[:MOST_SORTED]
    known = sorted((log for log in logs if number(log) is not None), key=lambda log: -(number(log) or 0))
    _print(known[: asked.n], asked)
    among = f"the newest {MOST_SORTED:,} that match" if cut else f"{len(logs):,} that match"
    unknown = f", {len(logs) - len(known):,} of them without {asked.sort}" if len(known) < len(logs) else ""
    print(f"{min(asked.n, len(known)):,} with the largest {asked.sort} among {among}{unknown}.", file=sys.stderr)
    return 0 if known else 1


def _print(logs: list[LogEntry], asked: argparse.Namespace) -> None:
    for entry in logs:
        print(json_line(entry) if asked.json else line(entry))
