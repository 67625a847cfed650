"""Making any Python value fit to be kept: JSON-able, bounded, and with its secrets masked.

A value that is already clean is given back as it is, without a copy. What does not fit is made to fit and said
so: text over the limit is cut, deep nesting and endless lists end in a marker, objects become their `repr`,
lone surrogates become visible escapes (`\\ud800`), bytes become base64. Paths of what was cut end up in
`LogEntry.truncated`, counts of what was masked in `LogEntry.masked`.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

import msgspec

from llmlog.capture.masking import Masker
from llmlog.capture.secrets import SECRET_KEY, masked

TEXT_LIMIT = 1_000_000
"""Characters of one text; the plan of a log is to be read."""
DEPTH_LIMIT = 64
NODE_LIMIT = 100_000
"""Values in one entry, which also ends structures that contain themselves."""
KEY_LIMIT = 1_000
"""Characters of one dictionary key."""
REPR_LIMIT = 2_000
LARGEST_INTEGER = 2**63 - 1
_AS_IT_IS = frozenset({bool, type(None)})


class Cleaner:
    """Cleans one entry: make one, pass the values through, then read `truncated` and `masked`."""

    __slots__ = ("_escape", "_masker", "_nodes", "masked", "truncated")

    def __init__(self, masker: Masker, *, escape_surrogates: bool = False) -> None:
        self._masker = masker
        self._escape = escape_surrogates
        self._nodes = 0
        self.masked: dict[str, int] = {}
        self.truncated: list[str] = []

    def text(self, value: Any, path: str) -> str | None:
        """A text or None; anything else becomes text."""
        if value is None:
            return None
        if type(value) is not str:
            value = str.__str__(value) if issubclass(type(value), str) else _described(value)
        return self._text(value, path)

    def value(self, value: Any, path: str, depth: int = 0) -> Any:
        """Any value, fit to be kept."""
        kind = type(value)
        if kind is str:
            return self._text(value, path)
        if kind in _AS_IT_IS:
            return value
        if kind is dict:
            return self._dict(value, path, depth)
        if kind is list:
            return self._list(value, path, depth)
        if kind is int:
            return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else _number_text(value)
        if kind is float:
            return value if math.isfinite(value) else str(value)
        return self.value(_as_plain(value), path, depth + 1)

    def _text(self, text: str, path: str) -> str:
        if len(text) > TEXT_LIMIT:
            self.truncated.append(path)
            cut = len(text) - TEXT_LIMIT
            text = f"{text[:TEXT_LIMIT]}… [{cut:,} more characters were cut]"
        if self._escape:
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        return self._masker.mask(text, self.masked)

    def _too_much(self, path: str, depth: int) -> str | None:
        self._nodes += 1
        if depth >= DEPTH_LIMIT:
            self.truncated.append(path)
            return f"[nested deeper than {DEPTH_LIMIT} levels]"
        if self._nodes > NODE_LIMIT:
            if path not in self.truncated:
                self.truncated.append(path)
            return f"[more than {NODE_LIMIT:,} values]"
        return None

    def _list(self, values: list[Any], path: str, depth: int) -> Any:
        marker = self._too_much(path, depth)
        if marker is not None:
            return marker
        changed: list[Any] | None = None
        for index, value in enumerate(values):
            if self._nodes > NODE_LIMIT:
                self.truncated.append(path)
                return [
                    *(changed if changed is not None else values[:index]),
                    f"[more than {NODE_LIMIT:,} values]",
                ]
            self._nodes += 1
            kept = self.value(value, path, depth + 1)
            if changed is not None:
                changed.append(kept)
            elif kept is not value:
                changed = [*values[:index], kept]
        return values if changed is None else changed

    def _dict(self, values: dict[Any, Any], path: str, depth: int) -> Any:
        marker = self._too_much(path, depth)
        if marker is not None:
            return marker
        changed: dict[str, Any] | None = None
        for index, (key, value) in enumerate(values.items()):
            self._nodes += 1
            if self._nodes > NODE_LIMIT:
                self.truncated.append(path)
                kept_so_far = changed if changed is not None else dict(list(values.items())[:index])
                return {**kept_so_far, "…": f"[more than {NODE_LIMIT:,} values]"}
            kept_key = self._key(key, path)
            inner_path = f"{path}.{kept_key}" if len(kept_key) < 40 else path
            kept = self._under_key(key, value, inner_path, depth)
            if changed is None and (kept is not value or kept_key is not key):
                changed = dict(list(values.items())[:index])
            if changed is not None:
                changed[kept_key] = kept
        return values if changed is None else changed

    def _under_key(self, key: Any, value: Any, path: str, depth: int) -> Any:
        if type(key) is str and type(value) is str and len(key) < 40 and value and SECRET_KEY.fullmatch(key):
            self.masked["named_secret"] = self.masked.get("named_secret", 0) + 1
            return masked("named_secret")
        return self.value(value, path, depth + 1)

    def _key(self, key: Any, path: str) -> str:
        text = key if type(key) is str else _key_text(key)
        if len(text) > KEY_LIMIT:
            self.truncated.append(path)
            text = text[:KEY_LIMIT] + "…"
        if self._escape:
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        return self._masker.mask(text, self.masked)


def _number_text(value: int) -> str:
    """An integer JSON readers would round, as text; hexadecimal where decimal digits would take too long."""
    return str(value) if value.bit_length() < 10_000 else hex(value)


def _key_text(key: Any) -> str:
    """A dictionary key as JSON would have it."""
    if issubclass(type(key), str):
        return str.__str__(key)
    if key is None or type(key) is bool:
        return {None: "null", True: "true", False: "false"}[key]
    if type(key) is int:
        return _number_text(key)
    return _described(key)


def _as_plain(value: Any) -> Any:
    """One step from an object towards JSON; its description where the object itself breaks."""
    try:
        return _unwrapped(value)
    except Exception:  # noqa: BLE001 - a broken object of the host must not cost the rest of the log
        return _described(value)


def _unwrapped(value: Any) -> Any:
    """Its fields, its items, or its description."""
    if isinstance(value, Enum):
        return value.value if value.value is not value else value.name
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    if isinstance(value, msgspec.Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {encoded: getattr(value, name) for encoded, name in names}
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is not None:
        return {name: getattr(value, name, None) for name in fields}
    if isinstance(value, bool | int | float):  # a subclass, as numpy and IntEnum have them
        return float(value) if isinstance(value, float) else int(value)
    return _described(value)


def _described(value: Any) -> str:
    """The `repr` of an object; a marker where even that fails."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a broken __repr__ of the host's object must not cost the log
        return f"[a {type(value).__name__} that cannot be shown]"
    return text if len(text) <= REPR_LIMIT else text[:REPR_LIMIT] + "…"
