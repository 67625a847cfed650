"""The answers of the rules, as the fields of the JSON a model writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from djforge.llm.rules.table import Track

Reply = dict[str, Any]
ALTERNATIVES = 3


def simple(intent: str, reasoning: str, confidence: float = 0.95, **fields: Any) -> Reply:
    """An intent with the fields given."""
    return {"intent": intent, "confidence": confidence, "reasoning": reasoning, **fields}


def song(
    artist: str, title: str, reasoning: str, confidence: float, *, queue: bool, others: Sequence[Track] = ()
) -> Reply:
    """Play or queue one song; `others` would fit too."""
    return simple(
        "queue_specific_song" if queue else "play_specific_song",
        reasoning,
        confidence,
        artist=artist,
        track=title,
        alternatives=[track.name for track in others[:ALTERNATIVES]],
    )


def picks(tracks: Sequence[Track], reasoning: str, confidence: float, *, count: int, queue: bool) -> Reply:
    """The first of the tracks, or `count` of them queued; the rest are alternatives."""
    if count == 1:
        first = tracks[0]
        return song(first.artist, first.title, reasoning, confidence, queue=queue, others=tracks[1:])
    return several([(track.artist, track.title) for track in tracks[:count]], reasoning, confidence)


def several(songs: Sequence[tuple[str, str]], reasoning: str, confidence: float) -> Reply:
    """Queue some songs."""
    named = [{"artist": artist, "track": title} for artist, title in songs]
    return simple("queue_multiple_songs", reasoning, confidence, songs=named)


def talk(message: str) -> Reply:
    """A text for the person."""
    return simple("chat", "A question or a greeting; nothing to play.", 0.9, message=message)


def question(message: str, options: Sequence[tuple[str, str]], reasoning: str) -> Reply:
    """A question with answers to choose from: label and command of each."""
    chosen = [{"label": label, "value": command} for label, command in options]
    return simple("clarification_mode", reasoning, 0.8, message=message, options=chosen)


def unknown(reasoning: str) -> Reply:
    """Not understood."""
    return simple("unknown", reasoning, 0.1)
