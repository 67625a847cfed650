"""search: show songs, play nothing."""

from __future__ import annotations

from djforge.interpreter.intents import Intent
from djforge.player.actions.one_song import song_of
from djforge.player.desk import Desk
from djforge.player.finding import ladder
from djforge.player.outcome import Outcome

MAX_SHOWN = 10


async def search(desk: Desk, intent: Intent) -> Outcome:
    """Up to ten songs. Raises SpotifyError."""
    words = (intent.query or "").strip()
    song = song_of(intent)
    queries = [words] if words else ([] if song is None else ladder(song))
    if not queries:
        return Outcome(success=False, message="What should I search for?", error_type="no_query")
    for query in queries:
        tracks = (await desk.search(query))[:MAX_SHOWN]
        if tracks:
            count = "1 song" if len(tracks) == 1 else f"{len(tracks)} songs"
            return Outcome(success=True, message=f"Found {count} for “{_shown(intent)}”.", tracks=tracks)
    message = f"I found nothing for “{_shown(intent)}”."
    return Outcome(success=False, message=message, error_type="nothing_found")


def _shown(intent: Intent) -> str:
    """What was searched for, in the person's words."""
    return (intent.query or "").strip() or " ".join(part for part in (intent.artist, intent.track) if part)
