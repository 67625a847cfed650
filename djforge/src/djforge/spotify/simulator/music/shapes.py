"""Songs, albums and artists as the Web API shows them to apps in development mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from djforge.spotify.simulator.music.catalogue import Catalogue, Song

Json = dict[str, Any]


class MusicShapes:
    """Draws songs for one API address."""

    def __init__(self, catalogue: Catalogue, api_url: str) -> None:
        self._catalogue = catalogue
        self._api_url = api_url

    def track(self, song: Song) -> Json:
        """A TrackObject."""
        return {
            "album": self.album(song),
            "artists": [self._artist_link(song)],
            "disc_number": 1,
            "duration_ms": song.duration_ms,
            "explicit": False,
            "external_ids": {},
            **self._named("track", song.id, song.title),
            "is_local": False,
            "is_playable": True,
            "preview_url": None,
            "track_number": self._catalogue.track_number(song),
        }

    def album(self, song: Song) -> Json:
        """The SimplifiedAlbumObject of a song's album."""
        return {
            "album_type": "album",
            "artists": [self._artist_link(song)],
            "available_markets": [],
            **self._named("album", song.album_id, song.album),
            "images": [],
            "release_date": f"{song.year:04d}",
            "release_date_precision": "year",
            "total_tracks": len(self._catalogue.songs_of(song.album_uri)),
        }

    def artist(self, song: Song) -> Json:
        """The ArtistObject of a song's artist."""
        return {**self._artist_link(song), "genres": [], "images": []}

    def context(self, uri: str) -> Json:
        """A ContextObject."""
        _, kind, identity = uri.split(":")
        named = self._named(kind, identity, "")
        del named["id"], named["name"]
        return named

    def page(self, kind: str, query: Json, found: Sequence[Song], draw: Callable[[Song], Json]) -> Json:
        """A paging object; `query` has q, limit and offset."""
        limit, offset = query["limit"], query["offset"]
        items = [draw(song) for song in found[offset : offset + limit]]

        def address(at: int) -> str:
            params = {"query": query["q"], "type": kind, "offset": at, "limit": limit}
            return f"{self._api_url}/search?{urlencode(params)}"

        return {
            "href": address(offset),
            "limit": limit,
            "next": address(offset + limit) if offset + limit < len(found) else None,
            "offset": offset,
            "previous": address(max(0, offset - limit)) if offset else None,
            "total": len(found),
            "items": items,
        }

    def _artist_link(self, song: Song) -> Json:
        return self._named("artist", song.artist_id, song.artist)

    def _named(self, kind: str, identity: str, name: str) -> Json:
        return {
            "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{identity}"},
            "href": f"{self._api_url}/{kind}s/{identity}",
            "id": identity,
            "name": name,
            "type": kind,
            "uri": f"spotify:{kind}:{identity}",
        }
