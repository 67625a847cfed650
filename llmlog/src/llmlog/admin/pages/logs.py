"""The list: what people asked and what came of it, newest first; for a search and one's own logs too."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from llmlog.admin.frame import PAGES
from llmlog.admin.pages import wording
from llmlog.admin.pages.narrowing import Narrowing, Place
from llmlog.entry import LogEntry
from llmlog.query import LogResult, SearchResult, Statistics
from llmlog.query.language import QuerySyntaxError
from llmlog.store.counters import intent_of

SLOW_MS = 5_000
BAD_MS = 10_000
"""Latency bars stand on a fixed scale that ends here."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One log in the table."""

    href: str
    status: str
    status_word: str
    time_iso: str
    time_full: str
    time: str
    ago: str
    command: str
    outcome: str
    failed: bool
    intent: str | None
    model: str
    asked: str | None
    latency: str
    latency_tone: str
    latency_share: int
    """0 to 100 of the fixed scale."""
    tokens: str | None
    cost: str
    user: str


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A query that cannot be read: the sentence, the text around the faulty part, and the way out."""

    sentence: str
    before: str
    faulty: str
    after: str
    fix: str | None
    fix_href: str | None


class LogsView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of logs.html."""

    title: str
    rows: list[Row]
    query: str = ""
    summary: str = ""
    coverage: str = ""
    newest_href: str | None = None
    older_href: str | None = None
    own: bool = False
    empty: str = ""
    since: str = ""
    until: str = ""
    narrowing: Narrowing | None = None
    fault: Fault | None = None
    building: str = ""


def fault_view(error: QuerySyntaxError, typed: str, place: Place) -> LogsView:
    """The list's page with the query to be mended, and nothing searched."""
    fix_href = None
    if error.fix is not None:
        given = {"q": error.fix, "from": place.since, "to": place.until}
        fix_href = f"{PAGES}/logs?{urlencode({name: value for name, value in given.items() if value})}"
    return LogsView(
        title="Logs",
        rows=[],
        query=typed,
        since=place.since,
        until=place.until,
        summary="The search was not run.",
        fault=Fault(
            sentence=error.message,
            before=typed[: error.start],
            faulty=typed[error.start : error.end] or " ",
            after=typed[error.end :],
            fix=error.fix,
            fix_href=fix_href,
        ),
    )


def list_view(result: LogResult, now_ms: int, *, first: bool, own: bool = False) -> LogsView:
    """A page of the list."""
    base = f"{PAGES}/mine" if own else f"{PAGES}/logs"
    page = result.pagination
    count = f"{page.total:,} log" + ("" if page.total == 1 else "s")
    empty = "No logs yet. Ask for something and it appears here."
    return LogsView(
        title="My logs" if own else "Logs",
        rows=[row(entry, now_ms, base) for entry in result.logs],
        summary=count if own else f"{count} · {_figures(result.stats)}",
        newest_href=None if first else base,
        older_href=f"{base}?cursor={page.next}" if page.next else None,
        own=own,
        empty=empty if first else "There are no older logs.",
    )


def search_view(found: SearchResult, typed: str, place: Place, now_ms: int, *, first: bool) -> LogsView:
    """What a search found, with how far it looked."""
    base = f"{PAGES}/logs"
    given = {"q": typed, "from": place.since, "to": place.until, "cursor": found.coverage.next or ""}
    more = urlencode({name: value for name, value in given.items() if value})
    total = len(found) if found.total is None else found.total
    return LogsView(
        title="Logs",
        rows=[row(entry, now_ms, base) for entry in found.logs],
        query=typed,
        since=place.since,
        until=place.until,
        summary=f"{total:,} found" if found.total is not None or found.coverage.complete else f"{total:,} so far",
        coverage="" if found.coverage.indexed and found.coverage.complete else found.coverage.sentence(),
        newest_href=None if first else place.href(),
        older_href=f"{base}?{more}" if found.coverage.next else None,
        empty="No logs match." if first else "There are no older logs that match.",
    )


def row(entry: LogEntry, now_ms: int, base: str) -> Row:
    """One entry as a row."""
    request, response = entry.llm_request, entry.llm_response
    latency = response.latency if response is not None else None
    usage = response.usage if response is not None else None
    failed = entry.status == "error"
    asked = request.requested_model
    tokens = None
    if usage is not None and usage.prompt_tokens is not None:
        tokens = f"{usage.prompt_tokens:,} → {usage.completion_tokens or 0:,}"
    return Row(
        href=f"{base}/{entry.id}",
        status=entry.status,
        status_word=wording.STATUS_WORDS[entry.status],
        time_iso=wording.iso(entry.timestamp),
        time_full=wording.full_time(entry.timestamp),
        time=wording.clock_time(entry.timestamp),
        ago=wording.ago(entry.timestamp, now_ms),
        command=entry.command or "(no command)",
        outcome=outcome(entry),
        failed=failed,
        intent=intent_of(entry.interpretation),
        model=request.model,
        asked=asked if asked and asked != request.model else None,
        latency=wording.duration(latency),
        latency_tone="" if latency is None or latency <= SLOW_MS else "bad" if latency > BAD_MS else "slow",
        latency_share=min(100, round((latency or 0) * 100 / BAD_MS)),
        tokens=tokens,
        cost=wording.dollars(response.cost.usd if response is not None and response.cost else None),
        user=wording.short_user(entry.user_id),
    )


def outcome(entry: LogEntry) -> str:
    """What the person saw, else why there was nothing to see."""
    if entry.result is not None and entry.result.message:
        return entry.result.message
    if entry.error is not None:
        stage = f"{entry.stage}: " if entry.stage else ""
        return f"{stage}{entry.error.message or entry.error.type}"
    content = entry.llm_response.content if entry.llm_response is not None else None
    return (content or "")[:200]


def _figures(stats: Statistics) -> str:
    """The summary's figures, over everything kept."""
    parts = [f"{stats.total_tokens:,} tokens", f"p95 {wording.duration(stats.p95_latency)}"]
    errors = stats.status_distribution.get("error", 0)
    parts.append(f"{errors:,} error" + ("" if errors == 1 else "s"))
    if stats.cost_usd is not None:
        parts.insert(1, wording.dollars(stats.cost_usd))
    return " · ".join(parts)
