"""`llmlog import FILE`: logs of an export back into a store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from llmlog.cli.lines import plain
from llmlog.errors import BadRequest
from llmlog.importing import Imported
from llmlog.service import LLMLoggingService

FAULTS_TOLD = 20


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser(
        "import",
        help="take logs in from JSON lines",
        description="Takes the logs of `llmlog export --format jsonl` in, once however often it is repeated: what "
        "is there already stays as it is. Secrets are masked and raw user ids become pseudonyms, as when logging.",
    )
    made.add_argument("file", metavar="FILE", help="- is standard input")
    made.add_argument("--json", action="store_true", help="the counts as JSON")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Take the file in; 1 when a line was no log or was refused. Raises BadRequest when it cannot be read."""
    counts = Imported()
    told = sys.stderr.isatty()
    for counts in service.importer().take(_lines(asked.file)):
        if told:
            print(f"\r{counts.read:,} logs …", end="", file=sys.stderr, flush=True)
    if told:
        print("\r", end="", file=sys.stderr)
    if asked.json:
        print(msgspec.json.encode(counts).decode())
    else:
        print(
            f"{counts.read:,} logs read: {counts.fresh:,} new, {counts.known:,} there already, "
            f"{counts.too_old:,} too old to be kept, {len(counts.faults):,} that could not be taken."
        )
    for number, fault in counts.faults[:FAULTS_TOLD]:
        print(f"line {number}: {plain(fault)[:200]}", file=sys.stderr)
    if len(counts.faults) > FAULTS_TOLD:
        print(f"… and {len(counts.faults) - FAULTS_TOLD:,} more", file=sys.stderr)
    return 1 if counts.faults else 0


def _lines(name: str) -> Iterator[bytes]:
    if name == "-":
        yield from sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield from file
    except OSError as error:
        raise BadRequest("file", f"{name} cannot be read: {error.strerror}.") from None
