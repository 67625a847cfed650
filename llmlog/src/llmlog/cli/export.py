"""`llmlog export [QUERY]`: everything that matches, as a file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from llmlog.entry import LogEntry
from llmlog.errors import BadRequest
from llmlog.query.export import comma_separated, json_lines
from llmlog.service import LLMLoggingService

FORMATS = {"jsonl": json_lines, "csv": comma_separated}
TELL_EVERY = 1_000


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("export", help="everything that matches, as JSON lines or CSV")
    made.add_argument("words", nargs="*", metavar="QUERY")
    made.add_argument("--format", choices=sorted(FORMATS), default="jsonl", help="jsonl: whole logs (the default)")
    made.add_argument("-o", "--output", default="-", metavar="FILE", help="- is standard output (the default)")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Write the export; the file has its name only when it is whole. 1 when nothing matched."""
    finder = service.finder
    count = _Count(sys.stderr.isatty())
    pieces = FORMATS[asked.format](count.of(finder.matching(finder.parse(" ".join(asked.words)))))
    if asked.output == "-":
        _write(pieces, sys.stdout.buffer)
    else:
        path = Path(asked.output)
        building = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with building.open("xb") as file:
                _write(pieces, file)
            building.replace(path)
        except OSError as error:
            raise BadRequest("output", f"{path} cannot be written: {error.strerror}.") from None
        finally:
            building.unlink(missing_ok=True)
    print(f"{count.seen:,} logs exported.", file=sys.stderr)
    return 0 if count.seen else 1


class _Count:
    """Counts what goes by, and tells a person who waits."""

    def __init__(self, told: bool) -> None:
        self.seen = 0
        self._told = told

    def of(self, entries: Iterator[LogEntry]) -> Iterator[LogEntry]:
        for entry in entries:
            self.seen += 1
            if self._told and self.seen % TELL_EVERY == 0:
                print(f"\r{self.seen:,} logs …", end="", file=sys.stderr, flush=True)
            yield entry
        if self._told and self.seen >= TELL_EVERY:
            print("\r", end="", file=sys.stderr)


def _write(pieces: Iterator[bytes], file: BinaryIO) -> None:
    for piece in pieces:
        file.write(piece)
    file.flush()
