"""What `local/rules-1` makes of sentences as people type them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djforge.interpreter.extraction import object_in
from djforge.interpreter.intents import Intent
from djforge.interpreter.repair import intent_of
from djforge.llm.completion import CompletionRequest
from djforge.llm.rules import LocalRules
from djforge.llm.rules.rows import rows
from djforge.llm.rules.table import Table

RULES = LocalRules()


def ask(command: str, *before: dict[str, str], json_mode: bool = True) -> str:
    messages = [*before, {"role": "user", "content": command}]
    body = RULES.body(CompletionRequest(messages=messages, json_mode=json_mode), RULES.MODEL)
    return asyncio.run(RULES.ask(body, RULES.MODEL)).content


def understood(command: str, *before: dict[str, str]) -> Intent:
    """The intent, by the same way a model's answer goes; the rules need no repair on it."""
    answer, extracted = object_in(ask(command, *before))
    intent, repaired = intent_of(answer)
    assert (extracted, repaired, intent.extra) == ([], [], {})
    return intent


def said(**answer: Any) -> dict[str, str]:
    return {"role": "assistant", "content": json.dumps(answer)}


SONGS = [
    ("play Karma Police by Radiohead", "Radiohead", "Karma Police"),
    ("PLAY KARMA POLICE BY RADIOHEAD!!!", "Radiohead", "Karma Police"),
    ("plya karma police by radiohed", "Radiohead", "Karma Police"),
    ("play halo", "Beyoncé", "Halo"),
    ("play Halo by beyonce", "Beyoncé", "Halo"),
    ("play “Song 2” by Blur", "Blur", "Song 2"),
    ("Radiohead - No Surprises", "Radiohead", "No Surprises"),
    ("No Surprises", "Radiohead", "No Surprises"),
    ("creep radiohead", "Radiohead", "Creep"),
    ("So What by Miles Davis", "Miles Davis", "So What"),
    ("Let's Dance by David Bowie", "David Bowie", "Let's Dance"),
    ("play Stand By Me", "Ben E. King", "Stand by Me"),
    ("play like a prayer", "Madonna", "Like a Prayer"),
    ("hey jude", "The Beatles", "Hey Jude"),
    ("play What's Going On", "Marvin Gaye", "What's Going On"),
    ("play the song 1901", "Phoenix", "1901"),
    ("play take 5", "Dave Brubeck", "Take Five"),
    ("play one more time", "Daft Punk", "One More Time"),
    ("play Hoppipolla", "Sigur Rós", "Hoppípolla"),
    ("play lisztomania by pheonix", "Phoenix", "Lisztomania"),
    ("no, play Hurt by Johnny Cash instead", "Johnny Cash", "Hurt"),
    ("I want to hear Dancing Queen", "ABBA", "Dancing Queen"),
    ("could you please play girls and boys by blur", "Blur", "Girls & Boys"),
    ("spil Halo af Beyoncé", "Beyoncé", "Halo"),
    ("joue Halo de Beyoncé", "Beyoncé", "Halo"),
    ("play 漢字 by 誰か", "誰か", "漢字"),
    ("play Wet Leg's best one by Wet Leg", "Wet Leg", "Wet Leg's best one"),
]
KINDS = [
    ("play something like Radiohead but happier", {"happy"}, set()),
    ("radiohead but happier", {"happy"}, set()),
    ("play someting like daft punk but slower", {"calm"}, set()),
    ("something similar to miles davis", set(), {"jazz"}),
    ("play some jazz", set(), {"jazz"}),
    ("some calm jazz", {"calm"}, {"jazz"}),
    ("paly some jazz", set(), {"jazz"}),
    ("happy 80s", {"happy"}, set()),
    ("play techno from the 90s", set(), {"electronic"}),
    ("hey dj, could you please play some upbeat funk for me?", {"happy"}, {"funk"}),
    ("put on some music for studying", {"focus"}, set()),
    ("i'm in the mood for something sad", {"sad"}, set()),
    ("something for a rainy sunday", {"calm", "sad"}, set()),
    ("some rock but not oasis", set(), {"rock"}),
    ("play some 90s hip hop", set(), {"hip hop"}),
]
BY_ARTIST = [
    "radiohead",
    "play radiohed",
    "play some Nina Simone",
    "play a daft punk song",
    "something by ABBA",
    "Queen",
]
CONTROLS = [
    *((words, "pause") for words in ("pause", "stop", "stop the music", "puase", "Pause it please", "pausa")),
    *((words, "play") for words in ("play", "resume", "continue", "keep playing", "unpause the music")),
    *((words, "skip") for words in ("skip", "next", "next song please", "skpi", "Can you skip this one?", "næste")),
    *((words, "previous") for words in ("previous", "go back", "back", "the last song", "zurück")),
    *((words, "get_current_track") for words in ("what's playing?", "what song is this", "who is this")),
]
VOLUMES = [
    ("volume 40", 40, None),
    ("set the volume to 40%", 40, None),
    ("volume to forty", 40, None),
    ("volume 0", 0, None),
    ("mute", 0, None),
    ("max volume", 100, None),
    ("turn it up to eleven", 100, None),
    ("half volume", 50, None),
    ("louder", None, 10),
    ("turn it up", None, 10),
    ("a bit louder", None, 5),
    ("much quieter", None, -25),
    ("turn the volume down by 20", None, -20),
    ("can you turn the music down a little please", None, -5),
    ("it's too loud", None, -10),
    ("make it a bit quieter", None, -5),
    ("lauter", None, 10),
]
TALK = [
    "hello",
    "thanks!",
    "who are you",
    "what can you do?",
    "who won the world cup",
    "tell me about radiohead",
    "volume 200",
]
QUESTIONS = [
    "play hurt",
    "play hallelujah",
    "play something",
    "play xyzzy plugh",
    "queue",
    "the second one",
    "music",
]
NONSENSE = ["asdfghjkl", "qwertz uiop", "aaaaaaaaaaa", "漢字", "🎵🎵", "...", "", "shuffle my playlist"]


