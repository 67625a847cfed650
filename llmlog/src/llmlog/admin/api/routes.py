"""The plan's four routes with the plan's shapes, then one log, one's own logs, a person's logs, health."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from llmlog.admin.access import Gate, Viewer
from llmlog.admin.failures import API, json_response
from llmlog.admin.own_view import own_view
from llmlog.admin.parameters import json_object, page_options, required, typed_query, whole, zone
from llmlog.admin.reads import Reads
from llmlog.clock import SystemClock, utc_day
from llmlog.errors import BadRequest
from llmlog.query import LogResult, QueryOptions, checks
from llmlog.query.language import Query
from llmlog.query.spans import Span, within
from llmlog.service import LLMLoggingService

POSTED = ("by-user", "erase", "export-user")


class Api:
    """Endpoints; each answers JSON."""

    def __init__(self, service: LLMLoggingService, reads: Reads) -> None:
        self._service = service
        self._reads = reads

    def routes(self, gate: Gate) -> list[Route]:
        """Every route with the right it needs. `{id}` comes last: it would take the others' names."""
        return [
            gate.route(f"{API}/recent", self.recent, "administrator"),
            gate.route(f"{API}/search", self.search, "administrator"),
            gate.route(f"{API}/stats", self.stats, "administrator"),
            gate.route(f"{API}/by-date", self.by_date, "administrator"),
            gate.route(f"{API}/by-user", self.by_user, "administrator", ("POST",)),
            gate.route(f"{API}/health", self.health, "administrator"),
            gate.route(f"{API}/my-logs", self.my_logs, "signed-in"),
            gate.route(f"{API}/{{id}}", self.one, "administrator"),
        ]

    async def recent(self, request: Request, viewer: Viewer) -> Response:
        """The newest logs, 100 by default; with `q`, `from` or `to` those that match."""
        if any(request.query_params.get(name) for name in ("q", "from", "to")):
            return await self._found(request, viewer, typed_query(request, self._service.now_ms()))
        return json_response(await self._page(page_options(request, 100)))

    async def by_date(self, request: Request, viewer: Viewer) -> Response:
        """The logs of one day, UTC or that of `tz`; with `q` those that match."""
        day = required(request, "date", "2026-11-23")
        if not request.query_params.get("q") and not request.query_params.get("tz"):
            return json_response(await self._page(page_options(request, 100, day=day)))
        start = datetime.combine(date.fromisoformat(checks.day(day)), time(), zone(request))
        span = Span(*(int(moment.timestamp() * 1000) for moment in (start, start + timedelta(days=1))))
        return await self._found(request, viewer, within(typed_query(request, self._service.now_ms()), span))

    async def search(self, request: Request, viewer: Viewer) -> Response:
        """Logs that match, with what was covered."""
        required(request, "q", "jazz")
        return await self._found(request, viewer, typed_query(request, self._service.now_ms()))

    async def _found(self, request: Request, viewer: Viewer, query: Query) -> Response:
        options = page_options(request, 100)
        mine = self._service.pseudonyms_of(viewer.user_id)
        found = await self._reads.run(self._service.finder.search, query, options.limit, options.cursor, mine)
        stats = await self._reads.run(self._service.statistics)
        pagination = {
            "page": options.page,
            "limit": options.limit,
            "total": len(found) if found.total is None else found.total,
            "next": found.coverage.next,
        }
        coverage = {**msgspec.to_builtins(found.coverage), "sentence": found.coverage.sentence()}
        return json_response({"logs": found.logs, "pagination": pagination, "stats": stats, "coverage": coverage})

    async def stats(self, request: Request, viewer: Viewer) -> Response:
        """Statistics of the last days, 30 by default."""
        days = whole(request, "days", 30)
        kept = self._service.settings.store.retention_days
        if not 1 <= days <= kept:
            raise BadRequest("days", f"days must be from 1 to {kept} (logs are kept that long), not {days}.")
        today = date.fromisoformat(utc_day(SystemClock().now_ms()))
        oldest = today - timedelta(days=days - 1)
        stats = await self._reads.run(self._service.statistics, oldest.isoformat(), today.isoformat())
        return json_response({**msgspec.to_builtins(stats), "stats": stats, "periodDays": days})

    async def my_logs(self, request: Request, viewer: Viewer) -> Response:
        """One's own logs, without what concerns the administrator only."""
        if not viewer.user_id:
            raise HTTPException(404)
        result = await self._page(page_options(request, 50, user_id=viewer.user_id))
        own = [own_view(entry) for entry in result.logs]
        return json_response({"logs": own, "pagination": result.pagination})

    async def by_user(self, request: Request, viewer: Viewer) -> Response:
        """A person's logs; by POST, so that no id stands in an address."""
        fields = await json_object(request)
        user_id, pseudonym = fields.get("userId"), fields.get("pseudonym")
        given = user_id if user_id is not None else pseudonym
        if not isinstance(given, str) or not given:
            raise BadRequest("userId", 'Send {"userId": "…"} with a raw id, or {"pseudonym": "v1:…"}.')
        options = QueryOptions(
            limit=_number(fields, "limit", 100),
            page=_number(fields, "page", 1),
            cursor=_cursor(fields),
            user_id=user_id,
            pseudonym=pseudonym if user_id is None else None,
        )
        return json_response(await self._page(options))

    async def one(self, request: Request, viewer: Viewer) -> Response:
        """One log, whole; with `q` also its place among those that match."""
        entry_id = request.path_params["id"]
        if entry_id in POSTED:  # their own routes take POST only, and leave the rest to this one
            raise HTTPException(405, headers={"Allow": "POST"})
        entry = await self._reads.run(self._service.get_log, entry_id)
        if entry is None:
            raise HTTPException(404)
        if "q" not in request.query_params:
            return json_response(entry)
        query, mine = typed_query(request, self._service.now_ms()), self._service.pseudonyms_of(viewer.user_id)
        neighbours = await self._reads.run(self._service.finder.neighbours, query, entry, mine)
        return json_response({"log": entry, **msgspec.to_builtins(neighbours)})

    async def health(self, request: Request, viewer: Viewer) -> Response:
        """The ledger, the store and one sentence."""
        return json_response(await self._reads.run(self._service.health))

    async def _page(self, options: QueryOptions) -> LogResult:
        return await self._reads.run(self._service.get_logs, options)


def _number(fields: dict[str, Any], name: str, default: int) -> int:
    value = fields.get(name, default)
    if type(value) is not int:
        raise BadRequest(name, f"{name} must be a whole number. Example: {default}")
    return value


def _cursor(fields: dict[str, Any]) -> str | None:
    value = fields.get("cursor")
    if value is not None and not isinstance(value, str):
        raise BadRequest("cursor", "cursor must be a text that an earlier answer gave in `next`.")
    return value
