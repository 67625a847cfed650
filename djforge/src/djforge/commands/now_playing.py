"""What plays while a command is given, for the interpreter: “more like this” needs to know what this is."""

from __future__ import annotations

import asyncio

from djforge.interpreter.prompt import NowPlaying
from djforge.spotify.client import SpotifyClient
from djforge.spotify.errors import SpotifyError

WAIT_S = 2.0
"""Longer than this a command does not wait for what is only context."""


async def now_playing(spotify: SpotifyClient) -> NowPlaying | None:
    """The song that plays or is paused; None when there is none or Spotify does not tell."""
    try:
        async with asyncio.timeout(WAIT_S):
            playback = await spotify.playback()
    except (SpotifyError, TimeoutError):
        return None
    track = playback.track if playback is not None else None
    if track is None:
        return None
    return NowPlaying(
        artist=track.artist_names, track=track.name, album=track.album.name if track.album is not None else None
    )
