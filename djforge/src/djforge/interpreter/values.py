"""Single values of an answer, read generously: numbers in words, lists where one was expected, and the like."""

from __future__ import annotations

import math
import re
from typing import Any

from djforge.interpreter.intents import Option, Song
from djforge.interpreter.interpretation import Step
from djforge.llm.chat_body import whole_text

DEFAULT_CONFIDENCE = 0.7
MOST_SONGS, MOST_OPTIONS, MOST_ALTERNATIVES = 10, 6, 10
STEP = 10

_NUMBER = re.compile(r"([+-]?)\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(?:%|percent)?", re.IGNORECASE)
_UP = frozenset({"up", "louder", "increase", "higher", "raise"})
_DOWN = frozenset({"down", "quieter", "decrease", "lower", "softer"})
_OPTION_NAMES = ("label", "direction", "text", "title", "name")
_OPTION_COMMANDS = ("value", "followUpQuery", "follow_up_query", "command", "query")


def text_of(value: Any) -> str | None:
    """A text that says something, or None."""
    if not isinstance(value, str):
        return None
    return whole_text(value).strip() or None


def person_or_title(value: Any, steps: list[Step]) -> str | None:
    """A name: of a text, of an object with a name, of a list of such (the first is taken)."""
    if isinstance(value, list) and value:
        steps.append(Step(name="repair", detail="the first name of a list taken"))
        value = value[0]
    if isinstance(value, dict):
        value = value.get("name") or value.get("title")
    if isinstance(value, int) and not isinstance(value, bool):
        # Titles such as 1901 and 22 come as numbers.
        value = str(value)
    return text_of(value)


def confidence_of(value: Any, steps: list[Step]) -> float:
    """0 to 1: of ten and of a hundred are scaled, the rest clamped; `DEFAULT_CONFIDENCE` for no number."""
    number = _number(value)
    if number is None:
        steps.append(Step(name="repair", detail=f"confidence was no number; {DEFAULT_CONFIDENCE} taken"))
        return DEFAULT_CONFIDENCE
    scaled = number
    if 1 < number <= 10:
        scaled = number / 10
    elif number > 10:
        scaled = number / 100
    clamped = min(1.0, max(0.0, scaled))
    if clamped != number:
        steps.append(Step(name="repair", detail=f"confidence {number:g} read as {clamped:g}"))
    return clamped


def volume_of(level: Any, change: Any, steps: list[Step]) -> tuple[int | None, int | None]:
    """Absolute and relative volume; at most one of them is set, the absolute one first."""
    written = level.strip().lower() if isinstance(level, str) else ""
    if written in _UP or written in _DOWN:
        steps.append(Step(name="repair", detail=f"volume “{written}” read as a change"))
        return None, STEP if written in _UP else -STEP
    if written.startswith(("+", "-")) and _number(level) is not None:
        steps.append(Step(name="repair", detail=f"volume {written} read as a change"))
        return None, _whole(_number(level), -100, 100, "volume change", steps)
    absolute = _number(level)
    if absolute is not None and 0 < absolute < 1:
        steps.append(Step(name="repair", detail=f"volume {absolute:g} read as a part of one"))
        absolute *= 100
    if absolute is not None:
        return _whole(absolute, 0, 100, "volume", steps), None
    return None, _whole(_number(change), -100, 100, "volume change", steps)


def songs_of(value: Any, steps: list[Step]) -> list[Song]:
    """The songs that have artist and track, at most `MOST_SONGS`."""
    if not isinstance(value, list):
        return []
    songs = [song for song in (_song(item) for item in value) if song is not None]
    if len(songs) < len(value):
        steps.append(
            Step(name="repair", detail=f"{len(value) - len(songs)} songs without artist or track left out")
        )
    if len(songs) > MOST_SONGS:
        steps.append(Step(name="repair", detail=f"{len(songs)} songs cut to {MOST_SONGS}"))
    return songs[:MOST_SONGS]


def options_of(value: Any, steps: list[Step]) -> list[Option]:
    """The options that have a label, at most `MOST_OPTIONS`; without a command of its own the label is sent."""
    if not isinstance(value, list):
        return []
    options = [option for option in (_option(item) for item in value) if option is not None]
    if len(options) > MOST_OPTIONS:
        steps.append(Step(name="repair", detail=f"{len(options)} options cut to {MOST_OPTIONS}"))
    return options[:MOST_OPTIONS]


def alternatives_of(value: Any) -> list[str]:
    """Other songs as "Artist - Title"; objects with artist and track are written so."""
    if not isinstance(value, list):
        return []
    found = [_alternative(item) for item in value]
    return [text for text in found if text is not None][:MOST_ALTERNATIVES]


def _song(item: Any) -> Song | None:
    if isinstance(item, str):
        artist, parted, track = item.partition(" - ")
        item = {"artist": artist, "track": track} if parted else {}
    if not isinstance(item, dict):
        return None
    artist_name = person_or_title(_first(item, ("artist", "artist_name", "artistName", "artists")), [])
    title = person_or_title(_first(item, ("track", "song", "title", "name", "track_name", "trackName")), [])
    if artist_name is None or title is None:
        return None
    return Song(artist=artist_name, track=title, album=text_of(item.get("album")))


def _option(item: Any) -> Option | None:
    if isinstance(item, str):
        item = {"label": item}
    if not isinstance(item, dict):
        return None
    command = text_of(_first(item, _OPTION_COMMANDS))
    label = text_of(_first(item, _OPTION_NAMES)) or command
    if label is None:
        return None
    return Option(label=label, value=command or label, description=text_of(item.get("description")))


def _alternative(item: Any) -> str | None:
    if isinstance(item, dict):
        song = _song(item)
        return f"{song.artist} - {song.track}" if song is not None else text_of(item.get("query"))
    return text_of(item)


def _first(item: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((item[name] for name in names if item.get(name)), None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        # An integer of a thousand digits has no float.
        return float(value) if -1e9 < value < 1e9 else math.copysign(1e9, value > 0 or -1)
    match = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    return None if match is None else float(match[1] + match[2])


def _whole(number: float | None, low: int, high: int, name: str, steps: list[Step]) -> int | None:
    if number is None:
        return None
    whole = min(high, max(low, round(number)))
    if whole != number:
        steps.append(Step(name="repair", detail=f"{name} {number:g} read as {whole}"))
    return whole
