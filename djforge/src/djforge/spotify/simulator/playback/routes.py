"""`/v1/me/player` and everything below it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import Route

from djforge.spotify.simulator.door import API_PREFIX, Door, Handler
from djforge.spotify.simulator.playback.commands import Commands
from djforge.spotify.simulator.playback.looks import Looks
from djforge.spotify.simulator.world import World

PREFIX = f"{API_PREFIX}/me/player"
READ_STATE = "user-read-playback-state"
READ_CURRENT = "user-read-currently-playing"
READ_RECENT = "user-read-recently-played"
MODIFY = "user-modify-playback-state"


class PlayerRoutes:
    """The player's routes with the scopes they need."""

    def __init__(self, world: World, door: Door) -> None:
        self._door = door
        self._looks = Looks(world.clock)
        self._commands = Commands(world.catalogue)

    def routes(self) -> Sequence[Route]:
        """All routes."""
        looks, commands = self._looks, self._commands
        return [
            self._route("GET", "", looks.state, READ_STATE),
            self._route("PUT", "", commands.transfer, MODIFY),
            self._route("GET", "/currently-playing", looks.current, READ_CURRENT),
            self._route("GET", "/devices", looks.devices, READ_STATE),
            self._route("GET", "/queue", looks.queue, READ_CURRENT, READ_STATE),
            self._route("POST", "/queue", commands.add, MODIFY),
            self._route("GET", "/recently-played", looks.recent, READ_RECENT),
            self._route("PUT", "/play", commands.play, MODIFY),
            self._route("PUT", "/pause", commands.pause, MODIFY),
            self._route("POST", "/next", commands.next, MODIFY),
            self._route("POST", "/previous", commands.previous, MODIFY),
            self._route("PUT", "/seek", commands.seek, MODIFY),
            self._route("PUT", "/shuffle", commands.shuffle, MODIFY),
            self._route("PUT", "/repeat", commands.repeat, MODIFY),
            self._route("PUT", "/volume", commands.volume, MODIFY),
        ]

    def _route(self, method: str, path: str, handler: Handler, *scopes: str) -> Route:
        return Route(PREFIX + path, self._door.endpoint(handler, *scopes), methods=[method])
