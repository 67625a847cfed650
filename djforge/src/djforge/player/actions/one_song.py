"""play_specific_song and queue_specific_song: one song, by name."""

from __future__ import annotations

from djforge.interpreter.intents import Intent, Song
from djforge.player import sentences
from djforge.player.desk import Desk
from djforge.player.finding import Found, find
from djforge.player.outcome import Outcome

MAX_ALTERNATIVES = 5


async def play_song(desk: Desk, intent: Intent) -> Outcome:
    """Play the song now. Raises SpotifyError."""
    song = song_of(intent)
    found = None if song is None else await find(desk, song)
    if song is None or found is None:
        return _nothing(song)
    await desk.play([found.track.uri])
    return _done(desk, intent, song, found, "Playing")


async def queue_song(desk: Desk, intent: Intent) -> Outcome:
    """Play the song after the current one. Raises SpotifyError."""
    song = song_of(intent)
    found = None if song is None else await find(desk, song)
    if song is None or found is None:
        return _nothing(song)
    await desk.queue(found.track.uri)
    return _done(desk, intent, song, found, "Queued")


def song_of(intent: Intent) -> Song | None:
    """The song an intent names; a bare query counts as a title. None when nothing is named."""
    artist = (intent.artist or "").strip()
    track = (intent.track or "").strip()
    if not artist and not track:
        track = (intent.query or "").strip()
    return Song(artist=artist, track=track, album=intent.album) if artist or track else None


def _done(desk: Desk, intent: Intent, song: Song, found: Found, verb: str) -> Outcome:
    where = sentences.on(desk.woken)
    message = f"{verb} {sentences.named(found.track)}{where}."
    if found.match == "nearest":
        message = (
            f"I could not find {sentences.asked(song)}. "
            f"{verb} the nearest match{where}: {sentences.named(found.track)}."
        )
    others = [f"{track.artist_names} - {track.name}" for track in found.others]
    return Outcome(
        success=True,
        message=message,
        track=found.track,
        match=found.match,
        alternatives=(intent.alternatives or others)[:MAX_ALTERNATIVES],
        queued=[found.track] if verb == "Queued" else [],
        device_name=None if desk.woken is None else desk.woken.name,
    )


def _nothing(song: Song | None) -> Outcome:
    if song is None:
        return Outcome(success=False, message="Which song do you mean?", error_type="no_song_named")
    message = f"I could not find {sentences.asked(song)} on Spotify."
    return Outcome(success=False, message=message, error_type="song_not_found")
