"""What a query means for one log, and where its hits stand in a text: the reference that an index agrees with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from llmlog.entry import LogEntry
from llmlog.query.folding import folded, placed_tokens, tokens
from llmlog.query.language.expressions import Expression
from llmlog.query.language.fields import FIELDS, Field, flag, searched_texts
from llmlog.query.language.tree import (
    Anything,
    Exact,
    Flag,
    Moment,
    Numbers,
    Pattern,
    Query,
    Regex,
    Term,
    Value,
    Words,
)
from llmlog.query.language.words import fits

_VERSION = re.compile(r"\Av[0-9]+:")


def matches(query: Query, entry: LogEntry, mine: frozenset[str] = frozenset()) -> bool:
    """Whether a log is what the query asks for. mine: pseudonyms of whoever asks, for `is:mine`."""
    return Matcher(query, mine).matches(entry)


class Matcher:
    """A query made ready for many logs; safe from any thread."""

    def __init__(self, query: Query, mine: frozenset[str] = frozenset()) -> None:
        self._terms = sorted(query.terms, key=_effort)
        self._mine = mine
        self._expressions = {value.source: Expression(value.source) for value in _regexes(query.terms)}

    def matches(self, entry: LogEntry) -> bool:
        """Whether every term holds for a log."""
        reading = _Reading(entry)
        return all(self._holds(term, reading) for term in self._terms)

    def _holds(self, term: Term, reading: _Reading) -> bool:
        field = FIELDS[term.field] if term.field is not None else None
        return any(self._value_holds(field, value, reading) for value in term.values) != term.negated

    def _value_holds(self, field: Field | None, value: Value, reading: _Reading) -> bool:
        entry = reading.entry
        if isinstance(value, Moment):
            since = field is not None and field.name == "since"
            return entry.timestamp >= value.at_ms if since else entry.timestamp < value.at_ms
        if isinstance(value, Flag):
            return flag(field.name if field is not None else "", value.name, entry, self._mine)
        if field is not None and field.number is not None:
            number = field.number(entry)
            return number is not None and (not isinstance(value, Numbers) or value.holds(number))
        return any(self._text_holds(field, value, text) for text in reading.texts(field))

    def _text_holds(self, field: Field | None, value: Value, text: _Text) -> bool:
        if isinstance(value, Words):
            return text.has(value.tokens)
        if isinstance(value, Regex):
            return self._expressions[value.source].occurs_in(text.raw)
        key = field is not None and field.kind == "key"
        if isinstance(value, Exact):
            return text.key.startswith(value.folded) if key else text.plain == value.folded
        if isinstance(value, Pattern):
            return fits(value.folded, text.key if key else text.plain)
        return isinstance(value, Anything)


class _Text:
    """One text of a log; folded and cut into words at most once."""

    def __init__(self, raw: str) -> None:
        self.raw = raw

    @cached_property
    def plain(self) -> str:
        """Folded."""
        return folded(self.raw)

    @cached_property
    def key(self) -> str:
        """A folded pseudonym without the version of its key."""
        return _VERSION.sub("", self.plain)

    @cached_property
    def tokens(self) -> list[str]:
        """Its words."""
        return tokens(self.raw)

    def has(self, wanted: tuple[str, ...]) -> bool:
        """Whether the wanted tokens stand in a row."""
        if not all(part in self.plain for token in wanted for part in token.split("*")):
            return False
        return next(_places(wanted, self.tokens), None) is not None


class _Reading:
    """The texts of one log, each read at most once however many terms ask for it."""

    def __init__(self, entry: LogEntry) -> None:
        self.entry = entry
        self._texts: dict[str | None, list[_Text]] = {}

    def texts(self, field: Field | None) -> list[_Text]:
        """The texts of a field; of None, those that free words look in."""
        name = field.name if field is not None else None
        if name not in self._texts:
            self._texts[name] = [_Text(raw) for raw in self._raw(field)]
        return self._texts[name]

    def _raw(self, field: Field | None) -> Iterable[str]:
        if field is None:
            return searched_texts(self.entry)
        return field.texts(self.entry) if field.texts is not None else ()


def highlights(query: Query, text: str, field: str | None = None) -> list[tuple[int, int]]:
    """Where the query's words, phrases and expressions stand in a text: (start, end) in characters of the text.

    Sorted, not overlapping. field: the field that the text is of; its own terms are marked then, beside free text.
    """
    terms = [term for term in query.terms if not term.negated and term.field in (None, field)]
    placed = placed_tokens(text)
    words = [token.text for token in placed]
    hits: list[tuple[int, int]] = []
    for value in (value for term in terms for value in term.values):
        if isinstance(value, Regex):
            hits += Expression(value.source).hits(text)
        elif isinstance(value, Words):
            last = len(value.tokens) - 1
            hits += [(placed[at].start, placed[at + last].end) for at in _places(value.tokens, words)]
    return _merged(hits)


def _places(wanted: tuple[str, ...], words: list[str]) -> Iterator[int]:
    """Where the wanted tokens stand in a row."""
    first, *rest = wanted
    starts = _equal(first, words) if "*" not in first else (n for n, word in enumerate(words) if fits(first, word))
    for at in starts:
        row = words[at + 1 : at + len(wanted)]
        if len(row) == len(rest) and all(map(fits, rest, row)):
            yield at


def _equal(wanted: str, words: list[str]) -> Iterator[int]:
    """Where a word stands; `index` looks through a long text thirty times as fast as a loop does."""
    at = -1
    try:
        while True:
            at = words.index(wanted, at + 1)
            yield at
    except ValueError:
        return


def _merged(hits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(hits):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _regexes(terms: Iterable[Term]) -> Iterator[Regex]:
    return (value for term in terms for value in term.values if isinstance(value, Regex))


def _effort(term: Term) -> int:
    """Expressions last, texts before them, everything else first."""
    if any(_regexes([term])):
        return 2
    return 1 if any(isinstance(value, Words) for value in term.values) else 0
