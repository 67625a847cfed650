"""`/v1/me` and `/v1/search`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.routing import Route

from djforge.spotify.simulator.door import API_PREFIX, Door, Visit
from djforge.spotify.simulator.refusals import ApiRefusal
from djforge.spotify.simulator.world import World

TYPES = ("album", "artist", "playlist", "track", "show", "episode", "audiobook")
MAX_LIMIT = 10
MAX_OFFSET = 1000


class MusicRoutes:
    """Who one is, and what there is to hear."""

    def __init__(self, world: World, door: Door) -> None:
        self._world = world
        self._door = door

    def routes(self) -> Sequence[Route]:
        """All routes; neither needs a scope."""
        return [
            Route(f"{API_PREFIX}/me", self._door.endpoint(self.me), methods=["GET"]),
            Route(f"{API_PREFIX}/search", self._door.endpoint(self.search), methods=["GET"]),
        ]

    def me(self, visit: Visit) -> object:
        """A PrivateUserObject, as apps in development mode get it."""
        person = visit.person
        api_url = f"{visit.request.base_url}v1"
        return {
            "account_id": person.account_id,
            "display_name": person.display_name,
            "external_urls": {"spotify": f"https://open.spotify.com/user/{person.id}"},
            "href": f"{api_url}/users/{person.id}",
            "id": person.id,
            "images": [],
            "type": "user",
            "uri": f"spotify:user:{person.id}",
        }

    def search(self, visit: Visit) -> object:
        """One paging object for each type asked for. The catalogue has no playlists and nothing spoken."""
        text = (visit.query("q") or "").strip()
        if not text:
            raise ApiRefusal(400, "No search query")
        kinds = [kind.strip() for kind in (visit.query("type") or "").split(",") if kind.strip()]
        if not kinds:
            raise ApiRefusal(400, "Missing parameter type")
        if not set(kinds) <= set(TYPES):
            raise ApiRefusal(400, "Bad search type field")
        query = {
            "q": text,
            "limit": visit.whole_number("limit", 5, 1, MAX_LIMIT),
            "offset": visit.whole_number("offset", 0, 0, MAX_OFFSET),
        }
        return {f"{kind}s": self._found(visit, kind, query) for kind in kinds}

    def _found(self, visit: Visit, kind: str, query: dict[str, Any]) -> object:
        shapes, search = visit.shapes, self._world.search
        if kind == "track":
            return shapes.page(kind, query, search.songs(query["q"]), shapes.track)
        if kind == "album":
            return shapes.page(kind, query, search.albums(query["q"]), shapes.album)
        found = search.artists(query["q"]) if kind == "artist" else []
        return shapes.page(kind, query, found, shapes.artist)
