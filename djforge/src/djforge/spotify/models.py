"""What Spotify tells us, in its own terms: people, devices, tracks, playback.

Decoded straight from the wire; fields that Spotify may leave out have defaults, unknown ones are ignored.
"""

from __future__ import annotations

import msgspec


class Image(msgspec.Struct, frozen=True):
    """A picture at an address of Spotify's."""

    url: str
    height: int | None = None
    """Pixels."""
    width: int | None = None
    """Pixels."""


class Profile(msgspec.Struct, frozen=True):
    """A person. Identified by `account_id`, which never changes; `id` is the older name."""

    id: str
    account_id: str | None = None
    display_name: str | None = None
    images: list[Image] = []


class Artist(msgspec.Struct, frozen=True):
    """Who made a track. Local files have no id."""

    name: str
    id: str | None = None
    uri: str | None = None


class Album(msgspec.Struct, frozen=True):
    """Where a track is from. Local files have no id."""

    name: str
    id: str | None = None
    uri: str | None = None
    release_date: str | None = None
    """`1997`, `1997-05` or `1997-05-28`."""
    images: list[Image] = []


class Track(msgspec.Struct, frozen=True, tag_field="type", tag="track"):
    """A song. Identified by `uri`."""

    uri: str
    name: str
    artists: list[Artist] = []
    album: Album | None = None
    duration_ms: int = 0
    id: str | None = None
    explicit: bool = False
    is_playable: bool = True

    @property
    def artist_names(self) -> str:
        """All artists, e.g. `Queen, David Bowie`."""
        return ", ".join(artist.name for artist in self.artists)


class Episode(msgspec.Struct, frozen=True, tag_field="type", tag="episode"):
    """Part of a podcast. Identified by `uri`."""

    uri: str
    name: str
    duration_ms: int = 0
    id: str | None = None


class Device(msgspec.Struct, frozen=True):
    """Something that plays. Its id may change between sessions and be missing."""

    name: str
    id: str | None = None
    type: str = "unknown"
    is_active: bool = False
    is_restricted: bool = False
    """Takes no commands from outside."""
    is_private_session: bool = False
    volume_percent: int | None = None
    supports_volume: bool = True


class Context(msgspec.Struct, frozen=True):
    """The album, artist or playlist a track is played from."""

    uri: str
    type: str = "unknown"


class Playback(msgspec.Struct, frozen=True):
    """What is going on now."""

    is_playing: bool
    device: Device | None = None
    item: Track | Episode | None = None
    """None while an advertisement or something unknown plays."""
    progress_ms: int | None = None
    currently_playing_type: str = "unknown"
    shuffle_state: bool = False
    repeat_state: str = "off"
    context: Context | None = None

    @property
    def track(self) -> Track | None:
        """The song; None for episodes and nothing."""
        return self.item if isinstance(self.item, Track) else None


class Queue(msgspec.Struct, frozen=True):
    """What plays, and what comes next."""

    currently_playing: Track | Episode | None = None
    queue: list[Track | Episode] = []


class Played(msgspec.Struct, frozen=True):
    """One track somebody heard."""

    track: Track
    played_at: str
    """ISO 8601, UTC."""
