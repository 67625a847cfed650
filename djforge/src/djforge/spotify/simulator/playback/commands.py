"""Commanding the player: play, pause, skip, volume, queue, transfer and the rest. All need Premium."""

from __future__ import annotations

import re
from typing import Any, Final, get_args

from djforge.spotify.simulator.door import Visit
from djforge.spotify.simulator.music.catalogue import Catalogue, Song
from djforge.spotify.simulator.playback.player import Repeat, SimulatedPlayer
from djforge.spotify.simulator.refusals import ApiRefusal, player_refusal

_TRACK_URI: Final = re.compile(r"spotify:track:[0-9A-Za-z]{22}")
_CONTEXT_URI: Final = re.compile(r"spotify:(album|artist|playlist):[0-9A-Za-z]{22}")
MAX_POSITION_MS: Final = 10**9


class Commands:
    """The writing side of the player. All methods raise ApiRefusal."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def play(self, visit: Visit) -> None:
        """Start songs or a context, or go on."""
        _need_premium(visit)
        body = visit.json()
        player = visit.account.player
        if "uris" not in body and "context_uri" not in body:
            _address(visit, wake=True)
            player.resume()
            return
        songs, context_uri = self._asked(body)
        first = _offset(body, songs)
        position_ms = body.get("position_ms", 0)
        if not isinstance(position_ms, int) or not 0 <= position_ms <= MAX_POSITION_MS:
            raise ApiRefusal(400, "Invalid position_ms")
        _address(visit, wake=True)
        player.start(songs, context_uri, first, position_ms)

    def pause(self, visit: Visit) -> None:
        """Pause."""
        _controlled(visit).pause()

    def next(self, visit: Visit) -> None:
        """Skip."""
        _controlled(visit).skip()

    def previous(self, visit: Visit) -> None:
        """Go back."""
        _controlled(visit).back()

    def seek(self, visit: Visit) -> None:
        """Go to a place in the song."""
        position_ms = visit.whole_number("position_ms", None, 0, MAX_POSITION_MS)
        _controlled(visit).seek(position_ms)

    def shuffle(self, visit: Visit) -> None:
        """Mix, or not."""
        state = visit.query("state")
        if state not in ("true", "false"):
            raise ApiRefusal(400, "Invalid state")
        _controlled(visit).set_shuffle(state == "true")

    def repeat(self, visit: Visit) -> None:
        """Repeat the song, the context or nothing."""
        told = visit.query("state")
        state: Repeat | None = next((known for known in get_args(Repeat) if known == told), None)
        if state is None:
            raise ApiRefusal(400, "Invalid state")
        _controlled(visit).repeat = state

    def volume(self, visit: Visit) -> None:
        """Set the volume of the device."""
        _need_premium(visit)
        percent = visit.whole_number("volume_percent", None, 0, 100)
        device = visit.account.shelf.addressed(visit.query("device_id"))
        if not device.supports_volume:
            raise player_refusal("VOLUME_CONTROL_DISALLOW")
        device.volume_percent = percent

    def add(self, visit: Visit) -> None:
        """Queue a song."""
        _need_premium(visit)
        uri = visit.query("uri")
        if uri is None:
            raise ApiRefusal(400, "Missing parameter uri")
        song = self._song(uri)
        _address(visit, wake=True)
        visit.account.player.add(song)

    def transfer(self, visit: Visit) -> None:
        """Go on on another device."""
        _need_premium(visit)
        body = visit.json()
        ids = body.get("device_ids")
        if not isinstance(ids, list) or not all(isinstance(entry, str) for entry in ids):
            raise ApiRefusal(400, "Missing parameter device_ids")
        if len(ids) != 1:
            raise ApiRefusal(400, "Only one device id is supported")
        visit.account.shelf.activate(ids[0])
        player = visit.account.player
        if body.get("play") is True and player.song is not None and not player.is_playing:
            player.resume()

    def _asked(self, body: dict[str, Any]) -> tuple[list[Song], str | None]:
        """The songs to play, and the context they are from."""
        uris, context_uri = body.get("uris"), body.get("context_uri")
        if uris is not None and context_uri is not None:
            raise ApiRefusal(400, "Can't have both uris and context_uri")
        if context_uri is not None:
            if not isinstance(context_uri, str) or not _CONTEXT_URI.fullmatch(context_uri):
                raise ApiRefusal(400, "Invalid context uri")
            songs = self._catalogue.songs_of(context_uri)
            if not songs:
                raise ApiRefusal(404, "Resource not found")
            return songs, context_uri
        if not isinstance(uris, list) or not uris:
            raise ApiRefusal(400, "Invalid uris")
        return [self._song(uri) for uri in uris], None

    def _song(self, uri: object) -> Song:
        if not isinstance(uri, str) or not _TRACK_URI.fullmatch(uri):
            raise ApiRefusal(400, f"Invalid track uri: {uri}")
        song = self._catalogue.song(uri)
        if song is None:
            raise player_refusal("NO_SPECIFIC_TRACK")
        return song


def _need_premium(visit: Visit) -> None:
    if visit.account.product != "premium":
        raise player_refusal("PREMIUM_REQUIRED")


def _address(visit: Visit, *, wake: bool = False) -> None:
    """Find the device a command is for; `wake` makes it the active one."""
    device = visit.account.shelf.addressed(visit.query("device_id"))
    if wake:
        visit.account.shelf.activate(device.id)


def _controlled(visit: Visit) -> SimulatedPlayer:
    """The player of somebody who may control it and has a device to do it on."""
    _need_premium(visit)
    _address(visit)
    return visit.account.player


def _offset(body: dict[str, Any], songs: list[Song]) -> int:
    """Where to start: by place or by song."""
    offset = body.get("offset")
    if offset is None:
        return 0
    place = offset.get("position") if isinstance(offset, dict) else None
    if isinstance(offset, dict) and isinstance(offset.get("uri"), str):
        place = next((at for at, song in enumerate(songs) if song.uri == offset["uri"]), None)
    if not isinstance(place, int) or not 0 <= place < len(songs):
        raise ApiRefusal(400, "Invalid offset")
    return place
