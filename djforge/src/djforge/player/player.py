"""Carries out intents on one person's Spotify.

Invariant: what Spotify refuses becomes an Outcome with a sentence; only `NeedsReauth` is raised, because only
signing in again helps there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from djforge.interpreter.intents import Intent, IntentName
from djforge.player.actions.many_songs import queue_songs
from djforge.player.actions.now_playing import now_playing
from djforge.player.actions.one_song import play_song, queue_song
from djforge.player.actions.search import search
from djforge.player.actions.transport import pause, previous, resume, skip
from djforge.player.actions.volume import set_volume
from djforge.player.desk import Desk, Step, Wait, no_step
from djforge.player.outcome import Outcome, failed
from djforge.spotify.client import SpotifyClient
from djforge.spotify.errors import NeedsReauth, SpotifyError

Action = Callable[[Desk, Intent], Awaitable[Outcome]]

ACTIONS: Final[Mapping[IntentName, Action]] = MappingProxyType(
    {
        "play_specific_song": play_song,
        "queue_specific_song": queue_song,
        "queue_multiple_songs": queue_songs,
        "play": resume,
        "pause": pause,
        "skip": skip,
        "previous": previous,
        "set_volume": set_volume,
        "get_current_track": now_playing,
        "search": search,
    }
)
"""Every intent that reaches Spotify."""


class Player:
    """One person's player. Commands of one person must not overlap: Spotify keeps no order between them."""

    def __init__(self, client: SpotifyClient, wait: Wait = asyncio.sleep) -> None:
        self._client = client
        self._wait = wait

    async def perform(self, intent: Intent, step: Step = no_step) -> Outcome:
        """Carry out an intent. `step(name, detail)` wraps each call to Spotify. Raises NeedsReauth."""
        action = ACTIONS.get(intent.intent)
        if action is None:
            return Outcome(success=False, message="I don't know how to do that.", error_type="unsupported_intent")
        return await self._told(action(Desk(self._client, self._wait, step), intent))

    async def play_uri(self, uri: str, name: str | None = None, step: Step = no_step) -> Outcome:
        """Play a track, album, artist or playlist by its URI. Raises NeedsReauth."""
        desk = Desk(self._client, self._wait, step)

        async def act() -> Outcome:
            if uri.startswith("spotify:track:"):
                await desk.play([uri])
            else:
                await desk.play(context_uri=uri)
            return Outcome(success=True, message=f"Playing “{name}”." if name else "Playing.")

        return await self._told(act())

    async def queue_uri(self, uri: str, name: str | None = None, step: Step = no_step) -> Outcome:
        """Queue a track by its URI. Raises NeedsReauth."""
        desk = Desk(self._client, self._wait, step)

        async def act() -> Outcome:
            await desk.queue(uri)
            return Outcome(success=True, message=f"Queued “{name}”." if name else "Queued.")

        return await self._told(act())

    async def _told(self, doing: Awaitable[Outcome]) -> Outcome:
        try:
            return await doing
        except NeedsReauth:
            raise
        except SpotifyError as error:
            return failed(error)
