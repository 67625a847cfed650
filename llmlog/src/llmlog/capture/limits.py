"""The bound on one entry: over 8 MB it loses its largest bodies first, and says which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from llmlog.entry import LogEntry

ENTRY_LIMIT_BYTES = 8 * 1024 * 1024

_BODIES: tuple[tuple[str, Any], ...] = (
    ("raw", None),
    ("headers", None),
    ("llm_request", None),
    ("llm_response", None),
    ("steps", []),
    ("interpretation", None),
    ("attempts", []),
    ("tags", {}),
    ("command", None),
    ("result", None),
    ("error", None),
)

Encode = Callable[[Any], bytes]


class EntryTooLarge(Exception):
    """Even without its bodies the entry is over the limit."""


def within_limit(entry: LogEntry, encode: Encode, limit_bytes: int = ENTRY_LIMIT_BYTES) -> bytes:
    """The encoded entry, at most `limit_bytes` long. Raises EntryTooLarge when nothing is left to drop."""
    body = encode(entry)
    if len(body) <= limit_bytes:
        return body
    sizes = {name: len(encode(getattr(entry, name))) for name, _ in _BODIES}
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        entry = _without(entry, name, sizes[name])
        body = encode(entry)
        if len(body) <= limit_bytes:
            return body
    raise EntryTooLarge


def _without(entry: LogEntry, name: str, size: int) -> LogEntry:
    note = [*entry.truncated, f"{name}: {size:,} bytes left out"]
    current = getattr(entry, name)
    kept: Any = dict(_BODIES)[name]
    if name == "llm_request":
        kept = {**_fields(current), "messages": [], "params": None}
    elif name == "llm_response":
        kept = {**_fields(current), "content": None, "reasoning": None, "toolCalls": None, "rawUsage": None}
    return msgspec.structs.replace(entry, truncated=note, **{name: kept})


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, msgspec.Raw):
        value = msgspec.json.decode(value)
    return dict(value) if isinstance(value, dict) else dict(msgspec.to_builtins(value) or {})
