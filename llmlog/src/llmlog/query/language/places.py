"""Where in a `LogEntry` each field of the query language stands. Unknown values are left out, never empty text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from llmlog.entry import LogEntry
from llmlog.store.counters import intent_of

SLOW_MS = 5_000
"""`is:slow` is longer than this."""


def _at(entry: LogEntry, names: tuple[str, ...]) -> Any:
    value: Any = entry
    for name in names:
        if value is None:
            return None
        value = getattr(value, name)
    return value


def text_at(path: str) -> Callable[[LogEntry], tuple[str, ...]]:
    """Reads the text at a dotted path of attributes: one text, or none."""
    names = tuple(path.split("."))

    def read(entry: LogEntry) -> tuple[str, ...]:
        value = _at(entry, names)
        return (value,) if isinstance(value, str) and value else ()

    return read


def number_at(path: str) -> Callable[[LogEntry], float | None]:
    """Reads the number at a dotted path of attributes."""
    names = tuple(path.split("."))

    def read(entry: LogEntry) -> float | None:
        value = _at(entry, names)
        return value if isinstance(value, int | float) else None

    return read


def intent(entry: LogEntry) -> tuple[str, ...]:
    """What the command was understood as."""
    found = intent_of(entry.interpretation)
    return (found,) if found else ()


def tags(entry: LogEntry) -> tuple[str, ...]:
    """Each tag twice: its name, and `name=value`."""
    return tuple(text for name, value in entry.tags.items() for text in (name, f"{name}={_plain(value)}"))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def attempts(entry: LogEntry) -> float | None:
    """How many models were asked; None when nobody counted."""
    return len(entry.attempts) or None


def size_bytes(entry: LogEntry) -> float:
    """Bytes of the entry's JSON."""
    return len(msgspec.json.encode(entry))


def error(entry: LogEntry) -> tuple[str, ...]:
    """Message and type of the error."""
    if entry.error is None:
        return ()
    return tuple(text for text in (entry.error.message, entry.error.type) if text)


def messages_sent(entry: LogEntry) -> tuple[str, ...]:
    """The texts of all messages, system prompt included."""
    return tuple(text for message in entry.llm_request.messages for text in _texts_of(message))


def last_user_message(entry: LogEntry) -> tuple[str, ...]:
    """The texts of the newest message of role `user`."""
    for message in reversed(entry.llm_request.messages):
        if isinstance(message, dict) and message.get("role") == "user":
            return tuple(_texts_of(message))
    return ()


def _texts_of(message: Any) -> Iterator[str]:
    content = message.get("content") if isinstance(message, dict) else message
    parts = content if isinstance(content, list) else [content]
    for part in parts:
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str) and text:
            yield text


def _slow(entry: LogEntry) -> bool:
    latency_ms = entry.llm_response.latency if entry.llm_response is not None else None
    return latency_ms is not None and latency_ms > SLOW_MS


IS: Mapping[str, Callable[[LogEntry], Any]] = MappingProxyType(
    {
        "error": lambda entry: entry.status == "error",
        "ok": lambda entry: entry.status == "ok",
        "fallback": lambda entry: entry.status == "fallback",
        "slow": _slow,
        "truncated": lambda entry: entry.truncated,
        "masked": lambda entry: entry.masked,
        "stream": lambda entry: _at(entry, ("llm_response", "streamed")),
        "test": lambda entry: entry.source == "test",
    }
)
"""What `is:` knows, beside `mine`, which depends on who asks."""

HAS: Mapping[str, Callable[[LogEntry], Any]] = MappingProxyType(
    {
        "reasoning": lambda entry: _at(entry, ("llm_response", "reasoning")),
        "usage": lambda entry: _at(entry, ("llm_response", "usage")) is not None,
        "cost": lambda entry: _at(entry, ("llm_response", "cost", "usd")) is not None,
        "error": lambda entry: entry.error is not None,
        "tools": lambda entry: _at(entry, ("llm_response", "tool_calls")),
        "steps": lambda entry: entry.steps,
    }
)
"""What `has:` knows."""
