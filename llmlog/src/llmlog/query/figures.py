"""Facets, histogram, statistics, comparison and conversations for one query.

From the index where it decides the query alone; else from the logs that a search finds within its time, which is
what `coverage` then says.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from llmlog.clock import Clock
from llmlog.errors import BadRequest
from llmlog.query.aggregations import (
    LARGEST_GROUPS,
    brief_asked,
    counts_of,
    figures_asked,
    figures_of,
    groups_asked,
    steps_asked,
)
from llmlog.query.answers import (
    Bar,
    Comparison,
    Conversations,
    ConversationSummary,
    Difference,
    Facet,
    Facets,
    FacetValue,
    Figures,
    Group,
    Histogram,
    QueryStatistics,
)
from llmlog.query.language import Query
from llmlog.query.language.fields import FIELDS, comparable
from llmlog.query.language.tree import Exact
from llmlog.query.results import Coverage
from llmlog.query.search import LogSearch
from llmlog.query.spans import Span, step_of, within, without

if TYPE_CHECKING:
    from llmlog.query.index.reading import IndexReader, Snapshot

FACETS = ("status", "stage", "model", "asked", "intent", "user", "flow", "provider", "prompt", "finish", "source")
GROUPED = ("model", "provider", "flow", "intent", "user", "stage", "prompt", "source")
FACET_VALUES = 12
COMPARED_VALUES = 50
MOST_GATHERED = 2_000
"""Logs that are read for figures where the index does not decide."""
Mine = frozenset[str]


class _Source(NamedTuple):
    """Where figures come from: an index, and what to ask it."""

    snapshot: Snapshot
    query: Query
    coverage: Coverage

    def ask(self, asked: dict[str, Any], mine: Mine) -> dict[str, Any]:
        return self.snapshot.aggregate(self.query, asked, mine)


class LogFigures:
    """Figures; safe from any thread. Raises StoreUnavailable, BadRequest."""

    def __init__(self, search: LogSearch, reader: IndexReader | None, clock: Clock) -> None:
        self._search = search
        self._reader = reader
        self._clock = clock

    def facets(self, query: Query, mine: Mine = frozenset(), fields: tuple[str, ...] = FACETS) -> Facets:
        """The most frequent values of each field, each counted without the query's own condition on it."""
        asked_for = {term.field for term in query.terms if not term.negated}
        source = self._source(query, mine)
        plain = [field for field in fields if field not in asked_for]
        answer = source.ask({field: _values_asked(field) for field in plain}, mine) if plain else {}
        found = {field: _facet(field, answer[field], query) for field in plain}
        for field in fields:
            if field in asked_for:
                own = self._source(without(query, field), mine)
                found[field] = _facet(field, own.ask({field: _values_asked(field)}, mine)[field], query)
        return Facets(facets=[found[field] for field in fields], coverage=source.coverage)

    def histogram(self, query: Query, mine: Mine = frozenset()) -> Histogram:
        """Logs over time by status, from the first to the last that matches or over the span asked for."""
        source = self._source(query, mine)
        span = self._span(source, query, mine)
        step_ms = step_of(span)
        first = span.start_ms // step_ms * step_ms
        inside = {"status": {"terms": {"field": "status", "size": 10}}}
        answer = source.ask({"time": steps_asked(0, step_ms, inside)}, mine)
        counts = {int(bucket["key"]): counts_of(bucket["status"]) for bucket in answer["time"]["buckets"]}
        bars = [Bar(at=at, **counts.get(at, {})) for at in range(first, span.end_ms, step_ms)]
        return Histogram(start=span.start_ms, end=span.end_ms, step_ms=step_ms, bars=bars, coverage=source.coverage)

    def statistics(
        self, query: Query, mine: Mine = frozenset(), by: tuple[str, ...] = ("model",)
    ) -> QueryStatistics:
        """Figures of everything that matches, by some of the fields `GROUPED`, over time, and for as long a time
        before."""
        for field in by:
            if field not in GROUPED:
                raise BadRequest("by", f"by must be one of {', '.join(GROUPED)}, not “{field[:40]}”.")
        source = self._source(query, mine)
        span = self._span(source, query, mine)
        step_ms = step_of(span)
        whole = {
            **figures_asked(),
            **{f"counts {field}": {"terms": {"field": field, "size": LARGEST_GROUPS}} for field in GROUPED},
            **{f"by {field}": groups_asked(field) for field in by},
        }
        over_time = {
            "time": steps_asked(0, step_ms, brief_asked()),
            "users": {"cardinality": {"field": "user"}},
            "sessions": {"cardinality": {"field": "session"}},
        }
        with ThreadPoolExecutor(1) as beside:  # the index lets go of the interpreter's lock
            second = beside.submit(source.ask, over_time, mine)
            answer = {**source.ask(whole, mine), **second.result()}
        return QueryStatistics(
            total=figures_of(answer, source.snapshot.count(source.query, mine)),
            users=round(answer["users"]["value"] or 0),
            sessions=round(answer["sessions"]["value"] or 0),
            distributions={field: counts_of(answer[f"counts {field}"]) for field in GROUPED},
            by={field: _groups(answer[f"by {field}"]) for field in by},
            over_time=_groups(answer["time"]),
            step_ms=step_ms,
            previous=self._previous(query, span, mine),
            coverage=source.coverage,
        )

    def compare(self, query: Query, selection: Span, mine: Mine = frozenset()) -> Comparison:
        """What is different within a span of time: shares of values there against all else that matches."""
        if selection.start_ms >= selection.end_ms:
            raise BadRequest("from", "from must be before to.")
        source = self._source(query, mine)
        chosen = source._replace(query=within(source.query, selection))
        asked = {field: _values_asked(field, COMPARED_VALUES) for field in FACETS}
        inside, whole = chosen.ask(asked, mine), source.ask(asked, mine)
        selected = source.snapshot.count(chosen.query, mine)
        rest = source.snapshot.count(source.query, mine) - selected
        differences = [
            _difference(field, value, counts_of(inside[field]).get(value, 0), count, selected, rest)
            for field in FACETS
            for value, count in counts_of(whole[field]).items()
        ]
        differences.sort(key=lambda each: -abs(each.selected_share - each.rest_share))
        return Comparison(selected=selected, rest=rest, differences=differences, coverage=source.coverage)

    def conversations(self, query: Query, limit: int, mine: Mine = frozenset()) -> Conversations:
        """Sessions with logs that match, the one with the newest log first."""
        source = self._source(query, mine)
        inside = {
            "first": {"min": {"field": "ts"}},
            "last": {"max": {"field": "ts"}},
            "status": {"terms": {"field": "status", "size": 10}},
            "cost": {"stats": {"field": "cost"}},
        }
        terms = {"field": "session", "size": limit, "order": {"last": "desc"}}
        answer = source.ask({"sessions": {"terms": terms, "aggs": inside}}, mine)
        return Conversations(
            conversations=[_conversation(bucket) for bucket in answer["sessions"]["buckets"]],
            coverage=source.coverage,
        )

    # -- inside -------------------------------------------------------------------------------------

    def _source(self, query: Query, mine: Mine) -> _Source:
        snapshot = self._reader.snapshot() if self._reader is not None else None
        if snapshot is not None and snapshot.exact(query):
            return _Source(snapshot, query, Coverage(searched=0, total=0, complete=True, indexed=True))
        try:
            from llmlog.query.index.memory import in_memory
        except ImportError:
            raise BadRequest(
                "q", "Figures for a query need the package tantivy: pip install llmlog[index]."
            ) from None
        gathered = self._search.gather(query, MOST_GATHERED, mine)
        return _Source(in_memory(gathered.logs), Query(), gathered.coverage)

    def _span(self, source: _Source, query: Query, mine: Mine) -> Span:
        """What the query asks for; else from the first to the last log that matches."""
        since_ms, until_ms = query.since_ms(), query.until_ms()
        answer = source.ask({"ts": {"stats": {"field": "ts"}}}, mine)["ts"]
        now_ms = self._clock.now_ms()
        first, last = answer["min"], answer["max"]
        start_ms = since_ms if since_ms is not None else int(first) if first is not None else now_ms
        end_ms = until_ms if until_ms is not None else max(now_ms, int(last) if last is not None else 0) + 1
        return Span(start_ms, max(start_ms + 1, end_ms))

    def _previous(self, query: Query, span: Span, mine: Mine) -> Figures | None:
        if query.since_ms() is None:
            return None
        before = within(query, Span(span.start_ms - (span.end_ms - span.start_ms), span.start_ms))
        source = self._source(before, mine)
        return figures_of(source.ask(figures_asked(), mine), source.snapshot.count(source.query, mine))


