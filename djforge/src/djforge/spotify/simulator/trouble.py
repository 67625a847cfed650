"""Plans gone wrong on purpose: notes every request and lets the troubles planned for its path happen."""

from __future__ import annotations

import anyio
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from djforge.spotify.simulator.door import API_PREFIX
from djforge.spotify.simulator.refusals import api_refusal, grant_refusal
from djforge.spotify.simulator.world import Trouble, World

WORDS = {401: "The access token expired", 403: "Forbidden", 404: "Not found", 429: "Too many requests"}


class TroubleMiddleware:
    """Stands before all routes."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._world.lock:
            self._world.seen.append((scope["method"], scope["path"]))
            trouble = self._world.take_trouble(scope["path"])
        if trouble is not None:
            await anyio.sleep(trouble.delay_s)
        if trouble is None or trouble.status is None:
            await self._app(scope, receive, send)
            return
        await _response(trouble, trouble.status, scope["path"])(scope, receive, send)


def _response(trouble: Trouble, status: int, path: str) -> Response:
    if trouble.body is not None:
        return Response(trouble.body, status, media_type="application/json")
    words = WORDS.get(status, "Something went wrong")
    if path.startswith(API_PREFIX):
        if status in (403, 404) and trouble.reason is not None:
            words = "Player command failed: Restriction violated"
        response = api_refusal(status, words, trouble.reason)
    else:
        response = grant_refusal(status, trouble.reason or "server_error", words)
    if trouble.retry_after_s is not None:
        response.headers["retry-after"] = str(trouble.retry_after_s)
    return response
