"""What a command means: the `Intent` the model's answer is turned into, and its vocabulary.

Identified by nothing: an intent lives for one command. Invariant: an intent that reached the player passed
`Intent.missing()` (see `repair.py`), so the fields its name needs are there.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

IntentName = Literal[
    "play_specific_song",
    "queue_specific_song",
    "queue_multiple_songs",
    "play",
    "pause",
    "skip",
    "previous",
    "set_volume",
    "get_current_track",
    "search",
    "chat",
    "clarification_mode",
    "unknown",
]

INTENT_NAMES: tuple[str, ...] = get_args(IntentName)

CONFIRM_BELOW = 0.7
"""A playing or queueing intent the model is less sure of than this is put to the person first."""

CHANGES_MUSIC: frozenset[str] = frozenset({"play_specific_song", "queue_specific_song", "queue_multiple_songs"})
"""The intents that replace or add music; only these ever ask for confirmation."""


class Song(msgspec.Struct, frozen=True, kw_only=True):
    """One song somebody named."""

    artist: str
    track: str
    album: str | None = None


class Option(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One button of a clarification: what it says, and the command it sends."""

    label: str
    value: str
    description: str | None = None


class Intent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A command in the app's own terms. Fields that an intent does not use are None or empty."""

    intent: IntentName
    confidence: float
    """How sure the model is, 0 to 1."""
    reasoning: str | None = None
    artist: str | None = None
    track: str | None = None
    album: str | None = None
    songs: list[Song] = []
    theme: str | None = None
    query: str | None = None
    volume_level: int | None = None
    """Absolute, 0 to 100 (0 is silence, and allowed)."""
    volume_change: int | None = None
    """Relative, -100 to 100."""
    message: str | None = None
    """Text for the person: an answer (chat) or a question (clarification_mode)."""
    options: list[Option] = []
    alternatives: list[str] = []
    """Other songs that would fit, as "Artist - Title"."""
    extra: dict[str, Any] = {}
    """What the model said beyond the vocabulary; kept, never acted on."""

    @property
    def needs_confirmation(self) -> bool:
        """Whether the person should be asked before anything on Spotify changes."""
        return self.intent in CHANGES_MUSIC and self.confidence < CONFIRM_BELOW

    def missing(self) -> list[str]:
        """The fields that the intent needs and does not have; empty for one that can be carried out."""
        return [field for field in _NEEDED.get(self.intent, ()) if not any(map(self._has, field.split(" or ")))]

    def _has(self, field: str) -> bool:
        value = getattr(self, field)
        return bool(value.strip()) if isinstance(value, str) else value is not None and value != []


_NEEDED: dict[str, tuple[str, ...]] = {
    "play_specific_song": ("artist", "track"),
    "queue_specific_song": ("artist", "track"),
    "queue_multiple_songs": ("songs",),
    "set_volume": ("volume_level or volume_change",),
    "search": ("query",),
    "clarification_mode": ("message",),
}
