"""Everything that matches, as a stream: JSON lines or CSV. Memory stays bounded: one page is held at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from llmlog.clock import iso_utc
from llmlog.entry import LogEntry
from llmlog.query.language import Query
from llmlog.query.language.fields import FIELDS
from llmlog.query.results import MAX_LIMIT
from llmlog.query.search import LogSearch

Row = Callable[[LogEntry], Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def _field(name: str) -> Row:
    field = FIELDS[name]

    def read(entry: LogEntry) -> Any:
        if field.number is not None:
            return field.number(entry)
        texts = field.texts(entry) if field.texts is not None else ()
        return "\n".join(texts) or None

    return read


_NAMES = (
    "status", "stage", "source", "user", "session", "turn", "command", "intent", "model", "asked", "provider",
    "flow", "prompt", "temp", "finish", "latency", "ttft", "in", "out", "tokens", "cost", "attempts", "response",
    "result", "error",
)  # fmt: skip

COLUMNS: tuple[tuple[str, Row], ...] = (
    ("id", lambda entry: entry.id),
    ("time", lambda entry: iso_utc(entry.timestamp)),
    *((name, _field(name)) for name in _NAMES),
)
"""Names of the columns are those of the query language; latencies in ms, cost in US dollars, time in UTC."""


def matching(search: LogSearch, query: Query, mine: frozenset[str] = frozenset()) -> Iterator[LogEntry]:
    """Every log that matches, newest first. Raises StoreUnavailable, also in the middle."""
    cursor: str | None = None
    while True:
        found = search.search(query, MAX_LIMIT, cursor, mine)
        yield from found.logs
        cursor = found.coverage.next
        if cursor is None:
            return


def json_lines(entries: Iterator[LogEntry]) -> Iterator[bytes]:
    """Whole logs, one JSON object a line."""
    encode = msgspec.json.Encoder().encode
    for entry in entries:
        yield encode(entry) + b"\n"


def comma_separated(entries: Iterator[LogEntry]) -> Iterator[bytes]:
    """One row a log with the columns of `COLUMNS`, UTF-8 with a byte order mark, so that spreadsheets read it.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    yield "\ufeff".encode() + _row([name for name, _ in COLUMNS])
    for entry in entries:
        yield _row([_cell(read(entry)) for _, read in COLUMNS])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float | int):
        return json.dumps(int(value) if float(value).is_integer() else value)
    text = str(value).replace("\0", "")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "replace")
