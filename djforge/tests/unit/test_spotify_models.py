"""What Spotify's answers decode to."""

from __future__ import annotations

import msgspec

from djforge.spotify.models import Device, Episode, Playback, Profile, Track


def test_playback_of_a_song() -> None:
    """A song in the state is a Track with its artists in one line; unknown fields are ignored."""
    body = {
        "is_playing": True,
        "progress_ms": 5,
        "item": {
            "type": "track",
            "uri": "spotify:track:1",
            "name": "Under Pressure",
            "artists": [{"name": "Queen"}, {"name": "David Bowie"}],
            "duration_ms": 248000,
            "popularity": 80,
        },
        "actions": {"disallows": {}},
    }
    playback = msgspec.json.decode(msgspec.json.encode(body), type=Playback)
    assert playback.track is not None
    assert playback.track.artist_names == "Queen, David Bowie"


def test_playback_of_a_podcast() -> None:
    """An episode is no song."""
    body = b'{"is_playing":true,"item":{"type":"episode","uri":"spotify:episode:1","name":"One"}}'
    playback = msgspec.json.decode(body, type=Playback)
    assert isinstance(playback.item, Episode)
    assert playback.track is None


def test_nullable_fields() -> None:
    """What Spotify may leave null stays None and volume 0 stays 0."""
    body = b'{"name":"TV","id":null,"volume_percent":null,"type":"TV","is_active":true}'
    device = msgspec.json.decode(body, type=Device)
    assert (device.id, device.volume_percent, device.supports_volume) == (None, None, True)
    assert msgspec.json.decode(b'{"name":"TV","volume_percent":0}', type=Device).volume_percent == 0
    assert msgspec.json.decode(b'{"id":"x","display_name":null}', type=Profile).display_name is None


def test_search_hits_decode_with_or_without_their_type() -> None:
    """A track without `type` is still a track."""
    assert msgspec.json.decode(b'{"uri":"u","name":"n"}', type=Track).name == "n"
