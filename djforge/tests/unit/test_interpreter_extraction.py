"""Getting the JSON object out of whatever a model wrote around it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djforge.interpreter.extraction import LONGEST_ANSWER, object_in
from djforge.interpreter.interpretation import Incomplete, Unreadable
from djforge.interpreter.repair import intent_of

PLAIN = {"intent": "play_specific_song", "artist": "Sigur Rós", "track": 'A "quoted" {title}', "confidence": 0.9}
TEXT = json.dumps(PLAIN, ensure_ascii=False)


@pytest.mark.parametrize(
    "answer",
    [
        TEXT,
        f"\ufeff {TEXT}\n",
        f"```json\n{TEXT}\n```",
        f"```\n{TEXT}\n```",
        f"Sure! Here you go:\n```JSON\n{TEXT}\n```\nEnjoy {{the}} music!",
        f"Of course: {TEXT} I hope you like it.",
        f"[{TEXT}]",
        json.dumps(TEXT),
        TEXT[:-1] + ",}",
        f'<think>maybe {{"intent": "pause"}} or not</think>\n{TEXT}',
        f"Options: {{not json}} {TEXT}",
        TEXT.replace(", ", " ,\n\t"),
    ],
)
def test_the_object_is_found_and_nothing_is_lost(answer: str) -> None:
    """Fences, prose, lists, thinking aloud, trailing commas: the object comes out as it was."""
    assert object_in(answer)[0] == PLAIN


def test_a_clean_answer_needs_no_step() -> None:
    """What needed no repair leaves no step; what did, leaves one that names it."""
    assert object_in(TEXT)[1] == []
    assert [step.detail for step in object_in(f"```json\n{TEXT}\n```")[1]] == ["fence"]


def test_curly_quotes_are_made_straight_only_around_names_and_values() -> None:
    """Curly quotes as JSON quotes are repaired; inside a text they stay."""
    found, _ = object_in("{“intent”: “chat”, “message”: “the so-called “hit” of it”}")
    assert found == {"intent": "chat", "message": "the so-called “hit” of it"}


def test_commas_and_brackets_inside_texts_are_left_alone() -> None:
    """A text that looks like a trailing comma stays as it is while real ones go."""
    found, _ = object_in('{"message": "a,}b,]", "songs": [1, 2,], }')
    assert found == {"message": "a,}b,]", "songs": [1, 2]}


@pytest.mark.parametrize(
    "answer", ["", "   ", "no json", "[1, 2]", '"text"', "{", '{"a": ', "{{{{", "null", "```json```"]
)
def test_no_object_is_unreadable(answer: str) -> None:
    """An answer without an object is Unreadable, and says so."""
    with pytest.raises(Unreadable):
        object_in(answer)


def test_an_endless_answer_is_cut() -> None:
    """A huge answer is read up to the bound and noted as cut."""
    found, steps = object_in(TEXT + "x" * (2 * LONGEST_ANSWER))
    assert found == PLAIN and steps[0].name == "cut"


@pytest.mark.parametrize(
    "text", ["{" * 100_000, "[" * 100_000, "```" * 33_000, '{"a":' * 20_000, "``` " + " " * 99_000, ",}" * 50_000]
)
def test_hostile_answers_cost_no_time(text: str) -> None:
    """Answers made to be slow to read are refused like any other (the suite's time limit would tell)."""
    with pytest.raises(Unreadable):
        object_in(text)


def readable(text: str) -> None:
    try:
        answer, _ = object_in(text)
        intent, _ = intent_of(answer)
    except (Unreadable, Incomplete):
        return
    assert 0 <= intent.confidence <= 1
    assert intent.missing() == []


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    """Any text ends in an intent, Unreadable or Incomplete; never in another exception."""
    readable(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["intent", "action", "confidence", "artist", "track", "volume", "volume_level", "volume_change", "songs",
     "options",
     "alternatives", "message", "query", "album", "theme", "reasoning", "extra"]
)  # fmt: skip
INTENTS = st.sampled_from(
    ["play_specific_song", "queue_add", "set_volume", "queue_multiple_songs", "chat", "volume_up"]
)


@given(INTENTS, st.dictionaries(NAMES, JSON | st.text(), max_size=8))
def test_no_object_breaks_it(intent: str, fields: dict[str, object]) -> None:
    """Any object around any intent ends in a complete intent or in Incomplete."""
    readable(json.dumps({**fields, "intent": intent}))


@given(st.dictionaries(st.text(), st.text() | st.integers(), min_size=1), st.text(alphabet="abc \n.é漢"))
def test_any_object_in_any_prose_comes_out_unchanged(found: dict[str, object], prose: str) -> None:
    """An object in prose without braces comes out with every character it went in with."""
    writable = json.dumps(found, ensure_ascii=False).encode("utf-8", "ignore").decode()
    assert object_in(f"{prose}{writable}{prose}")[0] == json.loads(writable)
