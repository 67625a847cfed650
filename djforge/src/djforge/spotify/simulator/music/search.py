"""Search as Spotify does it: field filters, plain words, best first.

`artist:"A" track:"T" album:"L" year:1990-1999 genre:"G"` narrow the results, plain words rank them. Songs that
answer to every word come first; where there are none, those that answer to at least half of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from djforge.spotify.simulator.music.catalogue import Catalogue, Song
from djforge.spotify.simulator.music.words import likeness, words

_FILTER: Final = re.compile(r"\b(artist|track|album|genre|year):\s*(\"[^\"]*\"?|\S+)", re.IGNORECASE)
_YEARS: Final = re.compile(r"(\d{4})(?:-(\d{4}))?")
NOISE: Final = frozenset(
    {"a", "an", "and", "by", "for", "from", "like", "me", "music", "of", "on", "play", "please", "some"}
    | {"something", "song", "songs", "that", "the", "to", "track"}
)
"""Words that say nothing about a song unless nothing else is asked."""
NEARLY: Final = 0.5


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, taken apart."""

    plain: list[str]
    filters: list[tuple[str, list[str]]]
    years: tuple[int, int] | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A song's words, by where they stand."""

    song: Song
    track: list[str]
    artist: list[str]
    album: list[str]
    genre: list[str]


WEIGHTS: Final = {"track": 3.0, "artist": 3.0, "album": 1.5, "genre": 1.0}


class Search:
    """Searches a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._listed = [
            Listed(
                song=song,
                track=words(song.title),
                artist=words(song.artist),
                album=words(song.album),
                genre=[*words(" ".join(song.tags)), *_decade(song.year)],
            )
            for song in catalogue.songs
        ]

    def songs(self, text: str) -> list[Song]:
        """Songs that fit, best first."""
        return self._ranked(parse(text), lambda song: song.uri)

    def albums(self, text: str) -> list[Song]:
        """One song of each album that fits."""
        return self._ranked(parse(text), lambda song: song.album_uri)

    def artists(self, text: str) -> list[Song]:
        """One song of each artist that fits."""
        return self._ranked(parse(text), lambda song: song.artist_uri)

    def _ranked(self, query: Query, identity: Callable[[Song], str]) -> list[Song]:
        scored = [(score, share, song) for score, share, song in self._scored(query) if share >= NEARLY]
        full = [entry for entry in scored if entry[1] == 1.0]
        best = sorted(full or scored, key=lambda entry: -entry[0])  # stable: the catalogue's order breaks ties
        return _once(((song, identity(song)) for _, _, song in best))

    def _scored(self, query: Query) -> Iterable[tuple[float, float, Song]]:
        for listed in self._listed:
            narrowed = _fits(query, listed)
            if narrowed is not None:
                score, share = _plain_score(query.plain, listed)
                yield score + narrowed, share, listed.song


def parse(text: str) -> Query:
    """Take a query apart."""
    filters: list[tuple[str, list[str]]] = []
    years: tuple[int, int] | None = None
    for field, value in _FILTER.findall(text):
        if field.lower() == "year":
            years = _years(value) or years
        else:
            filters.append((field.lower(), words(value)))
    plain = words(_FILTER.sub(" ", text))
    return Query(plain=[word for word in plain if word not in NOISE] or plain, filters=filters, years=years)


def _decade(year: int) -> tuple[str, str]:
    """`1990s` and `90s`."""
    decade = year - year % 10
    return f"{decade}s", f"{decade % 100:02d}s"


def _years(value: str) -> tuple[int, int] | None:
    found = _YEARS.search(value)
    if found is None:
        return None
    return int(found[1]), int(found[2] or found[1])


def _fits(query: Query, listed: Listed) -> float | None:
    """How exactly the filters hold; None when one does not."""
    if query.years is not None and not query.years[0] <= listed.song.year <= query.years[1]:
        return None
    score = 0.0
    for field, asked in query.filters:
        there: list[str] = getattr(listed, field)
        found = [_best(word, there) for word in asked]
        if not all(found):
            return None
        score += sum(found) + (10.0 if asked == there else 0.0)
    return score


def _plain_score(asked: Sequence[str], listed: Listed) -> tuple[float, float]:
    """Score, and the share of the words that were found at all."""
    if not asked:
        return 0.0, 1.0
    total, hits = 0.0, 0
    for word in asked:
        best = max(weight * _best(word, getattr(listed, field)) for field, weight in WEIGHTS.items())
        total += best
        hits += best > 0
    for there in (listed.track, listed.artist):
        if there and _follows(there, asked):
            total += 2.0 * len(there)
    return total, hits / len(asked)


def _best(word: str, there: Sequence[str]) -> float:
    return max((likeness(word, other) for other in there), default=0.0)


def _follows(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether the words of `part` stand together in `whole`."""
    size = len(part)
    return any(list(whole[at : at + size]) == list(part) for at in range(len(whole) - size + 1))


def _once(found: Iterable[tuple[Song, str]]) -> list[Song]:
    seen: dict[str, Song] = {}
    for song, identity in found:
        seen.setdefault(identity, song)
    return list(seen.values())
