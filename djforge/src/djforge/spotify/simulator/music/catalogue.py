"""The songs the simulator knows: real music of many times and places, best known first per artist.

Identified by URIs made from names, so they are the same in every run and on every machine. Invariant: every
album and artist has at least one song.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Final

import msgspec

_BASE62: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ID_CHARACTERS: Final = 22


class Song(msgspec.Struct, frozen=True, kw_only=True):
    """One recording. Identified by `uri`."""

    artist: str
    title: str
    album: str
    year: int
    """Of first release."""
    duration_ms: int
    """Approximate."""
    tags: list[str] = []
    """Genres, moods, countries, and other names it is known under."""

    @property
    def id(self) -> str:
        return stable_id("track", self.artist, self.title)

    @property
    def uri(self) -> str:
        return f"spotify:track:{self.id}"

    @property
    def album_id(self) -> str:
        return stable_id("album", self.artist, self.album)

    @property
    def album_uri(self) -> str:
        return f"spotify:album:{self.album_id}"

    @property
    def artist_id(self) -> str:
        return stable_id("artist", self.artist)

    @property
    def artist_uri(self) -> str:
        return f"spotify:artist:{self.artist_id}"


class Catalogue:
    """All songs, found by the URI of the song, its album or its artist."""

    def __init__(self, songs: Sequence[Song]) -> None:
        self.songs = tuple(songs)
        self._by_uri = {song.uri: song for song in self.songs}
        self._contexts: dict[str, list[Song]] = {}
        for song in self.songs:
            for uri in (song.album_uri, song.artist_uri):
                self._contexts.setdefault(uri, []).append(song)

    def song(self, uri: str) -> Song | None:
        """The song of a URI."""
        return self._by_uri.get(uri)

    def songs_of(self, context_uri: str) -> list[Song]:
        """The songs of an album or artist; empty when there is no such thing."""
        return list(self._contexts.get(context_uri, ()))

    def track_number(self, song: Song) -> int:
        """The song's place on its album, as far as the album is known here."""
        return self._contexts[song.album_uri].index(song) + 1


def load_catalogue() -> Catalogue:
    """The catalogue that comes with the simulator."""
    data = resources.files(__package__).joinpath("catalogue.json").read_bytes()
    return Catalogue(msgspec.json.decode(data, type=list[Song]))


def stable_id(*names: str) -> str:
    """22 characters of base 62 that follow from the names alone."""
    number = int.from_bytes(hashlib.sha256("\x1f".join(names).encode()).digest(), "big")
    characters = []
    for _ in range(ID_CHARACTERS):
        number, rest = divmod(number, len(_BASE62))
        characters.append(_BASE62[rest])
    return "".join(characters)