@pytest.mark.parametrize(("command", "artist", "track"), SONGS)
def test_songs_by_name(command: str, artist: str, track: str) -> None:
    """A song that is named is the song that is played, in its own spelling."""
    intent = understood(command)
    assert (intent.intent, intent.artist, intent.track) == ("play_specific_song", artist, track)
    assert not intent.needs_confirmation


@pytest.mark.parametrize(("command", "moods", "genres"), KINDS)
def test_songs_by_kind(command: str, moods: set[str], genres: set[str]) -> None:
    """A mood, genre or likeness picks a track of the table that has it, and not by the artist it is like."""
    intent = understood(command)
    picked = Table.load().track(intent.track or "", intent.artist or "")
    assert picked is not None and intent.intent == "play_specific_song" and intent.reasoning
    assert (not moods or moods & set(picked.moods)) and genres <= set(picked.genres)
    assert picked.artist.lower() not in command.lower()


@pytest.mark.parametrize("command", BY_ARTIST)
def test_songs_by_artist(command: str) -> None:
    """An artist's name alone plays something of theirs."""
    intent = understood(command)
    assert intent.intent == "play_specific_song" and intent.artist is not None
    assert Table.load().by(intent.artist)


@pytest.mark.parametrize(("command", "intent"), CONTROLS)
def test_controls(command: str, intent: str) -> None:
    """Short commands steer what plays."""
    assert understood(command).intent == intent


@pytest.mark.parametrize(("command", "level", "change"), VOLUMES)
def test_volume(command: str, level: int | None, change: int | None) -> None:
    """Volume by number, by words, up and down."""
    intent = understood(command)
    assert (intent.intent, intent.volume_level, intent.volume_change) == ("set_volume", level, change)


@pytest.mark.parametrize(
    ("command", "count", "artist"),
    [
        ("queue three songs by ABBA", 3, "ABBA"),
        ("queue two beatles songs", 2, "The Beatles"),
        ("queue 5 happy songs", 5, None),
        ("queue a few sad songs", 3, None),
        ("queue 50 songs", 10, None),
        ("queue So What by Miles Davis and Halo by Beyonce", 2, None),
    ],
)
def test_several_songs(command: str, count: int, artist: str | None) -> None:
    """Several songs at once, all different, by the artist that was named."""
    intent = understood(command)
    assert intent.intent == "queue_multiple_songs"
    assert len({(song.artist, song.track) for song in intent.songs}) == count
    assert artist is None or {song.artist for song in intent.songs} == {artist}


@pytest.mark.parametrize(
    "command",
    [
        "queue Halo by Beyoncé",
        "add Halo to the queue",
        "play Halo next",
        "quue halo",
        "put Halo in the queue please",
    ],
)
def test_one_song_to_the_queue(command: str) -> None:
    """One song at the end of the queue, in all the ways to say so."""
    intent = understood(command)
    assert (intent.intent, intent.artist, intent.track) == ("queue_specific_song", "Beyoncé", "Halo")


