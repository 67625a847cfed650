"""The prompts: versioned files of this package, and the messages made from them.

The system prompt is the same text for every call of a version, so that it can be stored once; what changes
(what plays now) is a message of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import msgspec

from djforge.llm.rules.memory import PLAYING_NOW

PROMPT_VERSION = "interpret-1"
ANSWER_PROMPT_VERSION = "answer-1"
HISTORY_TURNS = 10
REPLY_CHARS = 500
_LEFT_OUT = frozenset({"extra", "options", "clarificationOptions"})


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One command of the conversation and what came of it."""

    command: str
    reply: str
    """What the person saw."""
    intent: dict[str, Any] = {}
    """The intent as the program understood it, e.g. `msgspec.to_builtins(Intent)`."""


class NowPlaying(msgspec.Struct, frozen=True, kw_only=True):
    """The song that plays while a command is given."""

    artist: str
    track: str
    album: str | None = None


def prompt_text(version: str) -> str:
    """The prompt of a version. Raises FileNotFoundError for one that never was."""
    return files("djforge.interpreter").joinpath("prompts", f"{version}.txt").read_text(encoding="utf-8").strip()


def command_messages(
    prompt: str, command: str, history: Sequence[Turn], playing: NowPlaying | None
) -> list[dict[str, str]]:
    """System prompt, what plays, the newest turns oldest first (each answered in JSON), the command."""
    messages = _opening(prompt, playing)
    for turn in history[-HISTORY_TURNS:]:
        messages.append({"role": "user", "content": turn.command})
        messages.append({"role": "assistant", "content": _in_json(turn)})
    messages.append({"role": "user", "content": command})
    return messages


def question_messages(
    prompt: str, command: str, history: Sequence[Turn], playing: NowPlaying | None
) -> list[dict[str, str]]:
    """The same for a question that is answered in plain text."""
    messages = _opening(prompt, playing)
    for turn in history[-HISTORY_TURNS:]:
        messages.append({"role": "user", "content": turn.command})
        messages.append({"role": "assistant", "content": turn.reply[:REPLY_CHARS] or "(no answer)"})
    messages.append({"role": "user", "content": command})
    return messages


def _opening(prompt: str, playing: NowPlaying | None) -> list[dict[str, str]]:
    messages = [{"role": "system", "content": prompt}]
    if playing is not None:
        told = {"artist": playing.artist, "track": playing.track, "album": playing.album}
        content = PLAYING_NOW + json.dumps({k: v for k, v in told.items() if v}, ensure_ascii=False)
        messages.append({"role": "system", "content": content})
    return messages


def _in_json(turn: Turn) -> str:
    """What a model would have answered, with what the person saw in the end as its message. Choices go
    along, so that "the second one" can be understood."""
    said = {
        name: value for name, value in turn.intent.items() if name not in _LEFT_OUT and value not in (None, [], {})
    }
    options = turn.intent.get("options")
    if isinstance(options, list) and options:
        said["options"] = [
            {"label": option.get("label"), "value": option.get("value")}
            for option in options
            if isinstance(option, dict)
        ]
    said.setdefault("intent", "unknown")
    said["message"] = turn.reply[:REPLY_CHARS]
    return json.dumps(said, ensure_ascii=False, default=str)
