"""What a query says, as immutable nodes: all terms of a `Query` must hold, one value of a `Term` is enough.

`start` and `end` are character offsets into `Query.text` as it was typed; they count in `==`, so compare
`unplaced(query)` where only the meaning matters.
"""

from __future__ import annotations

import msgspec


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the typed text something stands."""

    start: int = 0
    end: int = 0


class Anything(_Placed, frozen=True, kw_only=True):
    """`field:*`: the field has a value."""


class Words(_Placed, frozen=True, kw_only=True):
    """A word, or words in a row: `tokens` stand next to each other in one text.

    Tokens are as `llmlog.query.folding.tokens` makes them. One with `*` in it is a pattern: any characters stand
    in place of each `*`, within one token. A `*` at the end is the common case, a prefix.
    """

    text: str
    """As typed, without quotes."""
    tokens: tuple[str, ...]


class Regex(_Placed, frozen=True, kw_only=True):
    """`/source/`: RE2 syntax, case ignored, anywhere in one text as it stands (not folded)."""

    source: str


class Exact(_Placed, frozen=True, kw_only=True):
    """The whole value, folded. For `user`, `session` and `id` its beginning, from six characters."""

    text: str
    """As typed, without quotes."""
    folded: str


class Pattern(_Placed, frozen=True, kw_only=True):
    """The whole value, folded, where each `*` stands for any characters."""

    text: str
    """As typed."""
    folded: str


class Numbers(_Placed, frozen=True, kw_only=True):
    """A range of numbers in the field's own unit (ms, tokens, US dollars, bytes); None is without end."""

    text: str
    """As typed, in small letters, e.g. `>2s` or `1s..3s`."""
    low: float | None = None
    high: float | None = None
    low_included: bool = True
    high_included: bool = True

    def holds(self, number: float) -> bool:
        """Whether a number lies in the range."""
        if self.low is not None and (number < self.low or (number == self.low and not self.low_included)):
            return False
        return self.high is None or number < self.high or (number == self.high and self.high_included)


class Flag(_Placed, frozen=True, kw_only=True):
    """`is:name` or `has:name`."""

    name: str


class Moment(_Placed, frozen=True, kw_only=True):
    """`since:` or `until:` a point in time. since: timestamp >= at_ms; until: timestamp < at_ms."""

    text: str
    """As typed, e.g. `2h` or `yesterday`."""
    at_ms: int
    """ms since the epoch (UTC)."""


Value = Anything | Words | Regex | Exact | Pattern | Numbers | Flag | Moment


class Term(_Placed, frozen=True, kw_only=True):
    """One condition: one of `values` holds, or none when `negated`.

    field: a name of `fields.FIELDS`, or None for free text (its one value is Words or Regex).
    """

    field: str | None = None
    values: tuple[Value, ...]
    negated: bool = False


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """All terms must hold; without terms every log matches."""

    terms: tuple[Term, ...] = ()
    text: str = ""
    """As it was typed."""

    def since_ms(self) -> int | None:
        """The latest `since:`, in ms since the epoch; logs from then on match."""
        return max(self._moments("since"), default=None)

    def until_ms(self) -> int | None:
        """The earliest `until:`, in ms since the epoch; logs before it match."""
        return min(self._moments("until"), default=None)

    def _moments(self, field: str) -> list[int]:
        return [
            value.at_ms
            for term in self.terms
            if term.field == field
            for value in term.values
            if isinstance(value, Moment)
        ]


def unplaced(query: Query) -> Query:
    """The query's meaning alone: without positions and typed text."""
    terms = (
        msgspec.structs.replace(
            term,
            start=0,
            end=0,
            values=tuple(msgspec.structs.replace(value, start=0, end=0) for value in term.values),
        )
        for term in query.terms
    )
    return Query(terms=tuple(terms))
