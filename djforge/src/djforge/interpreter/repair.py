"""A decoded answer → `Intent`: other names for our names, numbers in other dress, and what may not be missing.

Each repair leaves a step. What an intent needs is never made up: an object without it is `Incomplete`.
"""

from __future__ import annotations

from typing import Any, cast

from djforge.interpreter.intents import INTENT_NAMES, Intent, IntentName
from djforge.interpreter.interpretation import Incomplete, Step
from djforge.interpreter.values import (
    alternatives_of,
    confidence_of,
    options_of,
    person_or_title,
    songs_of,
    text_of,
    volume_of,
)
from djforge.interpreter.vocabulary import FIELDS, intent_name

DEFAULT_QUESTION = "Which one do you mean?"


def intent_of(answer: dict[str, Any]) -> tuple[Intent, list[Step]]:
    """The intent in a decoded answer and the repairs it took. Raises Incomplete."""
    steps: list[Step] = []
    fields, extra = _named(_unwrapped(answer, steps), steps)
    name = _intent(fields, steps)
    level, change = volume_of(fields.get("volume_level"), fields.get("volume_change"), steps)
    intent = Intent(
        intent=name,
        confidence=confidence_of(fields.get("confidence"), steps),
        reasoning=text_of(fields.get("reasoning")),
        artist=person_or_title(fields.get("artist"), steps),
        track=person_or_title(fields.get("track"), steps),
        album=person_or_title(fields.get("album"), steps),
        songs=songs_of(fields.get("songs"), steps),
        theme=text_of(fields.get("theme")),
        query=text_of(fields.get("query")),
        volume_level=level,
        volume_change=change,
        message=_message(name, fields, steps),
        options=options_of(fields.get("options"), steps),
        alternatives=alternatives_of(fields.get("alternatives")),
        extra=extra,
    )
    _check(intent)
    return intent, steps


def _unwrapped(answer: dict[str, Any], steps: list[Step]) -> dict[str, Any]:
    """The object itself, or the only object in it where the intent is one floor down."""
    if any(isinstance(answer.get(name), str) for name in FIELDS["intent"]):
        return answer
    inner = [value for value in answer.values() if isinstance(value, dict)]
    if len(inner) == 1 and any(isinstance(inner[0].get(name), str) for name in FIELDS["intent"]):
        steps.append(Step(name="repair", detail="unwrapped the object around the intent"))
        return inner[0]
    return answer


def _named(answer: dict[str, Any], steps: list[Step]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields under our names, and the rest."""
    fields: dict[str, Any] = {}
    taken: set[str] = set()
    for ours, spellings in FIELDS.items():
        found = next((name for name in spellings if answer.get(name) not in (None, "")), None)
        if found is None:
            continue
        fields[ours] = answer[found]
        taken.add(found)
        if found != ours:
            steps.append(Step(name="repair", detail=f"{found} read as {ours}"))
    extra = {
        name: value
        for name, value in answer.items()
        if name not in taken and not (name in FIELDS and value in (None, ""))
    }
    return fields, extra


def _intent(fields: dict[str, Any], steps: list[Step]) -> IntentName:
    """The intent's name, ours for theirs. Raises Incomplete."""
    given = fields.get("intent")
    if not isinstance(given, str) or not given.strip():
        raise Incomplete("the answer names no intent")
    name = given if given in INTENT_NAMES else intent_name(given)
    if given.strip().lower() in INTENT_NAMES:
        name = given.strip().lower()
    if name is None:
        raise Incomplete(f"“{given[:80]}” is no intent of this program")
    if name == "queue_specific_song" and isinstance(fields.get("songs"), list) and "track" not in fields:
        name = "queue_multiple_songs"
    if name == "play" and fields.get("artist") and fields.get("track"):
        name = "play_specific_song"
    if name != given:
        steps.append(Step(name="repair", detail=f"intent {given[:80]} read as {name}"))
    return cast(IntentName, name)


def _message(name: IntentName, fields: dict[str, Any], steps: list[Step]) -> str | None:
    message = text_of(fields.get("message"))
    if name == "clarification_mode" and message is None and fields.get("options"):
        steps.append(Step(name="repair", detail="clarification without a question; the usual one asked"))
        return DEFAULT_QUESTION
    return message


def _check(intent: Intent) -> None:
    """Raises Incomplete for an intent that cannot be carried out."""
    missing = intent.missing()
    if missing:
        raise Incomplete(f"{intent.intent} without {' and '.join(missing)}")
    if intent.intent == "play" and (intent.query or intent.track or intent.artist):
        raise Incomplete("play goes on with what was paused; this one names music without artist and track")
