"""queue_multiple_songs: several songs, one after the other; what fails is told, the rest goes on."""

from __future__ import annotations

from djforge.interpreter.intents import Intent, Song
from djforge.player import sentences
from djforge.player.desk import Desk
from djforge.player.finding import find
from djforge.player.outcome import Failure, Outcome
from djforge.spotify.errors import NotFound, PlayerRefused, SpotifyError
from djforge.spotify.models import Track

MAX_SONGS = 10
MAX_NAMED = 5
"""Songs named in the sentence; all of them are in the outcome."""


async def queue_songs(desk: Desk, intent: Intent) -> Outcome:
    """Queue the songs in their order. Raises SpotifyError when not one was queued because of it."""
    songs = [song for song in intent.songs if song.track or song.artist][:MAX_SONGS]
    if not songs:
        return Outcome(success=False, message="Which songs do you mean?", error_type="no_song_named")
    queued: list[Track] = []
    failures: list[Failure] = []
    for at, song in enumerate(songs):
        try:
            track = await _queued(desk, song)
        except (NotFound, PlayerRefused) as error:  # about this song; the next may do
            failures.append(_failure(song, error.kind, error.message_for_person))
            continue
        except SpotifyError as error:  # about Spotify or the person: the rest would fail alike
            if not queued:
                raise
            failures += [_failure(left, error.kind, error.message_for_person) for left in songs[at:]]
            break
        if track is None:
            failures.append(_failure(song, "song_not_found", "It is not on Spotify."))
        else:
            queued.append(track)
    return _told(desk, intent, queued, failures)


async def _queued(desk: Desk, song: Song) -> Track | None:
    found = await find(desk, song)
    if found is None:
        return None
    await desk.queue(found.track.uri)
    return found.track


def _told(desk: Desk, intent: Intent, queued: list[Track], failures: list[Failure]) -> Outcome:
    missing = ""
    if failures:
        names = [sentences.asked(Song(artist=one.artist, track=one.track)) for one in failures]
        missing = f" Not queued: {_some(names)}."
    if not queued:
        every = "that song" if len(failures) == 1 else "any of these songs"
        return Outcome(
            success=False,
            message=f"I could not queue {every}.{missing}",
            error_type=failures[0].error_type,
            failures=failures,
        )
    count = "1 song" if len(queued) == 1 else f"{len(queued)} songs"
    theme = f" ({intent.theme})" if intent.theme else ""
    told = _some([sentences.named(track) for track in queued])
    return Outcome(
        success=True,
        message=f"Queued {count}{theme}{sentences.on(desk.woken)}: {told}.{missing}",
        queued=queued,
        failures=failures,
        alternatives=intent.alternatives[:MAX_NAMED],
        device_name=None if desk.woken is None else desk.woken.name,
    )


def _some(names: list[str]) -> str:
    """All names, or the first and how many more."""
    if len(names) <= MAX_NAMED:
        return sentences.listed(names)
    return f"{', '.join(names[:MAX_NAMED])} and {len(names) - MAX_NAMED} more"


def _failure(song: Song, error_type: str, message: str) -> Failure:
    return Failure(artist=song.artist, track=song.track, error_type=error_type, message=message)
