"""From the words models use to the app's own."""

from __future__ import annotations

from typing import Any

import pytest

from djforge.interpreter.intents import Intent
from djforge.interpreter.interpretation import Incomplete
from djforge.interpreter.keywords import proposal
from djforge.interpreter.repair import intent_of

SONG = {"artist": "Phoenix", "track": "1901"}


def read(**answer: Any) -> Intent:
    return intent_of(answer)[0]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("play_specific_song", "play_specific_song"),
        ("PLAY_SPECIFIC_SONG", "play_specific_song"),
        ("search_and_play", "play_specific_song"),
        ("play-track", "play_specific_song"),
        ("Play Song", "play_specific_song"),
        ("search_and_queue", "queue_specific_song"),
        ("queue_add", "queue_specific_song"),
        ("add_to_queue_please", "queue_specific_song"),
        ("play", "play_specific_song"),
        ("resume", "play_specific_song"),
        ("next", "skip"),
        ("back", "previous"),
        ("stop", "pause"),
        ("whats_playing", "get_current_track"),
        ("get_playback_info", "get_current_track"),
        ("ask_question", "chat"),
        ("play_playlist", "unknown"),
        ("set_shuffle", "unknown"),
        ("transfer_playback", "unknown"),
    ],
)
def test_intents_by_other_names(given: str, meant: str) -> None:
    """Each name an intent goes by is read as ours, with a step when it was another."""
    intent, steps = intent_of({"intent": given, "confidence": 0.9, **SONG})
    assert intent.intent == meant
    assert (not steps) == (given == meant)


@pytest.mark.parametrize("spelling", ["intent", "action", "command"])
def test_fields_by_other_names(spelling: str) -> None:
    """Fields are found under the names models give them."""
    found = read(
        **{spelling: "play_specific_song"}, artistName="ABBA", song="Waterloo", explanation="why", albumName="W"
    )
    assert (found.artist, found.track, found.album, found.reasoning) == ("ABBA", "Waterloo", "W", "why")


def test_an_intent_one_floor_down_is_found() -> None:
    """An object wrapped around the intent is taken off, with a step."""
    intent, steps = intent_of({"response": {"intent": "pause", "confidence": 1}})
    assert intent.intent == "pause" and steps[0].name == "repair"


@pytest.mark.parametrize(
    ("given", "meant"),
    [(0.4, 0.4), (1, 1.0), (0, 0.0), (9, 0.9), (10, 1.0), (85, 0.85), (250, 1.0), (-3, 0.0), ("0.8", 0.8),
     ("90%", 0.9), (None, 0.7), ("high", 0.7), (True, 0.7), ([], 0.7), (10**400, 1.0)],
)  # fmt: skip
def test_confidence_in_any_dress(given: Any, meant: float) -> None:
    """Confidence of ten, of a hundred, as text or not at all ends between 0 and 1."""
    assert read(intent="pause", confidence=given).confidence == pytest.approx(meant)


@pytest.mark.parametrize(
    ("fields", "level", "change"),
    [
        ({"volume_level": 40}, 40, None),
        ({"volume": "40%"}, 40, None),
        ({"value": 0}, 0, None),
        ({"volumeLevel": 39.6}, 40, None),
        ({"volume_level": 0.4}, 40, None),
        ({"volume_level": 250}, 100, None),
        ({"volume_level": "+10"}, None, 10),
        ({"volume_level": "up"}, None, 10),
        ({"volume_level": "down"}, None, -10),
        ({"volume_change": -15}, None, -15),
        ({"volume_level": None, "volume_change": "-5"}, None, -5),
        ({"volume_level": 30, "volume_change": 5}, 30, None),
    ],
)
def test_volume_in_any_dress(fields: dict[str, Any], level: int | None, change: int | None) -> None:
    """Volume as percent, text, part of one or change is read; zero is a volume."""
    found = read(intent="set_volume", **fields)
    assert (found.volume_level, found.volume_change) == (level, change)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"intent": None},
        {"intent": 7},
        {"intent": "dance"},
        {"intent": "play_specific_song", "artist": "ABBA"},
        {"intent": "play_specific_song", "artist": "", "track": "X"},
        {"intent": "queue_specific_song", "track": "X"},
        {"intent": "queue_multiple_songs", "songs": [{"artist": "ABBA"}]},
        {"intent": "set_volume", "volume_level": "loud"},
        {"intent": "set_volume", "volume_level": True},
        {"intent": "search"},
        {"intent": "clarification_mode"},
        {"intent": "play", "query": "some jazz"},
    ],
)
def test_what_an_intent_needs_is_never_made_up(answer: dict[str, Any]) -> None:
    """An answer without what its intent needs is Incomplete."""
    with pytest.raises(Incomplete):
        intent_of(answer)


def test_songs_in_several_shapes() -> None:
    """Songs as objects, as texts and under other names are read; those without artist or title go, with a step."""
    songs = [SONG, {"artists": [{"name": "ABBA"}], "name": "Waterloo"}, "Blur - Song 2", {"artist": "X"}, 7]
    intent, steps = intent_of({"intent": "queue_multiple_songs", "songs": songs, "confidence": 0.8})
    assert [(song.artist, song.track) for song in intent.songs] == [
        ("Phoenix", "1901"),
        ("ABBA", "Waterloo"),
        ("Blur", "Song 2"),
    ]
    assert [step.detail for step in steps] == ["2 songs without artist or track left out"]


def test_both_shapes_of_options() -> None:
    """Options as label and value, as direction and follow-up, and as plain texts become buttons."""
    options = [
        {"label": "Calm", "value": "play something calm", "description": "slow"},
        {"direction": "Louder", "followUpQuery": "play something loud", "icon": "x"},
        "Jazz",
        {"icon": "only"},
    ]
    found = read(intent="clarification_mode", responseMessage="Which?", options=options)
    assert [(o.label, o.value) for o in found.options] == [
        ("Calm", "play something calm"),
        ("Louder", "play something loud"),
        ("Jazz", "Jazz"),
    ]


def test_a_title_that_is_a_number_is_a_title() -> None:
    """A title that came as a number is kept as text."""
    assert read(intent="play_specific_song", artist="Phoenix", track=1901).track == "1901"


def test_what_we_have_no_name_for_is_kept() -> None:
    """Unknown fields are kept in `extra`, with every character, and not acted on."""
    found = read(intent="pause", confidence=1, mood="mélancolique 漢", modifiers={"era": "80s"})
    assert found.extra == {"mood": "mélancolique 漢", "modifiers": {"era": "80s"}}


@pytest.mark.parametrize(
    ("command", "intent"),
    [
        ("play Halo by Beyoncé", "play_specific_song"),
        ("queue Halo by Beyoncé!", "queue_specific_song"),
        ("volume to 30", "set_volume"),
        ("please skip this", "skip"),
        ("PAUSE", "pause"),
        ("go back", "previous"),
        ("play some jazz", "search"),
    ],
)
def test_keywords_only_ever_propose(command: str, intent: str) -> None:
    """A guess from keywords has the low confidence that asks for confirmation."""
    guess = proposal(command)
    assert guess is not None and guess.intent == intent and guess.confidence == 0.3 and guess.missing() == []


def test_keywords_say_nothing_where_there_are_none() -> None:
    """Words that mean nothing to the keywords give no guess."""
    assert proposal("what a lovely evening") is None
