"""play (go on), pause, skip, previous: what the buttons of a player do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from djforge.interpreter.intents import Intent
from djforge.player import sentences
from djforge.player.desk import Desk
from djforge.player.outcome import Outcome
from djforge.spotify.errors import NeedsReauth, PlayerRefused, SpotifyError
from djforge.spotify.models import Playback


async def resume(desk: Desk, intent: Intent) -> Outcome:
    """Go on where it was paused. Raises SpotifyError."""
    try:
        await desk.play()
    except PlayerRefused:
        state = await _look(desk)
        if state is None or not state.is_playing:
            raise
        # Spotify refuses to start what already plays; the person has what they wanted.
        return _about("Already playing", state, is_playing=True)
    state = await _look(desk)
    where = sentences.on(desk.woken)
    return _about(f"Playing{where}", state, is_playing=True)


async def pause(desk: Desk, intent: Intent) -> Outcome:
    """Pause. Raises SpotifyError."""
    try:
        await desk.pause()
    except PlayerRefused:
        state = await _look(desk)
        if state is None or state.is_playing:
            raise
        return Outcome(success=True, message="The music is already paused.", is_playing=False)
    return Outcome(success=True, message="Paused.", is_playing=False)


async def skip(desk: Desk, intent: Intent) -> Outcome:
    """On to the next song. Raises SpotifyError."""
    return await _move(desk, desk.next, "Skipped")


async def previous(desk: Desk, intent: Intent) -> Outcome:
    """Back to the song before. Raises SpotifyError."""
    return await _move(desk, desk.previous, "Went back")


async def _move(desk: Desk, command: Callable[[], Awaitable[None]], verb: str) -> Outcome:
    """Change the song and say which one plays now, if Spotify already tells."""
    before = await _look(desk)
    await command()
    await desk.settle()
    after = await _look(desk)
    if after is None or after.item is None or (before is not None and before.item == after.item):
        return Outcome(success=True, message=f"{verb}.")
    message = f"{verb} to {sentences.named(after.item)}."
    return Outcome(success=True, message=message, track=after.track, is_playing=after.is_playing)


async def _look(desk: Desk) -> Playback | None:
    """The state, where it is only for the wording: what fails here must not fail the command."""
    try:
        return await desk.state()
    except NeedsReauth:
        raise
    except SpotifyError:
        return None


def _about(start: str, state: Playback | None, *, is_playing: bool) -> Outcome:
    if state is None or state.item is None:
        return Outcome(success=True, message=f"{start}.", is_playing=is_playing)
    joint = ":" if start.startswith("Already") else ""
    message = f"{start}{joint} {sentences.named(state.item)}."
    return Outcome(success=True, message=message, track=state.track, is_playing=is_playing)
