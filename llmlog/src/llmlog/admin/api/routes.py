"""The plan's four routes with the plan's shapes, then one log, one's own logs, a person's logs, health."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from llmlog.admin.access import Gate, Viewer
from llmlog.admin.failures import API, json_response
from llmlog.admin.own_view import own_view
from llmlog.admin.parameters import page_options, required, whole
from llmlog.admin.reads import Reads
from llmlog.clock import SystemClock, utc_day
from llmlog.errors import BadRequest
from llmlog.query import LogResult, QueryOptions
from llmlog.service import LLMLoggingService

MAX_BODY_BYTES = 16 * 1024


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
        """The newest logs, 100 by default."""
        return json_response(await self._page(page_options(request, 100)))

    async def by_date(self, request: Request, viewer: Viewer) -> Response:
        """The logs of one UTC day."""
        day = required(request, "date", "2026-11-23")
        return json_response(await self._page(page_options(request, 100, day=day)))

    async def search(self, request: Request, viewer: Viewer) -> Response:
        """Logs that contain all words, with what was covered."""
        options = page_options(request, 100)
        words = required(request, "q", "jazz")
        found = await self._reads.run(
            self._service.search_logs, words, options.limit, options.cursor, viewer.user_id
        )
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
        fields = await _json_object(request)
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
        """One log, whole."""
        entry_id = request.path_params["id"]
        if entry_id == "by-user":  # its own route takes POST only, and leaves the rest to this one
            raise HTTPException(405, headers={"Allow": "POST"})
        entry = await self._reads.run(self._service.get_log, entry_id)
        if entry is None:
            raise HTTPException(404)
        return json_response(entry)

    async def health(self, request: Request, viewer: Viewer) -> Response:
        """The ledger, the store and one sentence."""
        return json_response(await self._reads.run(self._service.health))

    async def _page(self, options: QueryOptions) -> LogResult:
        return await self._reads.run(self._service.get_logs, options)


async def _json_object(request: Request) -> dict[str, Any]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise BadRequest("body", f"The body is over {MAX_BODY_BYTES:,} bytes.")
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise BadRequest("body", 'The body must be a JSON object like {"userId": "…"}.')
    return fields


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
