"""The Spotify calls of one command, each a step that can be logged, on a device that listens.

Commands go to the active device. Only when Spotify says that there is none is another one chosen and woken: a
device that somebody uses is never taken from them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from djforge.spotify.client import SpotifyClient
from djforge.spotify.errors import NoActiveDevice
from djforge.spotify.models import Device, Playback, Track

Step = Callable[[str, dict[str, Any] | None], AbstractContextManager[object]]
Wait = Callable[[float], Awaitable[None]]

SETTLE_S: Final = 0.3
"""Spotify shows the effect of a command a moment after it took it."""
SETTLE_LOOKS: Final = 4


def no_step(name: str, detail: dict[str, Any] | None) -> AbstractContextManager[object]:
    """For callers that log no steps."""
    return nullcontext()


class Desk:
    """Carries out single Spotify calls. All methods raise SpotifyError."""

    def __init__(self, client: SpotifyClient, wait: Wait, step: Step) -> None:
        self._client = client
        self._wait = wait
        self._step = step
        self.woken: Device | None = None
        """The device that had to be chosen, if one had to."""

    async def search(self, query: str) -> list[Track]:
        """Songs for a query, best first."""
        detail: dict[str, Any] = {"query": query}
        with self._step("spotify search", detail):
            tracks = await self._client.search_tracks(query)
            detail["found"] = len(tracks)
        return tracks

    async def play(self, uris: list[str] | None = None, context_uri: str | None = None) -> None:
        """Play songs or a context; with neither, go on."""
        detail: dict[str, Any] | None = {"uris": uris} if uris else None
        if context_uri is not None:
            detail = {"contextUri": context_uri}

        async def on(device_id: str | None) -> None:
            with self._step("spotify play", detail):
                await self._client.play(uris=uris, context_uri=context_uri, device_id=device_id)

        await self._somewhere(on)

    async def queue(self, uri: str) -> None:
        """Play a song after the current one."""

        async def on(device_id: str | None) -> None:
            with self._step("spotify queue", {"uri": uri}):
                await self._client.add_to_queue(uri, device_id)

        await self._somewhere(on)

    async def set_volume(self, percent: int) -> None:
        """Set the volume of the active device."""
        with self._step("spotify volume", {"percent": percent}):
            await self._client.set_volume(percent)

    async def pause(self) -> None:
        """Pause."""
        with self._step("spotify pause", None):
            await self._client.pause()

    async def next(self) -> None:
        """Skip."""
        with self._step("spotify next", None):
            await self._client.next()

    async def previous(self) -> None:
        """Go back."""
        with self._step("spotify previous", None):
            await self._client.previous()

    async def state(self) -> Playback | None:
        """What is going on."""
        with self._step("spotify state", None):
            return await self._client.playback()

    async def settle(self) -> None:
        """Wait until the effect of a command can be seen."""
        await self._wait(SETTLE_S)

    async def _somewhere(self, command: Callable[[str | None], Awaitable[None]]) -> None:
        """Run a command on the active device, or else on one that is open."""
        try:
            await command(None)
        except NoActiveDevice:
            device_id = await self._wake()
            await command(device_id)

    async def _wake(self) -> str:
        """Make the first open device the active one. Raises NoActiveDevice when none is open."""
        with self._step("spotify devices", None):
            devices = await self._client.devices()
        chosen = next((device for device in devices if device.id and not device.is_restricted), None)
        if chosen is None or chosen.id is None:
            raise NoActiveDevice()
        with self._step("spotify transfer", {"device": chosen.name}):
            await self._client.transfer(chosen.id)
            await self._until_active(chosen.id)
        self.woken = chosen
        return chosen.id

    async def _until_active(self, device_id: str) -> None:
        """Spotify keeps no order between commands; look until it moved, about a second at most."""
        for _ in range(SETTLE_LOOKS):
            devices = await self._client.devices()
            if any(device.is_active and device.id == device_id for device in devices):
                return
            await self._wait(SETTLE_S)
