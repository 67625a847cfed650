"""The simulator's catalogue and search."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djforge.spotify.simulator.music.catalogue import Catalogue, load_catalogue, stable_id
from djforge.spotify.simulator.music.search import Search, parse
from djforge.spotify.simulator.music.words import fold, likeness, one_slip


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def search(catalogue: Catalogue) -> Search:
    return Search(catalogue)


def found(search: Search, query: str) -> list[str]:
    return [f"{song.artist} - {song.title}" for song in search.songs(query)]


def test_catalogue_is_large_and_sound(catalogue: Catalogue) -> None:
    """Hundreds of songs, each with an id of Spotify's form that no other has."""
    assert len(catalogue.songs) >= 300
    assert len({song.uri for song in catalogue.songs}) == len(catalogue.songs)
    for song in catalogue.songs:
        assert re.fullmatch(r"spotify:track:[0-9A-Za-z]{22}", song.uri)
        assert song.artist and song.title and song.album and song.tags
        assert 1000 <= song.year <= 2026
        assert 60_000 < song.duration_ms < 3_600_000


def test_ids_never_change() -> None:
    """The id follows from the names alone, on every machine."""
    assert stable_id("track", "Radiohead", "Karma Police") == "ER3NirPJ2IFibmX0HLiAJY"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ('artist:"Radiohead" track:"Karma Police"', "Radiohead - Karma Police"),
        ("karma police", "Radiohead - Karma Police"),
        ("karma polise radiohead", "Radiohead - Karma Police"),
        ("BEYONCE HALO", "Beyoncé - Halo"),
        ("hoppipolla", "Sigur Rós - Hoppípolla"),
        ("So What Miles Davis", "Miles Davis - So What"),
        ("上を向いて", "坂本九 - 上を向いて歩こう (Sukiyaki)"),
        ("plastic love", "竹内まりや - プラスティック・ラヴ"),
        ('track:"Hurt" artist:"Johnny Cash"', "Johnny Cash - Hurt"),
        ("nine inch nails hurt", "Nine Inch Nails - Hurt"),
        ('album:"Kind of Blue"', "Miles Davis - So What"),
        ("please play some fela kuti", "Fela Kuti - Zombie"),
    ],
)
def test_the_song_that_was_meant_comes_first(search: Search, query: str, first: str) -> None:
    """Filters and plain words, with or without accents, case and slips, find the song."""
    assert found(search, query)[0] == first


def test_tags_answer_to_moods_and_places(search: Search, catalogue: Catalogue) -> None:
    """Words for a mood, a genre or a country find songs of that kind."""
    for query, tag in (("sad jazz", "jazz"), ("mali", "mali"), ("bossa nova", "bossa nova"), ("metal", "metal")):
        hits = search.songs(query)
        assert hits
        assert all(tag in song.tags for song in hits[:3])


def test_years_narrow(search: Search) -> None:
    """A year, a span of years and a decade hold for every hit."""
    assert {song.year for song in search.songs("year:1959")} == {1959}
    assert all(1990 <= song.year <= 1999 for song in search.songs("year:1990-1999 rock"))
    assert all(1990 <= song.year <= 1999 for song in search.songs("90s hip hop")[:5])


def test_filters_are_strict(search: Search) -> None:
    """A filter that nothing answers to gives nothing, whatever else is asked."""
    assert found(search, 'artist:"Nobody At All" halo') == []
    assert found(search, "xyzzy plugh") == []


def test_albums_and_artists_are_listed_once(search: Search) -> None:
    """An album or artist with many songs is one hit."""
    assert [song.album for song in search.albums("kind of blue")] == ["Kind of Blue"]
    assert [song.artist for song in search.artists('artist:"Radiohead"')] == ["Radiohead"]


@given(st.text(max_size=60))
def test_any_text_is_a_query(text: str) -> None:
    """No text breaks the parser."""
    parse(text)


@given(st.text(max_size=30))
def test_folding_settles(text: str) -> None:
    """Folding a folded text changes nothing that comparing would notice."""
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("police", "polise", True),
        ("police", "polce", True),
        ("police", "pollice", True),
        ("police", "poilce", True),
        ("police", "police", False),
        ("police", "polisse", False),
        ("", "a", True),
    ],
)
def test_one_slip(left: str, right: str, same: bool) -> None:
    """One letter added, lost, changed or swapped is a slip; two are another word."""
    assert one_slip(left, right) is same
    assert one_slip(right, left) is same


def test_short_words_are_not_guessed() -> None:
    """`blur` is not `blue`."""
    assert likeness("blur", "blue") == 0.0
