"""The Spotify Web API for one person: each method is one request, and one more after a refreshed token.

Invariants: every request ends within its time limit; a failure is a SpotifyError; nothing is tried again on its
own but the request a stale token spoiled. Spotify promises no order between player commands, so callers await
one before they send the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import httpx2
import msgspec

from djforge.spotify import wire
from djforge.spotify.models import Device, Episode, Playback, Played, Profile, Queue, Track
from djforge.spotify.session_tokens import TokenSource

MAX_SEARCH_LIMIT: Final = 10
"""Spotify refuses more since February 2026."""
MAX_RECENT_LIMIT: Final = 50

RepeatState = Literal["off", "track", "context"]


class _TracksPage(msgspec.Struct, frozen=True):
    items: list[Track | None] = []


class _Found(msgspec.Struct, frozen=True):
    tracks: _TracksPage


class _Devices(msgspec.Struct, frozen=True):
    devices: list[Device]


class _Queue(msgspec.Struct, frozen=True):
    currently_playing: Track | Episode | None = None
    queue: list[Track | Episode | None] = []


class _Recent(msgspec.Struct, frozen=True):
    items: list[Played]


class SpotifyClient:
    """Speaks for one person. All methods raise SpotifyError."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        api_url: str,
        tokens: TokenSource,
        timeout_s: float = wire.DEFAULT_TIMEOUT_S,
    ) -> None:
        self._http = http
        self._url = api_url.rstrip("/")
        self._tokens = tokens
        self._timeout_s = timeout_s

    async def me(self) -> Profile:
        """Who the person is."""
        return wire.decoded(await self._ask("GET", "/me"), Profile)

    async def search_tracks(self, query: str, limit: int = MAX_SEARCH_LIMIT, offset: int = 0) -> list[Track]:
        """Songs that fit a query, best first; `limit` is 1 to 10."""
        params = {"q": query, "type": "track", "limit": str(limit), "offset": str(offset)}
        found = wire.decoded(await self._ask("GET", "/search", params), _Found)
        return [track for track in found.tracks.items if track is not None]

    async def playback(self) -> Playback | None:
        """What is going on now; None when no device is active."""
        response = await self._ask("GET", "/me/player", {"additional_types": "track,episode"})
        if response.status_code == httpx2.codes.NO_CONTENT or not response.content:
            return None
        return wire.decoded(response, Playback)

    async def devices(self) -> list[Device]:
        """The devices that are switched on."""
        return wire.decoded(await self._ask("GET", "/me/player/devices"), _Devices).devices

    async def queue(self) -> Queue:
        """What plays and what comes next."""
        told = wire.decoded(await self._ask("GET", "/me/player/queue"), _Queue)
        return Queue(
            currently_playing=told.currently_playing, queue=[item for item in told.queue if item is not None]
        )

    async def recently_played(self, limit: int = 20) -> list[Played]:
        """The newest songs heard, newest first; `limit` is 1 to 50."""
        response = await self._ask("GET", "/me/player/recently-played", {"limit": str(limit)})
        return wire.decoded(response, _Recent).items

    async def play(
        self,
        *,
        uris: Sequence[str] | None = None,
        context_uri: str | None = None,
        device_id: str | None = None,
        position_ms: int | None = None,
    ) -> None:
        """Play these tracks, or this album, artist or playlist; with neither, go on where it was paused."""
        body: dict[str, Any] = {}
        if uris is not None:
            body["uris"] = list(uris)
        if context_uri is not None:
            body["context_uri"] = context_uri
        if position_ms is not None:
            body["position_ms"] = position_ms
        await self._ask("PUT", "/me/player/play", _on(device_id), body or None)

    async def pause(self) -> None:
        """Pause."""
        await self._ask("PUT", "/me/player/pause")

    async def next(self) -> None:
        """Go on to the next song."""
        await self._ask("POST", "/me/player/next")

    async def previous(self) -> None:
        """Go back to the song before."""
        await self._ask("POST", "/me/player/previous")

    async def seek(self, position_ms: int) -> None:
        """Go to a place in the song."""
        await self._ask("PUT", "/me/player/seek", {"position_ms": str(position_ms)})

    async def set_volume(self, percent: int, device_id: str | None = None) -> None:
        """Set the volume, 0 to 100."""
        await self._ask("PUT", "/me/player/volume", {"volume_percent": str(percent)} | _on(device_id))

    async def set_shuffle(self, on: bool) -> None:
        """Mix the songs, or stop mixing them."""
        await self._ask("PUT", "/me/player/shuffle", {"state": "true" if on else "false"})

    async def set_repeat(self, state: RepeatState) -> None:
        """Repeat the song, the whole album or playlist, or nothing."""
        await self._ask("PUT", "/me/player/repeat", {"state": state})

    async def add_to_queue(self, uri: str, device_id: str | None = None) -> None:
        """Play this after the current song."""
        await self._ask("POST", "/me/player/queue", {"uri": uri} | _on(device_id))

    async def transfer(self, device_id: str, play: bool = False) -> None:
        """Go on on another device; `play=False` keeps it paused or playing as it is."""
        await self._ask("PUT", "/me/player", None, {"device_ids": [device_id], "play": play})

    async def _ask(
        self, method: str, path: str, params: Mapping[str, str] | None = None, body: object = None
    ) -> httpx2.Response:
        """One request, and once more where the token was stale."""
        token = await self._tokens.access_token()
        response = await self._send(token, method, path, params, body)
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            token = await self._tokens.refreshed(token)
            response = await self._send(token, method, path, params, body)
        if not response.is_success:
            raise wire.api_error(response)
        return response

    async def _send(
        self, token: str, method: str, path: str, params: Mapping[str, str] | None, body: object
    ) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["content-type"] = "application/json"
        request = self._http.build_request(
            method, f"{self._url}{path}", params=params, content=content, headers=headers
        )
        return await wire.send(self._http, request, self._timeout_s)


def _on(device_id: str | None) -> dict[str, str]:
    return {} if device_id is None else {"device_id": device_id}
