"""Routes that take a query: facets, histogram, comparison, conversations, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from llmlog.admin.access import Gate, Viewer
from llmlog.admin.failures import API, json_response
from llmlog.admin.parameters import moment, typed_query, whole
from llmlog.admin.reads import Reads
from llmlog.entry import LogEntry
from llmlog.errors import BadRequest
from llmlog.query import MAX_LIMIT
from llmlog.query.export import comma_separated, json_lines
from llmlog.query.language import Query
from llmlog.query.spans import Span
from llmlog.service import LLMLoggingService

Export = Callable[[Iterator[LogEntry]], Iterator[bytes]]
FORMATS: dict[str, tuple[str, str, Export]] = {
    "jsonl": ("application/x-ndjson", "jsonl", json_lines),
    "csv": ("text/csv; charset=utf-8", "csv", comma_separated),
}


class FindingApi:
    """Endpoints; each answers JSON but for the export. All take `q`, `from`, `to` and `tz`."""

    def __init__(self, service: LLMLoggingService, reads: Reads) -> None:
        self._service = service
        self._reads = reads

    def routes(self, gate: Gate) -> list[Route]:
        """Every route with the right it needs."""
        return [
            gate.route(f"{API}/facets", self.facets, "administrator"),
            gate.route(f"{API}/histogram", self.histogram, "administrator"),
            gate.route(f"{API}/statistics", self.statistics, "administrator"),
            gate.route(f"{API}/compare", self.compare, "administrator"),
            gate.route(f"{API}/conversations", self.conversations, "administrator"),
            gate.route(f"{API}/conversations/{{session}}", self.conversation, "administrator"),
            gate.route(f"{API}/export", self.export, "administrator"),
        ]

    async def facets(self, request: Request, viewer: Viewer) -> Response:
        """The most frequent values of each field, each counted without the query's own condition on it."""
        return await self._figures(self._service.finder.figures.facets, request, viewer)

    async def histogram(self, request: Request, viewer: Viewer) -> Response:
        """Logs over time, stacked by status."""
        return await self._figures(self._service.finder.figures.histogram, request, viewer)

    async def statistics(self, request: Request, viewer: Viewer) -> Response:
        """Figures of what matches, by the fields of `by`, over time, and for as long a time before."""
        by = tuple(name for name in request.query_params.get("by", "model").split(",") if name)
        statistics = self._service.finder.figures.statistics
        return _with_coverage(await self._reads.run(statistics, self._query(request), self._mine(viewer), by))

    async def compare(self, request: Request, viewer: Viewer) -> Response:
        """What is different between `selectedFrom` and `selectedTo` against all else that matches."""
        now_ms = self._service.now_ms()
        selection = Span(moment(request, "selectedFrom", now_ms), moment(request, "selectedTo", now_ms))
        compare = self._service.finder.figures.compare
        query, mine = self._query(request), self._mine(viewer)
        return _with_coverage(await self._reads.run(compare, query, selection, mine))

    async def conversations(self, request: Request, viewer: Viewer) -> Response:
        """Sessions with logs that match, the one with the newest log first."""
        limit = whole(request, "limit", 50)
        if not 1 <= limit <= MAX_LIMIT:
            raise BadRequest("limit", f"limit must be from 1 to {MAX_LIMIT}, not {limit}.")
        conversations = self._service.finder.figures.conversations
        return _with_coverage(await self._reads.run(conversations, self._query(request), limit, self._mine(viewer)))

    async def conversation(self, request: Request, viewer: Viewer) -> Response:
        """The turns of one session in their order, with what each led to."""
        session = request.path_params["session"]
        finder = self._service.finder
        found = await self._reads.run(finder.search, finder.parse(f'session:"{_plain(session)}"'), MAX_LIMIT)
        if not found.logs:
            raise HTTPException(404)
        turns = sorted(found.logs, key=lambda entry: (entry.timestamp, entry.id))
        coverage = {**msgspec.to_builtins(found.coverage), "sentence": found.coverage.sentence()}
        return json_response({"session": turns[0].session_id, "turns": turns, "coverage": coverage})

    async def export(self, request: Request, viewer: Viewer) -> Response:
        """Everything that matches, as `format=jsonl` or `csv`, streamed."""
        name = request.query_params.get("format", "jsonl")
        if name not in FORMATS:
            raise BadRequest("format", f"format must be {' or '.join(FORMATS)}, not “{name[:40]}”.")
        media_type, ending, written = FORMATS[name]
        query, mine = self._query(request), self._mine(viewer)
        entries = self._service.finder.matching(query, mine)
        first = await self._reads.run(next, entries, None)  # a store that is away is told before anything is sent
        stream = written(_again(first, entries))
        headers = {
            "content-disposition": f'attachment; filename="logs.{ending}"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        return StreamingResponse(stream, media_type=media_type, headers=headers)

    async def _figures(self, figures: Callable[..., Any], request: Request, viewer: Viewer) -> Response:
        return _with_coverage(await self._reads.run(figures, self._query(request), self._mine(viewer)))

    def _query(self, request: Request) -> Query:
        return typed_query(request, self._service.now_ms())

    def _mine(self, viewer: Viewer) -> frozenset[str]:
        return self._service.pseudonyms_of(viewer.user_id)


def _with_coverage(answer: Any) -> Response:
    fields = msgspec.to_builtins(answer)
    fields["coverage"]["sentence"] = answer.coverage.sentence()
    return json_response(fields)


def _again(first: LogEntry | None, rest: Iterator[LogEntry]) -> Iterator[LogEntry]:
    if first is not None:
        yield first
        yield from rest


def _plain(session: str) -> str:
    return session.replace("\\", "").replace('"', "")
