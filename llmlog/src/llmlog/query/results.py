"""What reads take and give back: options in, pages of logs, statistics and coverage out.

On the wire these are camelCase JSON; `LogResult` is the plan's response format.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from llmlog.entry import LogEntry

MAX_LIMIT = 500
"""Most logs one page may hold."""


class QueryOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of which logs, newest first.

    day: one UTC day, `YYYY-MM-DD`; user_id: a raw id, looked up under all live pseudonyms; pseudonym: one as
    it stands in a log (six characters are enough, `v1:` may be left out). `cursor` (from `Pagination.next`)
    goes on exactly after the last log seen and wins over `page`.
    """

    limit: int = 50
    page: int = 1
    cursor: str | None = None
    day: str | None = None
    user_id: str | None = None
    pseudonym: str | None = None


class Pagination(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page stands: `next` is the cursor of the page after it, None on the last."""

    page: int
    limit: int
    total: int
    next: str | None = None


class Statistics(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Counts over some days, from the daily counters. Latencies in ms; percentiles are within 2.2 %."""

    total_queries: int = 0
    model_distribution: dict[str, int] = {}
    avg_latency: float | None = None
    provider_distribution: dict[str, int] = {}
    flow_distribution: dict[str, int] = {}
    intent_distribution: dict[str, int] = {}
    status_distribution: dict[str, int] = {}
    stage_distribution: dict[str, int] = {}
    error_rate: float | None = None
    """Share of entries with status `error`, 0 to 1; None without entries."""
    p50_latency: float | None = None
    p95_latency: float | None = None
    p99_latency: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cost_usd: float | None = None
    """Sum of the known costs; None when none is known."""
    cost_unknown: int = 0
    """Entries whose cost is not known."""
    test_queries: int = 0
    """Entries of source `test`; in no other figure."""
    from_day: str | None = None
    to_day: str | None = None


class LogResult(msgspec.Struct, frozen=True, kw_only=True):
    """One page of logs with its place and the statistics of the days it comes from."""

    logs: list[LogEntry]
    pagination: Pagination
    stats: Statistics


class Coverage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a search really looked at, so that no answer claims more than it knows."""

    searched: int
    """Logs whose text was read."""
    total: int
    """Logs there were to read."""
    complete: bool
    back_to: int | None = None
    """Timestamp (ms) of the oldest log read; None when none was."""
    next: str | None = None
    """Cursor to go on from, None when there is nothing more."""
    indexed: bool = False
    """Whether an index answered."""
    indexed_until: int | None = None
    """Moment (ms) up to which logs are in the index, where it is behind; None where the answer is up to date."""
    building: float | None = None
    """How much of an index that is being built is done, 0 to 1."""

    def sentence(self) -> str:
        """E.g. `Searched 12,000 of 48,000 logs, back to 2026-11-23 09:12 UTC.`"""
        if self.indexed and not self.searched:
            if self.indexed_until is None:
                return "All logs were searched."
            second = _minute(self.indexed_until, "%Y-%m-%d %H:%M:%S")
            return f"Logs were searched up to {second} UTC; newer ones follow."
        text = f"Searched {self.searched:,} of {self.total:,} logs"
        if not self.complete and self.back_to is not None:
            text += f", back to {_minute(self.back_to)} UTC"
        if self.building is not None:
            text += f"; the index is being built ({self.building:.0%})"
        return text + "."


def _minute(moment_ms: int, form: str = "%Y-%m-%d %H:%M") -> str:
    return datetime.fromtimestamp(moment_ms / 1000, tz=UTC).strftime(form)


class Neighbours(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a log stands among those that match a query."""

    newer: str | None = None
    """Id of the next newer one."""
    older: str | None = None
    """Id of the next older one."""
    position: int | None = None
    """From 1, the newest; None where it is not known without reading all."""
    total: int | None = None


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """Logs that match, newest first, and how much was looked at. Iterates over the logs."""

    logs: list[LogEntry]
    coverage: Coverage
    total: int | None = None
    """How many match in all; None where that is not known without reading them."""

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(self.logs)

    def __len__(self) -> int:
        return len(self.logs)

    def __getitem__(self, index: int) -> LogEntry:
        return self.logs[index]
