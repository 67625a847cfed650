"""What the built-in rules know of music: a hand-made table of tracks and of artists near each other.

Read once from `tracks.txt` and `artists.txt`. Invariant: every neighbour has a track in the table.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

import msgspec

from djforge.llm.rules.rows import rows
from djforge.llm.rules.words import fold

NEAR = 0.82
"""How alike two names must be (0 to 1) to be taken for one typed wrong."""

_DIGITS = dict(
    zip("0123456789", ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], strict=True)
)


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """One song of the table."""

    artist: str
    title: str
    year: int
    genres: tuple[str, ...]
    """The one it stands for most comes first."""
    moods: tuple[str, ...]
    """Likewise."""

    @property
    def name(self) -> str:
        """As alternatives are written: "Artist - Title"."""
        return f"{self.artist} - {self.title}"


class Taste(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wishes for, apart from names."""

    moods: frozenset[str] = frozenset()
    genres: frozenset[str] = frozenset()
    decade: int | None = None
    """First year, e.g. 1980."""

    def __bool__(self) -> bool:
        return bool(self.moods or self.genres or self.decade is not None)


class Table:
    """The tracks and artists, and the ways to find one."""

    def __init__(self, tracks: list[Track], aliases: dict[str, str], neighbours: dict[str, list[str]]) -> None:
        self.tracks = tuple(tracks)
        self._neighbours = neighbours
        self._artists = {fold(track.artist): track.artist for track in tracks} | aliases
        self._titles: dict[str, list[Track]] = {}
        for track in tracks:
            for spelling in {_title_key(track.title), _title_key(_without_brackets(track.title))}:
                self._titles.setdefault(spelling, []).append(track)

    @classmethod
    def load(cls) -> Table:
        """Read the two files of this package."""
        tracks = [_track(fields) for fields in rows("tracks.txt")]
        aliases: dict[str, str] = {}
        neighbours: dict[str, list[str]] = {}
        for artist, spellings, near in rows("artists.txt"):
            aliases |= {fold(spelling): artist for spelling in _parts(spellings, ";")}
            neighbours[artist] = _parts(near, ";")
        return cls(tracks, aliases, neighbours)

    def artist(self, text: str, *, guess: bool = True) -> str | None:
        """The artist of this name; with `guess` also one typed a little wrong."""
        folded = fold(text)
        found = self._artists.get(folded) or self._artists.get(f"the {folded}")
        if found is not None or not guess or len(folded) < 4:
            return found
        near = difflib.get_close_matches(folded, self._artists, n=1, cutoff=NEAR)
        return self._artists[near[0]] if near else None

    def titled(self, text: str, *, guess: bool = False) -> list[Track]:
        """The tracks of this title; with `guess` also of one typed a little wrong."""
        folded = _title_key(text)
        if folded in self._titles or not guess or len(folded) < 5:
            return self._titles.get(folded, [])
        near = difflib.get_close_matches(folded, self._titles, n=1, cutoff=NEAR)
        return self._titles[near[0]] if near else []

    def track(self, title: str, artist: str) -> Track | None:
        """The track of this title by this artist, as the table spells both."""
        known = self.artist(artist)
        return next((track for track in self.titled(title, guess=True) if track.artist == known), None)

    def starts_a_name(self, word: str) -> bool:
        """Whether a name of the table begins with this word."""
        folded = fold(word)
        return any(name.split()[0] == folded for name in (*self._artists, *self._titles))

    def by(self, artist: str) -> list[Track]:
        """An artist's tracks, best known first."""
        return [track for track in self.tracks if track.artist == artist]

    def near(self, artist: str) -> list[Track]:
        """Tracks of the artists near this one, nearest first; without neighbours, of the same genre."""
        if artist in self._neighbours:
            return [track for name in self._neighbours[artist] for track in self.by(name)]
        genres = {genre for track in self.by(artist) for genre in track.genres}
        others = [track for track in self.tracks if track.artist != artist and genres.intersection(track.genres)]
        return sorted(others, key=lambda track: -len(genres.intersection(track.genres)))

    def fitting(self, taste: Taste, among: Iterable[Track] | None = None) -> list[Track]:
        """Tracks of the taste: genre and decade must fit, moods as many as possible, at least one."""
        candidates = self.tracks if among is None else tuple(among)
        fitting = [track for track in candidates if _fits(track, taste)]
        return sorted(fitting, key=lambda track: -_score(track, taste))


def one_each(tracks: Iterable[Track], heard: Collection[str] = ()) -> list[Track]:
    """The tracks in order, an artist's second one only after every artist's first; unheard before heard."""
    rounds: list[tuple[int, int, int, Track]] = []
    seen: dict[str, int] = {}
    for place, track in enumerate(tracks):
        is_heard = int(track.name in heard)
        turn = 0 if is_heard else seen.get(track.artist, 0)
        if not is_heard:
            seen[track.artist] = turn + 1
        rounds.append((is_heard, turn, place, track))
    return [track for *_, track in sorted(rounds, key=lambda row: row[:3])]


def _fits(track: Track, taste: Taste) -> bool:
    if taste.genres and not taste.genres.intersection(track.genres):
        return False
    if taste.decade is not None and track.year // 10 * 10 != taste.decade:
        return False
    return not taste.moods or bool(taste.moods.intersection(track.moods))


def _score(track: Track, taste: Taste) -> int:
    found = len(taste.moods.intersection(track.moods)) + len(taste.genres.intersection(track.genres))
    first = (track.moods[:1], taste.moods), (track.genres[:1], taste.genres)
    return 2 * found + sum(1 for leading, wished in first if wished.intersection(leading))


def _track(fields: list[str]) -> Track:
    artist, title, year, genres, moods = fields
    return Track(
        artist=artist,
        title=title,
        year=int(year),
        genres=tuple(_parts(genres, ",")),
        moods=tuple(_parts(moods, ",")),
    )


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _title_key(title: str) -> str:
    """A title as it is looked up: folded, with single digits spelled out ("Take 5")."""
    return " ".join(_DIGITS.get(word, word) for word in fold(title).split())


def _without_brackets(title: str) -> str:
    before, _, rest = title.partition("(")
    return (before + rest.partition(")")[2]).strip() or title
