"""Addresses of the pages, and reading what they show."""

from __future__ import annotations

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from llmlog.admin.access import Gate, Viewer
from llmlog.admin.frame import PAGES, Frame
from llmlog.admin.own_view import own_view
from llmlog.admin.pages.health import health_view
from llmlog.admin.pages.log import log_view
from llmlog.admin.pages.logs import fault_view, list_view, search_view
from llmlog.admin.pages.narrowing import Narrowing, Place, narrowing
from llmlog.admin.parameters import page_options, typed_query
from llmlog.admin.reads import Reads
from llmlog.clock import SystemClock
from llmlog.entry import LogEntry
from llmlog.query.language import Query, QuerySyntaxError, parse
from llmlog.service import LLMLoggingService


class Pages:
    """Endpoints; each answers HTML."""

    def __init__(self, service: LLMLoggingService, reads: Reads, frame: Frame) -> None:
        self._service = service
        self._reads = reads
        self._frame = frame
        self._clock = SystemClock()

    def routes(self, gate: Gate) -> list[Route]:
        """Every page with the right it needs. `{id}` takes any name, so what is more particular comes first."""
        return [
            gate.route(PAGES, self.home, "signed-in"),
            gate.route(f"{PAGES}/logs", self.logs, "administrator"),
            gate.route(f"{PAGES}/logs/{{id}}.json", self.download, "administrator"),
            gate.route(f"{PAGES}/logs/{{id}}", self.log, "administrator"),
            gate.route(f"{PAGES}/health", self.health, "administrator"),
            gate.route(f"{PAGES}/mine", self.mine, "signed-in"),
            gate.route(f"{PAGES}/mine/{{id}}", self.my_log, "signed-in"),
        ]

    async def home(self, request: Request, viewer: Viewer) -> Response:
        """To the logs one may see."""
        return RedirectResponse(f"{PAGES}/logs" if viewer.is_administrator else f"{PAGES}/mine", 303)

    async def logs(self, request: Request, viewer: Viewer) -> Response:
        """The list: everything, or what matches; with what narrows it down."""
        options = page_options(request, 50)
        typed = request.query_params.get("q", "").strip()
        since, until = (request.query_params.get(name, "").strip() for name in ("from", "to"))
        place = Place(query=Query(), since=since, until=until)
        try:
            query = typed_query(request, self._service.now_ms())
        except QuerySyntaxError as error:
            return await self._frame.page(request, "logs", fault_view(error, typed, place), viewer, 422)
        place = msgspec.structs.replace(place, query=parse(typed, self._service.now_ms()))
        mine, first = self._service.pseudonyms_of(viewer.user_id), options.cursor is None
        if query.terms:
            search = self._service.finder.search
            found = await self._reads.run(search, query, options.limit, options.cursor, mine)
            view = search_view(found, typed, place, self._clock.now_ms(), first=first)
        else:
            result = await self._reads.run(self._service.get_logs, options)
            view = list_view(result, self._clock.now_ms(), first=first)
        narrowed = await self._reads.run(self._narrowing, query, place, mine) if first else None
        view = msgspec.structs.replace(view, narrowing=narrowed)
        return await self._frame.page(request, "logs", view, viewer)

    def _narrowing(self, query: Query, place: Place, mine: frozenset[str]) -> Narrowing | None:
        """Facets and bars; None without an index, which makes them quick."""
        finder = self._service.finder
        if not finder.indexed:
            return None
        return narrowing(place, finder.figures.facets(query, mine), finder.figures.histogram(query, mine))

    async def mine(self, request: Request, viewer: Viewer) -> Response:
        """One's own logs."""
        if not viewer.user_id:
            raise HTTPException(404)
        options = page_options(request, 50, user_id=viewer.user_id)
        result = await self._reads.run(self._service.get_logs, options)
        view = list_view(result, self._clock.now_ms(), first=options.cursor is None, own=True)
        return await self._frame.page(request, "logs", view, viewer)

    async def log(self, request: Request, viewer: Viewer) -> Response:
        """One log with its whole story."""
        entry = await self._found(request)
        return await self._frame.page(request, "log", log_view(entry, self._retention_days), viewer)

    async def my_log(self, request: Request, viewer: Viewer) -> Response:
        """One of one's own logs. Another's is as if it did not exist."""
        entry = await self._found(request)
        if not viewer.user_id or not self._service.is_own(entry, viewer.user_id):
            raise HTTPException(404)
        view = log_view(own_view(entry), self._retention_days, own=True)
        return await self._frame.page(request, "log", view, viewer)

    async def download(self, request: Request, viewer: Viewer) -> Response:
        """One log as a JSON file."""
        entry = await self._found(request)
        headers = {
            "content-disposition": f'attachment; filename="log-{entry.id}.json"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        body = msgspec.json.format(msgspec.json.encode(entry))
        return Response(body, media_type="application/json", headers=headers)

    async def health(self, request: Request, viewer: Viewer) -> Response:
        """How llmlog is doing; works with Redis down."""
        health = await self._frame.health()
        return await self._frame.page(request, "health", health_view(health), viewer)

    @property
    def _retention_days(self) -> int:
        return self._service.settings.store.retention_days

    async def _found(self, request: Request) -> LogEntry:
        entry_id = request.path_params["id"]
        entry = await self._reads.run(self._service.get_log, entry_id)
        if entry is None:
            raise HTTPException(404)
        return entry
