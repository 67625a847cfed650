"""What became of an intent: one sentence for the person, and the facts behind it."""

from __future__ import annotations

from typing import Literal

import msgspec

from djforge.spotify.errors import PlayerRefused, SpotifyError
from djforge.spotify.models import Track


class Failure(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One song of several that was not queued."""

    artist: str
    track: str
    error_type: str
    message: str
    """A sentence for the person."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What became of one intent. `success` says whether the person got what they asked for."""

    success: bool
    message: str
    """A sentence or two for the person."""
    error_type: str | None = None
    """Short name of what went wrong, e.g. `no_active_device`; None when nothing did."""
    reason: str | None = None
    """Spotify's own code where the player refused, e.g. `NO_NEXT_TRACK`."""
    track: Track | None = None
    """The song this is about: started, queued, or current."""
    match: Literal["exact", "nearest"] | None = None
    """Whether the song is the one that was named."""
    tracks: list[Track] = []
    """Songs found by a search."""
    alternatives: list[str] = []
    """Other songs that would fit, as "Artist - Title"."""
    queued: list[Track] = []
    failures: list[Failure] = []
    volume_percent: int | None = None
    """The volume after the command, where it is about volume."""
    is_playing: bool | None = None
    """Whether music plays, where that was looked up."""
    progress_ms: int | None = None
    """How far the current song is, where that was looked up."""
    device_name: str | None = None
    """The device that had to be chosen because none was active."""


def failed(error: SpotifyError) -> Outcome:
    """Spotify did not do it."""
    reason = error.reason if isinstance(error, PlayerRefused) else None
    return Outcome(success=False, message=error.message_for_person, error_type=error.kind, reason=reason)
