"""`llmlog`: logs in the terminal. Exit codes: 0 done; 1 a check failed or nothing was found; 2 the words or the
settings are off; 3 the log store is not answering."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from types import FrameType

from llmlog.cli import (
    conversations,
    doctor,
    drain,
    erase,
    export,
    reprice,
    search,
    serve,
    show,
    stats,
    tail,
    take_in,
)
from llmlog.cli.lines import plain
from llmlog.errors import BadRequest, SettingsError, StoreUnavailable
from llmlog.query.language import QuerySyntaxError
from llmlog.service import LLMLoggingService
from llmlog.settings import Settings

OK, FAILED, USAGE, STORE_AWAY = 0, 1, 2, 3
COMMANDS = (tail, show, search, stats, conversations, export, take_in, erase, reprice, doctor, serve, drain)


def parser() -> argparse.ArgumentParser:
    """The arguments of every command."""
    made = argparse.ArgumentParser(
        prog="llmlog",
        description="Logs of LLM calls in the terminal. Settings are environment variables (LLMLOG_DATA_DIR, …).",
        epilog="Examples: llmlog tail · llmlog search status:error since:yesterday --sort latency · llmlog show ID "
        "· llmlog stats since:7d --by model · llmlog conversations --session ID · llmlog doctor",
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return made


def run(arguments: list[str] | None = None) -> int:
    """Carry out one command; gives its exit code. TERM ends it like Ctrl-C: in order, and well."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that cannot show a sign is no error
    asked = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        settings = Settings.from_environment()
        with LLMLoggingService.open_reader(settings) as service:
            code = _carried_out(service, asked)
            sys.stdout.flush()
            return code
    except QuerySyntaxError as error:
        print(_fault(error, " ".join(asked.words)), file=sys.stderr)
        return USAGE
    except (SettingsError, BadRequest) as error:
        print(error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return OK
    except BrokenPipeError:
        # the interpreter writes what is still buffered when it ends, and would complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _carried_out(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    try:
        code: int = asked.run(service, asked)
    except StoreUnavailable:
        print(service.health().sentence, "`llmlog doctor` tells more.", file=sys.stderr)
        return STORE_AWAY
    return code


def _fault(error: QuerySyntaxError, typed: str) -> str:
    """The sentence, and the typed query with its fault marked."""
    lines = [error.message, f"  {plain(typed)}"]
    if typed.isascii() and typed.isprintable():  # else columns and characters differ
        lines.append("  " + " " * error.start + "^" * max(1, error.end - error.start))
    if error.fix is not None:
        lines.append(f"Perhaps: {plain(error.fix)}")
    return "\n".join(lines)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(run())
