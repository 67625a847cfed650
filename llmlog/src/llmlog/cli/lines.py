"""One log as one line, and as JSON. Logged text never reaches the terminal with control characters."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from llmlog.entry import LogEntry
from llmlog.visible import visible

MARKS = {"ok": "✓", "fallback": "↩", "error": "✕"}


def line(entry: LogEntry) -> str:
    """`✓ 2026-11-23 14:32:07  model  840 ms  command → result  id`."""
    moment = datetime.fromtimestamp(entry.timestamp / 1000, tz=UTC)
    latency = entry.llm_response.latency if entry.llm_response is not None else None
    took = f"{latency:,.0f} ms" if latency is not None else "–"
    seen = entry.result.message if entry.result is not None else entry.error.message if entry.error else ""
    text = f"{entry.command or '(no command)'} → {seen}" if seen else entry.command or "(no command)"
    return "  ".join((
        f"{MARKS[entry.status]} {moment:%Y-%m-%d %H:%M:%S}",
        plain(entry.llm_request.model),
        took,
        plain(text)[:200],
        entry.id,
    ))  # fmt: skip


def json_line(entry: LogEntry) -> str:
    """The whole entry on one line of JSON."""
    return msgspec.json.encode(entry).decode()


def plain(text: str) -> str:
    """Text for one line of a terminal."""
    return visible(text, one_line=True)
