"""What the rules can read from a conversation: the command, the songs named before, the last choices."""

from __future__ import annotations

import json
from typing import Any

import msgspec

PLAYING_NOW = "Playing now: "
"""How a system message tells the song that plays, followed by a JSON object with artist and track."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation as the rules see it."""

    command: str
    songs: list[tuple[str, str]] = []
    """Artist and title of the songs picked before, oldest first."""
    choices: list[str] = []
    """What the last answer offered: commands, or songs as "Artist - Title"."""
    playing: tuple[str, str] | None = None
    """Artist and title of the song that plays."""
    turns: int = 0
    """Commands before this one."""

    @property
    def last_song(self) -> tuple[str, str] | None:
        """The song talked about: the last one picked, else the one that plays."""
        return self.songs[-1] if self.songs else self.playing

    @property
    def heard(self) -> set[str]:
        """Songs picked before, as "Artist - Title"."""
        return {f"{artist} - {title}" for artist, title in self.songs}


def remembered(messages: list[Any]) -> Memory:
    """Read the messages of a request; whatever cannot be read is passed over."""
    songs: list[tuple[str, str]] = []
    choices: list[str] = []
    commands: list[str] = []
    playing: tuple[str, str] | None = None
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(content, str):
            continue
        if message.get("role") == "user":
            commands.append(content)
        elif message.get("role") == "assistant":
            said = _object(content)
            songs += _songs(said)
            choices = _choices(said)
        elif PLAYING_NOW in content:
            told = _object(content.partition(PLAYING_NOW)[2])
            playing = next(iter(_songs(told)), None)
    return Memory(
        command=commands[-1] if commands else "",
        songs=songs,
        choices=choices,
        playing=playing,
        turns=max(0, len(commands) - 1),
    )


def _object(text: str) -> dict[str, Any]:
    try:
        found, _ = json.JSONDecoder().raw_decode(text.strip())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _songs(said: dict[str, Any]) -> list[tuple[str, str]]:
    several = said.get("songs")
    named = [said, *(several if isinstance(several, list) else [])]
    return [
        (song["artist"], song["track"])
        for song in named
        if isinstance(song, dict) and isinstance(song.get("artist"), str) and isinstance(song.get("track"), str)
    ]


def _choices(said: dict[str, Any]) -> list[str]:
    options, alternatives = said.get("options"), said.get("alternatives")
    if isinstance(options, list) and options:
        return [
            option["value"]
            for option in options
            if isinstance(option, dict) and isinstance(option.get("value"), str)
        ]
    return [name for name in alternatives or [] if isinstance(name, str)] if isinstance(alternatives, list) else []
