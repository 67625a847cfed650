"""A `Query` to text: fields first in the order of `fields.FIELDS`, then text as typed.

Invariant: `unplaced(parse(printed(query), …)) == unplaced(ordered(query))`, with the same clock.
"""

from __future__ import annotations

from llmlog.query.language.faults import QuerySyntaxError, quoted
from llmlog.query.language.fields import FIELDS
from llmlog.query.language.parse import parse
from llmlog.query.language.tree import (
    Anything,
    Exact,
    Flag,
    Query,
    Regex,
    Term,
    Value,
    Words,
    unplaced,
)

_OPERATORS = frozenset({"OR", "AND", "NOT", "||", "&&"})


def printed(query: Query) -> str:
    """The query as text that means the same."""
    return " ".join(_term(term) for term in ordered(query).terms)


def ordered(query: Query) -> Query:
    """The query with its fields first, in their fixed order."""
    places = {name: place for place, name in enumerate(FIELDS)}
    terms = sorted(query.terms, key=lambda term: places.get(term.field or "", len(places)))
    return Query(terms=tuple(terms), text=query.text)


def _term(term: Term) -> str:
    field = f"{term.field}:" if term.field is not None else ""
    values = ",".join(_value(field, value) for value in term.values)
    return f"{'-' if term.negated else ''}{field}{values}"


def _value(field: str, value: Value) -> str:
    if isinstance(value, Anything):
        return "*"
    if isinstance(value, Regex):
        return _regex(value.source)
    if isinstance(value, Flag):
        return value.name
    if not isinstance(value, Words | Exact) or _reads_as(field, value):
        return value.text
    return quoted(value.text)


def _reads_as(field: str, value: Words | Exact) -> bool:
    """Whether the text without quotes means this value; where quotes would lose a `*`, it does."""
    if isinstance(value, Words) and any("*" in token.rstrip("*") or token == "*" for token in value.tokens):
        return True
    if value.text in _OPERATORS or value.text.startswith("-"):
        return False
    alone = Term(field=field.rstrip(":") or None, values=(value,))
    try:
        return unplaced(parse(field + value.text, now_ms=0)) == unplaced(Query(terms=(alone,)))
    except QuerySyntaxError:
        return False


def _regex(source: str) -> str:
    """The source between two /, each / within it escaped; escapes of other characters are kept as they are."""
    parts = []
    at = 0
    while at < len(source):
        step = 2 if source[at] == "\\" else 1
        part = source[at : at + step]
        parts.append("\\/" if part == "/" else part)
        at += step
    return f"/{''.join(parts)}/"
