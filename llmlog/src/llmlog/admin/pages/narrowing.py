"""What narrows a list down: facets, bars over time, spans. Each is a link, so all of it works without a script."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec

from llmlog.admin.frame import PAGES
from llmlog.admin.pages import wording
from llmlog.query.answers import Facet, Facets, Histogram
from llmlog.query.language import Query, printed
from llmlog.query.language.editing import excluding, only, toggled

TITLES = {
    "status": "Status", "stage": "Stage", "model": "Model", "asked": "Asked for", "intent": "Intent",
    "user": "User", "flow": "Flow", "provider": "Provider", "prompt": "Prompt version", "finish": "Finish",
    "source": "Source",
}  # fmt: skip
SHOWN = 5
"""Values of a facet before “more”."""
SPANS = (("1h", "Last hour"), ("24h", "Last 24 hours"), ("7d", "Last 7 days"), ("30d", "Last 30 days"), ("", "All"))
HEIGHT = 60
"""Of the bars, in their own units."""


class ValueView(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a facet and what a click does."""

    label: str
    count: str
    share: int
    """0 to 100 of the facet's largest."""
    active: bool
    href: str
    only_href: str
    exclude_href: str


class FacetView(msgspec.Struct, frozen=True, kw_only=True):
    """One facet."""

    title: str
    values: list[ValueView]
    more: list[ValueView]
    others: str


class BarView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of time: heights from the ground up, and the way into it."""

    at: int
    """Its number, from 0."""
    ok: float
    fallback: float
    error: float
    href: str
    label: str


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """A span of time to choose."""

    label: str
    href: str
    chosen: bool


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that narrows down."""

    facets: list[FacetView]
    bars: list[BarView]
    start: str
    end: str
    step: str
    spans: list[SpanView]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The list's own address: the query as typed, and the span as chosen."""

    query: Query
    since: str = ""
    until: str = ""

    def href(self, query: Query | None = None, since: str | None = None, until: str | None = None) -> str:
        """The same list with something else."""
        fields = {
            "q": printed(query if query is not None else self.query),
            "from": self.since if since is None else since,
            "to": self.until if until is None else until,
        }
        given = urlencode({name: value for name, value in fields.items() if value})
        return f"{PAGES}/logs?{given}" if given else f"{PAGES}/logs"


def narrowing(place: Place, facets: Facets, histogram: Histogram) -> Narrowing:
    """The whole of it."""
    return Narrowing(
        facets=[_facet(place, facet) for facet in facets.facets if len(facet.values) > 1 or _active(facet)],
        bars=_bars(place, histogram),
        start=_moment(histogram.start),
        end=_moment(histogram.end),
        step=wording.span(histogram.step_ms),
        spans=spans(place),
    )


def spans(place: Place) -> list[SpanView]:
    """The usual spans of time."""
    chosen = place.since if not place.until else None
    return [
        SpanView(label=label, href=place.href(since=since, until=""), chosen=since == chosen)
        for since, label in SPANS
    ]


def _active(facet: Facet) -> bool:
    return any(value.active for value in facet.values)


def _facet(place: Place, facet: Facet) -> FacetView:
    largest = max((value.count for value in facet.values), default=1)
    views = [
        ValueView(
            label=_label(facet.field, value.value),
            count=wording.shortened(value.count),
            share=max(1, round(100 * value.count / largest)),
            active=value.active,
            href=place.href(toggled(place.query, facet.field, value.value)),
            only_href=place.href(only(place.query, facet.field, value.value)),
            exclude_href=place.href(excluding(place.query, facet.field, value.value)),
        )
        for value in facet.values
    ]
    others = f"and {facet.others:,} with other values" if facet.others else ""
    return FacetView(title=TITLES[facet.field], values=views[:SHOWN], more=views[SHOWN:], others=others)


def _label(field: str, value: str) -> str:
    if field == "status":
        return wording.STATUS_WORDS.get(value, value)
    return wording.short_user(value) if field == "user" else value


def _bars(place: Place, histogram: Histogram) -> list[BarView]:
    highest = max((bar.ok + bar.fallback + bar.error for bar in histogram.bars), default=0) or 1
    scale = HEIGHT / highest
    return [
        BarView(
            at=number,
            ok=round(bar.ok * scale, 2),
            fallback=round(bar.fallback * scale, 2),
            error=round(bar.error * scale, 2),
            href=place.href(since=str(bar.at), until=str(bar.at + histogram.step_ms)),
            label=f"{_moment(bar.at)}: {bar.ok:,} OK, {bar.fallback:,} fallback, {bar.error:,} errors",
        )
        for number, bar in enumerate(histogram.bars)
    ]


def _moment(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%Y-%m-%d %H:%M} UTC"
