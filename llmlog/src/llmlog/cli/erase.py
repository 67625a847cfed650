"""`llmlog erase`: a person's logs, everywhere llmlog keeps them."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import msgspec

from llmlog.service import LLMLoggingService


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser(
        "erase",
        help="erase a person's logs",
        description="Erases a person from store, index, spools and dead letters of this data directory. What a "
        "host keeps itself (sessions, profile) it erases by its own means. Daily counts stay.",
    )
    person = made.add_mutually_exclusive_group(required=True)
    person.add_argument("--user", metavar="ID", help="the raw id, as given to interaction(user_id=…)")
    person.add_argument("--pseudonym", metavar="v1:…", help="as it stands in a log")
    made.add_argument("--yes", action="store_true", help="do it without asking")
    made.add_argument("--json", action="store_true", help="the receipt as JSON")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Erase, and print the receipt; 1 when something is left, or the person at the terminal said no."""
    if not asked.yes:
        print("Erase all logs of this person for good? Type yes: ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() != "yes":
            print("Nothing was erased.", file=sys.stderr)
            return 1
    receipt = service.erase(asked.user, asked.pseudonym)
    if asked.json:
        print(msgspec.json.encode(receipt).decode())
    else:
        print(f"{receipt.logs:,} logs and {receipt.dead_letters:,} dead letters erased.")
        print(
            f"{receipt.spooled:,} delivered copies on disk made unreadable; {receipt.waiting:,} not delivered yet."
        )
        if receipt.index:
            print("The search index is built again by the process that keeps it.")
        for thing in receipt.left:
            print(f"STILL THERE: {thing}")
    return 1 if receipt.left else 0
