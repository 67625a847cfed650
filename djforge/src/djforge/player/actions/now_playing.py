"""get_current_track: what is playing."""

from __future__ import annotations

from djforge.interpreter.intents import Intent
from djforge.player import sentences
from djforge.player.desk import Desk
from djforge.player.outcome import Outcome


async def now_playing(desk: Desk, intent: Intent) -> Outcome:
    """Say what plays, and how far it is. Raises SpotifyError."""
    state = await desk.state()
    if state is None or state.item is None:
        advert = state is not None and state.currently_playing_type == "ad"
        message = "An advertisement is playing." if advert else "Nothing is playing."
        return Outcome(success=True, message=message, is_playing=advert)
    item, progress_ms = state.item, state.progress_ms or 0
    verb = "Playing" if state.is_playing else "Paused"
    album = state.track.album if state.track is not None else None
    source = f", from {album.name}" if album is not None and album.name else ""
    place = f"{sentences.minutes(progress_ms)} of {sentences.minutes(item.duration_ms)}"
    return Outcome(
        success=True,
        message=f"{verb}: {sentences.named(item)}{source} ({place}).",
        track=state.track,
        is_playing=state.is_playing,
        progress_ms=progress_ms,
    )
