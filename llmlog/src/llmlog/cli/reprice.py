"""`llmlog reprice`: what stored calls cost, computed again."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from typing import Any

from llmlog.cli.lines import plain
from llmlog.repricing import Choice, DayRepriced
from llmlog.service import LLMLoggingService

TELL_EVERY_S = 2.0
MODELS_TOLD = 10
NANO = 1_000_000_000


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser(
        "reprice",
        help="compute again what stored calls cost",
        description="Goes through the stored logs, newest day first, and computes the cost of those where it is "
        "unknown or came from prices, with the prices there are now. Can be stopped and typed again; runs beside "
        "everything else. docs/cost.md has the rules.",
    )
    made.add_argument("--from", dest="from_day", metavar="DAY", help="first UTC day, e.g. 2026-11-01")
    made.add_argument("--to", dest="to_day", metavar="DAY", help="last UTC day")
    made.add_argument("--model", metavar="NAME", help="only this model, as logged")
    made.add_argument("--all", action="store_true", help="costs that providers reported too: they are replaced")
    made.add_argument("--dry-run", action="store_true", help="only say what would change")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Price again; 0 when done. Raises BadRequest, StoreUnavailable."""
    choice = Choice(from_day=asked.from_day, to_day=asked.to_day, model=asked.model, reported=asked.all)
    days: dict[str, DayRepriced] = {}
    told_s = time.monotonic()
    repricer = service.repricer()
    under_way = repricer.run(choice, dry=asked.dry_run)
    try:
        for counts in under_way:
            days[counts.day] = counts
            if counts.done and counts.looked_at:
                print(_line(counts))
            elif time.monotonic() - told_s > TELL_EVERY_S:
                told_s = time.monotonic()
                print(f"{counts.day}  {counts.looked_at:>9,} logs …", file=sys.stderr)
    except KeyboardInterrupt:
        _tell_how_to_go_on(days)
        raise
    finally:
        under_way.close()
    _sum_up(list(days.values()), repricer.prices, dry=asked.dry_run)
    return 0


def _line(counts: DayRepriced) -> str:
    return f"{counts.day}  {counts.looked_at:>9,} logs  {counts.changed:>9,} changed  {_dollars(counts.nanousd)}"


def _dollars(nanousd: int) -> str:
    return f"{'-' if nanousd < 0 else '+'}${abs(nanousd) / NANO:,.6f}"


def _tell_how_to_go_on(days: dict[str, DayRepriced]) -> None:
    open_day = next((day for day, counts in days.items() if not counts.done), None)
    if open_day is not None:
        print(f"Stopped in {open_day}; newer days are done. Go on with --to {open_day}.", file=sys.stderr)


def _sum_up(days: list[DayRepriced], prices: list[str], *, dry: bool) -> None:
    looked_at, changed = sum(day.looked_at for day in days), sum(day.changed for day in days)
    difference = _dollars(sum(day.nanousd for day in days))
    would = "would have" if dry else "have"
    print(f"{looked_at:,} logs looked at; {changed:,} {would} another cost, {difference} ({', '.join(prices)}).")
    left_alone = sum(day.left_alone for day in days)
    if left_alone:
        print(f"{left_alone:,} were gone or changed meanwhile and were left alone.")
    unknown: Counter[str] = sum((day.unknown for day in days), Counter())
    if unknown:
        named = ", ".join(f"{plain(model)} ({count:,})" for model, count in unknown.most_common(MODELS_TOLD))
        more = f" and {len(unknown) - MODELS_TOLD:,} models more" if len(unknown) > MODELS_TOLD else ""
        print(f"{unknown.total():,} have no known price: {named}{more}.")
    if changed and not dry:
        print("The search index of this data directory builds itself again.")
