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
from llmlog.admin.pages.logs import list_view, search_view
from llmlog.admin.parameters import page_options
from llmlog.admin.reads import Reads
from llmlog.clock import SystemClock
from llmlog.entry import LogEntry
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
        """The list, or what a search found."""
        options = page_options(request, 50)
        words = request.query_params.get("q", "").strip()
        now_ms = self._clock.now_ms()
        if words:
            search = self._service.search_logs
            found = await self._reads.run(search, words, options.limit, options.cursor, viewer.user_id)
            view = search_view(found, words, now_ms)
        else:
            result = await self._reads.run(self._service.get_logs, options)
            view = list_view(result, now_ms, first=options.cursor is None)
        return await self._frame.page(request, "logs", view, viewer)

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
