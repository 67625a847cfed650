"""The words models use for our words: intents by other names, fields by other names."""

from __future__ import annotations

from collections.abc import Mapping

FIELDS: Mapping[str, tuple[str, ...]] = {
    "intent": ("intent", "action", "command"),
    "confidence": ("confidence",),
    "reasoning": ("reasoning", "explanation"),
    "artist": ("artist", "artist_name", "artistName"),
    "track": ("track", "song", "track_name", "trackName", "song_name", "title"),
    "album": ("album", "album_name", "albumName"),
    "query": ("query", "search", "searchQuery", "search_query", "q"),
    "songs": ("songs", "tracks"),
    "theme": ("theme",),
    "volume_level": ("volume_level", "volumeLevel", "volume", "value", "level"),
    "volume_change": ("volume_change", "volumeChange", "change", "delta"),
    "message": ("message", "responseMessage", "response_message", "answer", "response"),
    "options": ("options", "clarificationOptions", "clarification_options"),
    "alternatives": ("alternatives",),
}
"""Our field, and the names it is looked for under; the first that is there is taken."""

SAME_INTENT: Mapping[str, str] = {
    "search_and_play": "play_specific_song",
    "play_song": "play_specific_song",
    "play_track": "play_specific_song",
    "search_and_queue": "queue_specific_song",
    "queue_add": "queue_specific_song",
    "queue_song": "queue_specific_song",
    "queue_track": "queue_specific_song",
    "add_to_queue": "queue_specific_song",
    "queue_songs": "queue_multiple_songs",
    "queue_tracks": "queue_multiple_songs",
    "resume": "play",
    "stop": "pause",
    "next": "skip",
    "back": "previous",
    "volume": "set_volume",
    "ask_question": "chat",
    "get_playback_info": "get_current_track",
    "clarification": "clarification_mode",
    "clarify": "clarification_mode",
}
"""Other names of an intent, exactly."""

_CANNOT = (
    "playlist",
    "recommend",
    "shuffle",
    "repeat",
    "device",
    "recently",
    "history",
    "transfer",
    "seek",
    "clear",
)


def intent_name(given: str) -> str | None:
    """Our name for an intent that is not one of ours; None where nothing comes near.

    Exact names first, then what the name contains. `unknown` stands for what is understood but cannot be
    done here.
    """
    name = "_".join(given.strip().lower().replace("-", " ").split())
    if name in SAME_INTENT:
        return SAME_INTENT[name]
    if "volume" in name:
        return "set_volume"
    if "current" in name or "playing" in name:
        return "get_current_track"
    if any(word in name for word in _CANNOT):
        return "unknown"
    if "queue" in name:
        return "queue_specific_song"
    if "play" in name or "search" in name:
        return "play_specific_song"
    return None
