"""New logs as they come, as server-sent events.

    id: 1795…-0                      the event to go on from, as `Last-Event-ID`
    data: {…}                        one whole log

`event: skipped` tells how many came faster than is worth sending, or that older ones are no longer in the stream;
`event: store` that Redis is away (or back); `event: end` that the viewer's right is gone. A comment every 15 s
keeps proxies from closing the connection.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from llmlog.admin.access import Access, Gate, Viewer
from llmlog.admin.failures import API
from llmlog.admin.parameters import typed_query
from llmlog.admin.reads import Reads
from llmlog.errors import BadRequest, StoreUnavailable
from llmlog.query.arrivals import Arrivals
from llmlog.query.language import Matcher
from llmlog.service import LLMLoggingService

LOOK_EVERY_S = 0.5
HEARTBEAT_EVERY_S = 15.0
CHECK_ACCESS_EVERY_S = 10.0
_EVENT = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


class TailApi:
    """The live stream."""

    def __init__(self, service: LLMLoggingService, reads: Reads, access: Access) -> None:
        self._service = service
        self._reads = reads
        self._access = access

    def routes(self, gate: Gate) -> list[Route]:
        """Its route with the right it needs."""
        return [gate.route(f"{API}/tail", self.tail, "administrator")]

    async def tail(self, request: Request, viewer: Viewer) -> Response:
        """Logs that match `q`, from now on or after `Last-Event-ID`."""
        query = typed_query(request, self._service.now_ms())
        matcher = Matcher(query, self._service.pseudonyms_of(viewer.user_id))
        last = request.headers.get("last-event-id") or request.query_params.get("last")
        if last and _EVENT.fullmatch(last) is None:
            raise BadRequest(
                "last", "last must be an event id that the stream sent, for example last=1795473278254-0."
            )
        if not last:
            last = await self._reads.run(self._service.finder.newest_event)
        stream = _Stream(self, request, matcher, last)
        return StreamingResponse(
            stream.events(),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def arrivals(self, event: str) -> Arrivals:
        """What came after an event. Raises StoreUnavailable."""
        return await self._reads.run(self._service.finder.arrivals, event)

    async def may_still(self, request: Request) -> bool:
        """Whether the request's viewer is an administrator at this moment."""
        viewer = await self._access.identify(request)
        return viewer is not None and viewer.is_administrator


class _Stream:
    """One viewer's stream."""

    def __init__(self, api: TailApi, request: Request, matcher: Matcher, event: str) -> None:
        self._api = api
        self._request = request
        self._matcher = matcher
        self._event = event
        self._away = False

    async def events(self) -> AsyncIterator[bytes]:
        """The bytes of the stream, until the viewer leaves."""
        yield b"retry: 2000\n: llmlog\n\n"
        sent_s = checked_s = time.monotonic()
        while not await self._request.is_disconnected():
            now_s = time.monotonic()
            if now_s - checked_s >= CHECK_ACCESS_EVERY_S:
                checked_s = now_s
                if not await self._api.may_still(self._request):
                    yield _event("end", {"message": "You are no longer allowed to see this."})
                    return
            for piece in await self._news():
                yield piece
                sent_s = now_s
            if now_s - sent_s >= HEARTBEAT_EVERY_S:
                sent_s = now_s
                yield b": still here\n\n"
            await asyncio.sleep(LOOK_EVERY_S)

    async def _news(self) -> list[bytes]:
        try:
            arrivals = await self._api.arrivals(self._event)
        except StoreUnavailable as error:
            if self._away:
                return []
            self._away = True
            return [_event("store", {"away": str(error)})]
        pieces = [_event("store", {"away": None})] if self._away else []
        self._away = False
        if arrivals.skipped or arrivals.lost:
            pieces.append(_event("skipped", {"count": arrivals.skipped, "someNoLongerKept": arrivals.lost}))
        for event, entry in arrivals.logs:
            if self._matcher.matches(entry):
                pieces.append(b"id: " + event.encode() + b"\ndata: " + msgspec.json.encode(entry) + b"\n\n")
        self._event = arrivals.event
        return pieces


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"
