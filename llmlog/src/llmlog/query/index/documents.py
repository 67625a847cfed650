"""A log as the index holds it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import tantivy

from llmlog.entry import LogEntry
from llmlog.query.folding import tokens
from llmlog.query.index import schema
from llmlog.query.index.order import rank
from llmlog.query.language import places
from llmlog.query.language.fields import FIELDS, comparable, flag

LONGEST_VALUE = 1_000
"""Characters of an exact field; what is longer is found by its beginning with `*`."""
LONGEST_WORD = 200
"""Longer runs (a base64 text) are cut into pieces of this length, which no one types as a word."""


class Documents:
    """Makes documents. The name of a field is read once, not once a log."""

    def __init__(self, made: tantivy.Schema) -> None:
        self._schema = made
        self._flags = [(kind, name) for kind in ("is", "has") for name in FIELDS[kind].known if name != "mine"]

    def of(self, entry: LogEntry) -> tantivy.Document:
        """The document of one log."""
        values: dict[str, Any] = {
            "id": entry.id,
            schema.folded("id"): comparable("id", entry.id),
            "rank": rank(entry.timestamp, entry.id),
            "ts": max(0, entry.timestamp),
            "day": schema.day_of(entry.timestamp),
        }
        flags = [f"{kind}:{name}" for kind, name in self._flags if flag(kind, name, entry)]
        for name in schema.EXACT:
            found = [value[:LONGEST_VALUE] for value in _texts(name, entry)]
            if found:
                values[name] = found
                values[schema.folded(name)] = [comparable(name, value) for value in found]
        for name in schema.NUMBERS:
            number = _number(name, entry)
            if number is not None:
                values[name] = number
        for name in schema.TEXTS:
            texts = [text for text in _texts(name, entry) if text]
            if texts:
                values[schema.words(name)] = _words(texts)
                flags.append(f"any:{name}")
        values["flag"] = flags
        return tantivy.Document.from_dict(values, self._schema)


def word_pieces(word: str) -> list[str]:
    """A word as the index holds it."""
    return [word[at : at + LONGEST_WORD] for at in range(0, len(word), LONGEST_WORD)]


def _texts(name: str, entry: LogEntry) -> tuple[str, ...]:
    if name == schema.MESSAGE:
        return places.last_user_message(entry)
    read = FIELDS[name].texts
    return read(entry) if read is not None else ()


def _number(name: str, entry: LogEntry) -> float | None:
    read = FIELDS[name].number
    number = read(entry) if read is not None else None
    return float(number) if number is not None and math.isfinite(number) else None


def _words(texts: Iterable[str]) -> str:
    pieces: list[str] = []
    for text in texts:
        if pieces:
            pieces.append(schema.SEPARATOR)
        for word in tokens(text):
            pieces += word_pieces(word)
    return " ".join(pieces)
