"""Which queries are asked for a song, and which hit is the song."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djforge.interpreter.intents import Song
from djforge.player.finding import choose, is_named, ladder, plain
from djforge.spotify.models import Album, Artist, Track


def track(name: str, *artists: str, album: str = "") -> Track:
    return Track(
        uri=f"spotify:track:{name}", name=name, artists=[Artist(name=a) for a in artists], album=Album(name=album)
    )


def test_ladder_goes_from_narrow_to_wide() -> None:
    """Album, artist and title come first; plain words and the title alone are the last resorts."""
    song = Song(artist="Radiohead", track="Creep", album="Pablo Honey")
    assert ladder(song) == [
        'artist:"Radiohead" track:"Creep" album:"Pablo Honey"',
        'artist:"Radiohead" track:"Creep"',
        "Creep Radiohead",
        "Creep",
    ]


def test_ladder_without_album_or_title() -> None:
    """What was not named is not asked for, and no query is asked twice."""
    assert ladder(Song(artist="", track="Creep")) == ['track:"Creep"', "Creep"]
    assert ladder(Song(artist="Björk", track="")) == ['artist:"Björk"', "Björk"]


@given(st.text(max_size=20), st.text(max_size=20), st.none() | st.text(max_size=20))
def test_no_name_breaks_out_of_its_filter(artist: str, title: str, album: str | None) -> None:
    """Quotation marks in names never leave a filter open, and no query is empty."""
    for query in ladder(Song(artist=artist, track=title, album=album)):
        assert query.strip()
        assert query.count('"') % 2 == 0


@pytest.mark.parametrize(
    ("hit", "song"),
    [
        (track("Hey Jude - Remastered 2015", "The Beatles"), Song(artist="beatles", track="hey jude")),
        (track("Crazy In Love (feat. Jay-Z)", "Beyoncé", "JAY-Z"), Song(artist="Beyonce", track="Crazy in Love")),
        (track("Under Pressure", "Queen", "David Bowie"), Song(artist="David Bowie", track="Under Pressure")),
        (track("Is This Love", "Bob Marley & The Wailers"), Song(artist="Bob Marley", track="Is This Love")),
        (track("Jóga", "Björk"), Song(artist="bjork", track="joga")),
        (track("September", "Earth, Wind & Fire"), Song(artist="Earth Wind and Fire", track="September")),
        (track("(Sittin' On) Dock of the Bay", "Otis"), Song(artist="Otis", track="Dock of the Bay")),
    ],
)  # fmt: skip
def test_the_same_song_under_another_spelling(hit: Track, song: Song) -> None:
    """Accents, case, versions, guests and "the" do not make it another song."""
    assert is_named(hit, song)


@pytest.mark.parametrize(
    ("hit", "song"),
    [
        (track("Creep", "Scala & Kolacny Brothers"), Song(artist="Radiohead", track="Creep")),
        (track("Creep Show", "Radiohead"), Song(artist="Radiohead", track="Creep")),
        (track("Christine", "Christine and the Queens"), Song(artist="Queen", track="Christine")),
    ],
)
def test_another_song(hit: Track, song: Song) -> None:
    """A cover or a longer title is not the song that was named."""
    assert not is_named(hit, song)


def test_the_named_song_wins_over_earlier_hits() -> None:
    """An exact hit is taken even when Spotify lists others first; the rest are offered, each song once."""
    cover, live, original = (
        track("Creep", "Scala"),
        track("Creep - Live", "Radiohead"),
        track("Creep", "Radiohead"),
    )
    found = choose([cover, live, original], Song(artist="Radiohead", track="Creep"))
    assert (found.track, found.match) == (original, "exact")
    assert found.others == [cover]


def test_the_named_album_decides_between_recordings() -> None:
    """Of two recordings the one from the named album is taken."""
    studio, live = track("Angie", "Stones", album="Goats Head Soup"), track("Angie", "Stones", album="Stripped")
    assert choose([studio, live], Song(artist="Stones", track="Angie", album="Stripped")).track == live


def test_nothing_exact_takes_the_first_hit() -> None:
    """Where no hit is the named song, Spotify's first one is the nearest."""
    hits = [track("Karma", "Taylor Swift"), track("Police", "Sting")]
    found = choose(hits, Song(artist="Radiohead", track="Karma Police"))
    assert (found.track, found.match) == (hits[0], "nearest")


def test_names_of_signs_are_told_apart() -> None:
    """`÷` and `???` are names of their own."""
    assert plain("÷") != plain("???") != ""
