"""How outcomes speak of songs."""

from __future__ import annotations

from djforge.interpreter.intents import Song
from djforge.spotify.models import Device, Episode, Track


def named(item: Track | Episode) -> str:
    """`“Karma Police” by Radiohead`."""
    if isinstance(item, Track) and item.artists:
        return f"“{item.name}” by {item.artist_names}"
    return f"“{item.name}”"


def asked(song: Song) -> str:
    """The song as the person named it."""
    if not song.track:
        return f"anything by {song.artist}"
    return f"“{song.track}” by {song.artist}" if song.artist else f"“{song.track}”"


def on(device: Device | None) -> str:
    """` on Phone` where a device had to be chosen."""
    return "" if device is None else f" on {device.name}"


def listed(names: list[str]) -> str:
    """`A, B and C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def minutes(duration_ms: int) -> str:
    """`3:07`."""
    whole_s = duration_ms // 1000
    return f"{whole_s // 60}:{whole_s % 60:02d}"
