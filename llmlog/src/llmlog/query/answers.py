"""What figures for one query look like: camelCase JSON, moments in ms since the epoch, latencies in ms."""

from __future__ import annotations

import msgspec

from llmlog.query.results import Coverage


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Frozen, camelCase on the wire."""


class FacetValue(_Answer, frozen=True, kw_only=True):
    """One value of a field among the logs that match everything but the field's own condition."""

    value: str
    count: int
    active: bool = False
    """Whether the query asks for it."""


class Facet(_Answer, frozen=True, kw_only=True):
    """The most frequent values of one field."""

    field: str
    values: list[FacetValue]
    others: int = 0
    """Logs with further values."""


class Facets(_Answer, frozen=True, kw_only=True):
    """All facets of a query."""

    facets: list[Facet]
    coverage: Coverage


class Bar(_Answer, frozen=True, kw_only=True):
    """Logs that began within one step."""

    at: int
    ok: int = 0
    fallback: int = 0
    error: int = 0


class Histogram(_Answer, frozen=True, kw_only=True):
    """Logs over time, stacked by status; every step from `start` to `end` has a bar."""

    start: int
    end: int
    step_ms: int
    bars: list[Bar]
    coverage: Coverage


class Latency(_Answer, frozen=True, kw_only=True):
    """Percentiles within 1 %, ms; None without a measured call."""

    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Figures(_Answer, frozen=True, kw_only=True):
    """Sums over some logs."""

    count: int = 0
    errors: int = 0
    fallbacks: int = 0
    error_rate: float | None = None
    """0 to 1; None without logs."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cost_usd: float | None = None
    """Sum of the known costs; None when none is known."""
    cost_unknown: int = 0
    latency: Latency = Latency()
    time_to_first_token: Latency = Latency()


class Group(_Answer, frozen=True, kw_only=True):
    """The figures of the logs with one value of a field, or of one span of time (`value` is its start)."""

    value: str
    figures: Figures


class QueryStatistics(_Answer, frozen=True, kw_only=True):
    """Figures for a query: the whole, by fields, over time, and for as long a time before."""

    total: Figures
    users: int = 0
    sessions: int = 0
    distributions: dict[str, dict[str, int]]
    """Logs by the most frequent values of each field, most frequent first."""
    by: dict[str, list[Group]]
    """Figures of the most frequent values of the fields asked for."""
    over_time: list[Group]
    """For each step with a log: count, statuses, tokens, cost, mean, p50 and p95 of latency; no more."""
    step_ms: int
    previous: Figures | None = None
    """The same query over as long a time right before; None without a beginning."""
    coverage: Coverage


class Difference(_Answer, frozen=True, kw_only=True):
    """How often one value occurs in a selection and in the rest."""

    field: str
    value: str
    selected: int
    rest: int
    selected_share: float
    rest_share: float


class Comparison(_Answer, frozen=True, kw_only=True):
    """A selection against all else that matches: the largest differences of share first."""

    selected: int
    rest: int
    differences: list[Difference]
    coverage: Coverage


class ConversationSummary(_Answer, frozen=True, kw_only=True):
    """One session among those that match: what its logs there come to."""

    session: str
    started: int
    ended: int
    turns: int
    errors: int
    cost_usd: float | None = None


class Conversations(_Answer, frozen=True, kw_only=True):
    """Sessions, the one with the newest log first."""

    conversations: list[ConversationSummary]
    coverage: Coverage
