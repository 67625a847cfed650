"""From a song somebody named to one on Spotify: a ladder of queries, and which hit is the one.

The ladder goes from narrow to wide: artist, title and album; artist and title; both as plain words; the title
alone. The first rung with hits decides. Among its hits the one with the named title by the named artist is
taken, else the first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from djforge.interpreter.intents import Song
from djforge.player.desk import Desk
from djforge.spotify.models import Track

MAX_ALTERNATIVES: Final = 4
_VERSION: Final = re.compile(r"\s+-\s+.*$|\s*[(\[][^)\]]*[)\]]")
"""What Spotify puts behind titles: ` - Remastered 2011`, `(feat. Jay-Z)`, `[Live]`."""
_NOT_A_WORD: Final = re.compile(r"[\W_]+")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The song that was found, and what else might have been meant."""

    track: Track
    match: Literal["exact", "nearest"]
    others: list[Track]


async def find(desk: Desk, song: Song) -> Found | None:
    """The best match for a song; None when nothing fits. Raises SpotifyError."""
    for query in ladder(song):
        hits = await desk.search(query)
        if hits:
            return choose(hits, song)
    return None


def ladder(song: Song) -> list[str]:
    """The queries to try, narrow to wide, none twice."""
    artist, track, album = (_unquoted(part) for part in (song.artist, song.track, song.album or ""))
    narrow = [_filtered(("artist", artist), ("track", track), ("album", album))] if album else []
    rungs = [*narrow, _filtered(("artist", artist), ("track", track)), f"{track} {artist}".strip(), track]
    return [query for query in dict.fromkeys(rungs) if query]


def choose(hits: list[Track], song: Song) -> Found:
    """The hit that is the named song, or the first one; `hits` must not be empty."""
    best = max(hits, key=lambda hit: closeness(hit, song))  # max keeps Spotify's order among equals
    exact = is_named(best, song)
    return Found(track=best, match="exact" if exact else "nearest", others=_others(hits, best))


def is_named(track: Track, song: Song) -> bool:
    """Whether a track is the song that was named, whatever the recording."""
    return _same_title(track, song) and _by(track, song)


def closeness(track: Track, song: Song) -> int:
    """How close a track is to what was named; higher is closer."""
    album = song.album is not None and track.album is not None
    return (
        8 * (_same_title(track, song) and _by(track, song))
        + 4 * (bool(song.track) and plain(track.name) == plain(song.track))
        + 2 * (album and plain(track.album.name if track.album else "") == plain(song.album or ""))
        + _by(track, song)
    )


def plain(text: str) -> str:
    """A name for comparing: without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    # Where nothing but signs is left ("???", "÷"), the signs are the name.
    return _NOT_A_WORD.sub(" ", letters).strip() or letters.strip()


def _same_title(track: Track, song: Song) -> bool:
    if not song.track:
        return True
    return _bare(track.name) == _bare(song.track)


def _by(track: Track, song: Song) -> bool:
    """Whether the named artist is among the track's; "The" does not matter, a leader stands for the band."""
    if not song.artist:
        return True
    asked = _without_the(plain(song.artist))
    names = [_without_the(plain(artist.name)) for artist in track.artists]
    together = _without_the(plain(" and ".join(artist.name for artist in track.artists)))
    return asked in names or asked == together or any(name.startswith(f"{asked} and ") for name in names)


def _bare(title: str) -> str:
    """A title without what is said about the recording."""
    return plain(_VERSION.sub("", title)) or plain(title)


def _without_the(name: str) -> str:
    return name.removeprefix("the ")


def _others(hits: Iterable[Track], chosen: Track) -> list[Track]:
    """Hits that are other songs, each once."""
    seen = {(plain(chosen.artist_names), _bare(chosen.name))}
    others = []
    for hit in hits:
        identity = (plain(hit.artist_names), _bare(hit.name))
        if identity not in seen:
            seen.add(identity)
            others.append(hit)
    return others[:MAX_ALTERNATIVES]


def _filtered(*parts: tuple[str, str]) -> str:
    return " ".join(f'{field}:"{value}"' for field, value in parts if value)


def _unquoted(text: str) -> str:
    """Without the quotation marks that would end a filter early."""
    return " ".join(text.replace('"', " ").split())