def _values_asked(field: str, size: int = FACET_VALUES) -> dict[str, Any]:
    return {"terms": {"field": field, "size": size}}


def _facet(field: str, answer: Any, query: Query) -> Facet:
    active = {
        value.folded
        for term in query.terms
        if term.field == field and not term.negated
        for value in term.values
        if isinstance(value, Exact)
    }
    values = [
        FacetValue(value=value, count=count, active=_is_active(field, value, active))
        for value, count in counts_of(answer).items()
    ]
    return Facet(field=field, values=values, others=int(answer["sum_other_doc_count"]))


def _is_active(field: str, value: str, active: set[str]) -> bool:
    plain = comparable(field, value)
    return plain in active or (FIELDS[field].kind == "key" and plain.startswith(tuple(active)))


def _groups(answer: Any) -> list[Group]:
    return [
        Group(value=_name(bucket["key"]), figures=figures_of(bucket, int(bucket["doc_count"])))
        for bucket in answer["buckets"]
    ]


def _name(key: Any) -> str:
    return str(int(key)) if isinstance(key, float) else str(key)


def _difference(field: str, value: str, inside: int, everywhere: int, selected: int, rest: int) -> Difference:
    outside = everywhere - inside
    return Difference(
        field=field,
        value=value,
        selected=inside,
        rest=outside,
        selected_share=inside / selected if selected else 0.0,
        rest_share=outside / rest if rest else 0.0,
    )


def _conversation(bucket: Any) -> ConversationSummary:
    known = int(bucket["cost"]["count"])
    return ConversationSummary(
        session=str(bucket["key"]),
        started=int(bucket["first"]["value"]),
        ended=int(bucket["last"]["value"]),
        turns=int(bucket["doc_count"]),
        errors=counts_of(bucket["status"]).get("error", 0),
        cost_usd=round(float(bucket["cost"]["sum"]), 9) if known else None,
    )
