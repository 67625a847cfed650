"""`/api/llm/simple` (and its older name `/api/claude`): commands in words, and what was said."""

from __future__ import annotations

from collections.abc import Sequence

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from djforge.commands import Commands
from djforge.web import bodies
from djforge.web.answers import history_item, reply_body, statistics_body
from djforge.web.api.health import iso
from djforge.web.callers import Caller
from djforge.web.connections import Connections
from djforge.web.errors import Refused
from djforge.web.policies import Policies
from llmlog.clock import Clock
from llmlog.errors import StoreUnavailable

PREFIXES = ("/api/llm/simple", "/api/claude")


class ChatApi:
    """The routes of the chat."""

    def __init__(self, commands: Commands, connections: Connections, clock: Clock) -> None:
        self._commands = commands
        self._connections = connections
        self._clock = clock

    def routes(self, policies: Policies) -> Sequence[Route]:
        """All routes with their policies, under both prefixes."""
        return [
            route
            for prefix in PREFIXES
            for route in (
                policies.signed_in("POST", f"{prefix}/command", self.command),
                policies.signed_in("POST", f"{prefix}/confirm", self.confirm),
                policies.signed_in("POST", f"{prefix}/direct-action", self.direct_action),
                policies.signed_in("GET", f"{prefix}/history", self.history),
                policies.signed_in("POST", f"{prefix}/clear-history", self.clear_history),
                policies.open("GET", f"{prefix}/health", self.health),
                policies.administrator("GET", f"{prefix}/stats", self.statistics),
            )
        ]

    async def command(self, request: Request, caller: Caller) -> Response:
        """Carry out one command."""
        command = bodies.command((await bodies.json_object(request)).get("command"))
        async with self._connections.active(caller.session) as listener:
            reply = await self._commands.handle(listener, command, source="api")
        return JSONResponse(reply_body(reply))

    async def confirm(self, request: Request, caller: Caller) -> Response:
        """Do what was asked about, or (`{"confirm": false}`) leave it."""
        agreed = bodies.truth((await bodies.json_object(request)).get("confirm"), "confirm", True)
        async with self._connections.active(caller.session) as listener:
            reply = await self._commands.confirm(listener, agreed=agreed)
        if reply is None:
            raise Refused(409, "nothing_to_confirm", "There is nothing to confirm (any more).")
        return JSONResponse(reply_body(reply))

    async def direct_action(self, request: Request, caller: Caller) -> Response:
        """Play or queue a track (or play an album or playlist) by its URI, without a model."""
        body = await bodies.json_object(request)
        action = body.get("action")
        if action not in ("play", "queue"):
            raise bodies.Invalid("action", "action must be “play” or “queue”.")
        uri = bodies.spotify_uri(body.get("uri"))
        name = None if body.get("name") is None else bodies.text(body["name"], "name")
        async with self._connections.active(caller.session) as listener:
            done = await self._commands.direct(listener, action, uri, name)
        return JSONResponse(
            {"success": done.success, "message": done.message, "timestamp": iso(self._clock.now_ms())}
        )

    async def history(self, request: Request, caller: Caller) -> Response:
        """The newest turns, oldest first."""
        turns = await self._commands.history(self._connections.pseudonym(caller.session))
        items = [history_item(turn) for turn in turns]
        return JSONResponse({"history": items, "count": len(items), "timestamp": iso(self._clock.now_ms())})

    async def clear_history(self, request: Request, caller: Caller) -> Response:
        """Wipe the conversation and whatever was asked last."""
        session = caller.session
        await self._commands.clear(self._connections.pseudonym(session), session.hash)
        body = {"success": True, "message": "The conversation is cleared.", "timestamp": iso(self._clock.now_ms())}
        return JSONResponse(body)

    async def health(self, request: Request) -> Response:
        """Whether commands can be taken, and how many models there are to ask."""
        return JSONResponse(
            {"status": "ok", "interpreter": "flexible", "models": len(self._commands.models.offered)}
        )

    async def statistics(self, request: Request, caller: Caller) -> Response:
        """How commands went over the last 30 days, from the logs."""
        try:
            figures = await anyio.to_thread.run_sync(self._commands.statistics)
        except StoreUnavailable:
            raise Refused(503, "store_unavailable", "The log store is not answering.") from None
        return JSONResponse(statistics_body(figures))
