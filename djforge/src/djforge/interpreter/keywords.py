"""The last resort when no model answered: what the plainest words of a command might mean.

Only ever a proposal, with low confidence; the person confirms it or types again.
"""

from __future__ import annotations

import re

from djforge.interpreter.intents import Intent, IntentName

CONFIDENCE = 0.3
_REASONING = "No model answered; this is a guess from single words."
_WORDS: tuple[tuple[str, IntentName], ...] = (
    (r"pause|stop", "pause"),
    (r"skip|next", "skip"),
    (r"previous|back", "previous"),
    (r"resume|continue", "play"),
)
_SONG = re.compile(
    r"\s*(?:please )?(?P<verb>play|queue)\s+(?P<track>.+)\s+by\s+(?P<artist>.+?)[\s.!]*", re.IGNORECASE
)
_VOLUME = re.compile(r"\bvolume\b\D{0,12}(?P<level>[0-9]{1,3})\b", re.IGNORECASE)
_SEARCH = re.compile(r"\s*(?:please )?(?:play|search(?: for)?|find|queue)\s+(?P<query>.+?)[\s.!?]*", re.IGNORECASE)


def proposal(command: str) -> Intent | None:
    """What a command might mean by its words; None where they say nothing."""
    song = _SONG.fullmatch(command)
    if song is not None:
        name: IntentName = "play_specific_song" if song["verb"].lower() == "play" else "queue_specific_song"
        return _guess(name, artist=song["artist"].strip(), track=song["track"].strip())
    volume = _VOLUME.search(command)
    if volume is not None and int(volume["level"]) <= 100:
        return _guess("set_volume", volume_level=int(volume["level"]))
    search = _SEARCH.fullmatch(command)
    if search is not None:
        return _guess("search", query=search["query"])
    for words, intent in _WORDS:
        if re.search(rf"\b(?:{words})\b", command, re.IGNORECASE):
            return _guess(intent)
    return None


def _guess(intent: IntentName, **fields: str | int) -> Intent:
    return Intent(intent=intent, confidence=CONFIDENCE, reasoning=_REASONING, **fields)  # type: ignore[arg-type]
