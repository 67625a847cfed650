"""`/api/control`: the player's buttons, without a model."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from djforge.interpreter.intents import Intent, IntentName
from djforge.web import bodies
from djforge.web.callers import Caller
from djforge.web.connections import Connections
from djforge.web.policies import Handler, Policies

PREFIX = "/api/control"
BUTTONS: dict[str, IntentName] = {"play": "play", "pause": "pause", "next": "skip", "previous": "previous"}


class ControlApi:
    """The routes of `/api/control`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def routes(self, policies: Policies) -> Sequence[Route]:
        """All routes with their policies."""
        return [
            *(policies.signed_in("POST", f"{PREFIX}/{name}", self._button(name)) for name in BUTTONS),
            policies.signed_in("POST", f"{PREFIX}/volume", self.volume),
            policies.signed_in("POST", f"{PREFIX}/queue", self.enqueue),
            policies.signed_in("POST", f"{PREFIX}/transfer", self.transfer),
            policies.signed_in("GET", f"{PREFIX}/current-track", self.current, prolong=False),
            policies.signed_in("GET", f"{PREFIX}/devices", self.devices),
            policies.signed_in("GET", f"{PREFIX}/queue", self.queue),
        ]

    def _button(self, name: str) -> Handler:
        async def press(request: Request, caller: Caller) -> Response:
            return await self._perform(caller, Intent(intent=BUTTONS[name], confidence=1.0))

        return press

    async def volume(self, request: Request, caller: Caller) -> Response:
        """Set the volume, 0 to 100."""
        percent = bodies.percent((await bodies.json_object(request)).get("volume"), "volume")
        return await self._perform(caller, Intent(intent="set_volume", confidence=1.0, volume_level=percent))

    async def enqueue(self, request: Request, caller: Caller) -> Response:
        """Add a track to the queue by its URI."""
        uri = bodies.spotify_uri((await bodies.json_object(request)).get("uri"))
        async with self._connections.active(caller.session) as listener:
            outcome = await listener.player.queue_uri(uri)
        return JSONResponse(msgspec.to_builtins(outcome))

    async def transfer(self, request: Request, caller: Caller) -> Response:
        """Make a device the active one."""
        body = await bodies.json_object(request)
        device = bodies.text(body.get("deviceId"), "deviceId")
        async with self._connections.active(caller.session) as listener:
            await listener.spotify.transfer(device, play=bodies.truth(body.get("play"), "play", False))
        return JSONResponse({"success": True, "message": "The music moved."})

    async def current(self, request: Request, caller: Caller) -> Response:
        """What plays now."""
        async with self._connections.active(caller.session) as listener:
            playback = await listener.spotify.playback()
        return JSONResponse({"success": True, "playback": msgspec.to_builtins(playback)})

    async def devices(self, request: Request, caller: Caller) -> Response:
        """Where music can play."""
        async with self._connections.active(caller.session) as listener:
            devices = await listener.spotify.devices()
        return JSONResponse({"success": True, "devices": msgspec.to_builtins(devices)})

    async def queue(self, request: Request, caller: Caller) -> Response:
        """What comes next."""
        async with self._connections.active(caller.session) as listener:
            queue = await listener.spotify.queue()
        return JSONResponse({"success": True, "queue": msgspec.to_builtins(queue)})

    async def _perform(self, caller: Caller, intent: Intent) -> Response:
        async with self._connections.active(caller.session) as listener:
            outcome = await listener.player.perform(intent)
        return JSONResponse(msgspec.to_builtins(outcome))