@pytest.mark.parametrize(
    ("command", "query"),
    [
        ("search halo", "halo"),
        ("search for songs by Phoenix", "Phoenix"),
        ("find Blue Monday", "Blue Monday"),
        ("play anything by The National", "The National"),
    ],
)
def test_search(command: str, query: str) -> None:
    """A search is a search; so is an artist whose songs the table does not know."""
    intent = understood(command)
    assert (intent.intent, intent.query) == ("search", query)


@pytest.mark.parametrize("command", TALK)
def test_talk(command: str) -> None:
    """Greetings and questions get an honest text, and nothing is played."""
    intent = understood(command)
    assert intent.intent == "chat" and intent.message


@pytest.mark.parametrize("command", QUESTIONS)
def test_ambiguous_wishes_are_asked_back(command: str) -> None:
    """What could be several things is asked back; each offered command is understood by the rules."""
    intent = understood(command)
    assert intent.intent == "clarification_mode" and intent.message
    for option in intent.options:
        assert understood(option.value).intent in ("play_specific_song", "search")


@pytest.mark.parametrize("command", NONSENSE)
def test_nonsense_is_unknown(command: str) -> None:
    """What makes no sense is unknown, with a reason."""
    intent = understood(command)
    assert intent.intent == "unknown" and intent.reasoning


def test_a_guess_is_put_to_the_person_first() -> None:
    """A title typed wrong is a guess that needs confirmation."""
    intent = understood("play smells like teen spirt")
    assert intent.track == "Smells Like Teen Spirit" and intent.needs_confirmation


def test_the_conversation_counts() -> None:
    """More like this, another by them, the second one, again: read from the turns before."""
    before = said(
        intent="play_specific_song",
        artist="Radiohead",
        track="Creep",
        alternatives=["Blur - Song 2", "ABBA - Mamma Mia"],
    )
    assert understood("another one", before).artist not in (None, "Radiohead")
    by_them = understood("play something else by them", before)
    assert by_them.artist == "Radiohead" and by_them.track != "Creep"
    assert understood("the second one", before).track == "Mamma Mia"
    assert understood("play it again", before).track == "Creep"
    options = said(intent="clarification_mode", options=[{"label": "x", "value": "play Hurt by Johnny Cash"}])
    assert understood("the first one", options).artist == "Johnny Cash"


def test_what_plays_now_counts() -> None:
    """ "More like this" without a turn before means the song that plays."""
    playing = {"role": "system", "content": 'Playing now: {"artist": "Miles Davis", "track": "So What"}'}
    picked = understood("more like this", playing)
    assert "jazz" in next(t.genres for t in Table.load().by(picked.artist or ""))


def test_heard_songs_are_not_picked_again() -> None:
    """The same wish twice brings two songs."""
    first = understood("play some jazz")
    second = understood("play some jazz", said(intent=first.intent, artist=first.artist, track=first.track))
    assert first.track != second.track


def test_without_json_mode_the_answer_is_text() -> None:
    """Asked for plain text, the rules answer plain text that says what they are."""
    assert "not a language model" in ask("who won the world cup?", json_mode=False)


def test_the_table_holds_together() -> None:
    """Every neighbour and every artist with neighbours has a track; no track is there twice."""
    table = Table.load()
    names = [track.name for track in table.tracks]
    assert len(set(names)) == len(names)
    for artist, _, near in rows("artists.txt"):
        for name in (artist, *(part.strip() for part in near.split(";") if part.strip())):
            assert table.by(name), name


@given(st.text(max_size=60))
def test_no_command_breaks_the_rules(command: str) -> None:
    """Any text gets a complete intent."""
    intent, _ = intent_of(object_in(ask(command))[0])
    assert intent.missing() == []


@given(
    st.lists(
        st.sampled_from(
            [
                "play",
                "queue",
                "some",
                "halo",
                "by",
                "radiohead",
                "like",
                "but",
                "happier",
                "the",
                "not",
                "and",
                "3",
                "volume",
                "up",
                "?",
                "-",
                ",",
                "search",
            ]
        ),
        max_size=9,
    )
)
def test_no_order_of_words_breaks_the_rules(words: list[str]) -> None:
    """Any order of the words it knows gets a complete intent."""
    intent, _ = intent_of(object_in(ask(" ".join(words)))[0])
    assert intent.missing() == []


@pytest.mark.parametrize(
    "command", ["a " * 250, "play " * 100, "like " * 100, "-" * 500, " by ".join("x" * 100), "turn it up " * 45]
)
def test_long_commands_cost_no_time(command: str) -> None:
    """Commands of the greatest length made to be slow are answered like any other."""
    assert understood(command).missing() == []
