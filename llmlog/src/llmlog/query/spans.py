"""The span of time a query is about, and steps to draw it in."""

from __future__ import annotations

from typing import NamedTuple

from llmlog.query.language import Query, Term
from llmlog.query.language.tree import Moment

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
STEPS_MS = (
    1_000, 5_000, 15_000, 30_000, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS,
    HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS,
)  # fmt: skip
MOST_BARS = 100


class Span(NamedTuple):
    """From one moment to before another, ms since the epoch."""

    start_ms: int
    end_ms: int


def step_of(span: Span, most: int = MOST_BARS) -> int:
    """The smallest usual step with at most so many bars."""
    length = max(1, span.end_ms - span.start_ms)
    return next((step for step in STEPS_MS if length / step <= most - 1), STEPS_MS[-1])


def within(query: Query, span: Span) -> Query:
    """The same query in another span of time."""
    terms = tuple(term for term in query.terms if term.field not in ("since", "until"))
    since = Term(field="since", values=(Moment(text=str(span.start_ms), at_ms=span.start_ms),))
    until = Term(field="until", values=(Moment(text=str(span.end_ms), at_ms=span.end_ms),))
    return Query(terms=(since, until, *terms), text=query.text)


def without(query: Query, field: str) -> Query:
    """The same query without what it asks of a field (what it excludes stays)."""
    terms = tuple(term for term in query.terms if term.field != field or term.negated)
    return Query(terms=terms, text=query.text)
