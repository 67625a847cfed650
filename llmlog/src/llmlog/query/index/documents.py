"""A log as the index holds it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain
from typing import Any

import tantivy

from llmlog.entry import LogEntry
from llmlog.query.folding import tokens
from llmlog.query.index import schema
from llmlog.query.index.order import LATEST_MS, rank
from llmlog.query.language import places
from llmlog.query.language.fields import FIELDS, comparable, flag

LONGEST_TERM = 16_000
"""Characters of a word or value in the index, which takes 65,530 bytes. Of what is longer the rest is not in it,
and the log bears the flag `cut:<field>`: then the index alone does not decide patterns (see Conditions)."""
LONGEST_SHOWN = 1_000
"""Characters of a value among the values of a facet."""


class Documents:
    """Makes documents. The name of a field is read once, not once a log."""

    def __init__(self, made: tantivy.Schema) -> None:
        self._schema = made
        self._flags = [(kind, name) for kind in ("is", "has") for name in FIELDS[kind].known if name != "mine"]

    def of(self, entry: LogEntry, day: int | None = None) -> tantivy.Document:
        """The document of one log. day: under which it stands in the store, where not that of its timestamp."""
        values: dict[str, Any] = {
            "id": entry.id,
            schema.folded("id"): comparable("id", entry.id),
            "rank": rank(entry.timestamp, entry.id),
            "ts": min(max(0, entry.timestamp), LATEST_MS),
            "day": schema.day_of(entry.timestamp) if day is None else day,
        }
        flags = [f"{kind}:{name}" for kind, name in self._flags if flag(kind, name, entry)]
        for name in schema.EXACT:
            found = _texts(name, entry)
            if found:
                plain = [comparable(name, value) for value in found]
                values[name] = [value[:LONGEST_SHOWN] for value in found]
                values[schema.folded(name)] = [value[:LONGEST_TERM] for value in plain]
                flags += _cut(name, plain)
        for name in schema.NUMBERS:
            number = _number(name, entry)
            if number is not None:
                values[name] = number
        for name in schema.TEXTS:
            texts = [text for text in _texts(name, entry) if text]
            if texts:
                words = [tokens(text) for text in texts]
                values[schema.words(name)] = _in_a_row(words)
                flags += [f"any:{name}", *_cut(name, chain.from_iterable(words))]
        values["flag"] = flags
        return tantivy.Document.from_dict(values, self._schema)


def _cut(name: str, values: Iterable[str]) -> list[str]:
    return [f"cut:{name}"] if any(len(value) > LONGEST_TERM for value in values) else []


def _texts(name: str, entry: LogEntry) -> tuple[str, ...]:
    if name == schema.MESSAGE:
        return places.last_user_message(entry)
    read = FIELDS[name].texts
    return read(entry) if read is not None else ()


def _number(name: str, entry: LogEntry) -> float | None:
    """A number as the index compares it: no -0.0, which it holds to be less than 0.0, and nothing without end."""
    read = FIELDS[name].number
    number = read(entry) if read is not None else None
    if number is None or number != number:
        return None
    return float(max(-sys.float_info.max, min(sys.float_info.max, number))) + 0.0


def _in_a_row(texts: Iterable[Iterable[str]]) -> str:
    """The words of several texts, with something between the texts so that no phrase reaches across."""
    rows = (" ".join(word[:LONGEST_TERM] for word in words) for words in texts)
    return f" {schema.SEPARATOR} ".join(rows)
