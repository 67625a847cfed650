"""`llmlog show ID`: one log with its story."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from llmlog.cli.lines import json_line, line, plain
from llmlog.entry import LogEntry
from llmlog.service import LLMLoggingService
from llmlog.visible import visible


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("show", help="one log: messages, attempts, steps")
    made.add_argument("id")
    made.add_argument("--json", action="store_true", help="the whole log as JSON")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Print the log; 1 when there is none."""
    entry = service.get_log(asked.id)
    if entry is None:
        print("This log does not exist. It may have expired, or been erased.", file=sys.stderr)
        return 1
    print(json_line(entry) if asked.json else _story(entry))
    return 0


def _story(entry: LogEntry) -> str:
    lines = [line(entry), ""]
    for message in entry.llm_request.messages:
        role = message.get("role", "message") if isinstance(message, dict) else "message"
        content = message.get("content") if isinstance(message, dict) else message
        lines += [f"[{plain(str(role))}]", visible(str(content)), ""]
    if entry.llm_response is not None and entry.llm_response.content:
        lines += ["[answer]", visible(entry.llm_response.content), ""]
    for attempt in entry.attempts:
        why = f" {attempt.error_type}: {attempt.message}" if attempt.outcome != "ok" else ""
        took = f"{attempt.latency:,.0f} ms" if attempt.latency is not None else "–"
        lines.append(f"attempt  {plain(attempt.model)}  {attempt.outcome}  {took}{plain(why)}")
    lines += [f"step     {plain(step.name)}  {step.duration_ms or 0:,.1f} ms" for step in entry.steps]
    if entry.error is not None:
        lines.append(f"error    {plain(entry.error.type)}: {plain(entry.error.message)}")
    if entry.result is not None:
        lines.append(f"result   {plain(entry.result.message)}")
    return "\n".join(lines)
