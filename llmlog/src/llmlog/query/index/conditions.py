"""A query of ours as one of the index's.

What the index cannot decide (regular expressions, `request:`, patterns within a phrase or with much in them)
becomes a condition that lets too much through, and the answer says so: then each candidate is compared as a whole
(language/matching.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import tantivy
from tantivy import FieldType, Occur

from llmlog.query.index import schema
from llmlog.query.index.documents import LONGEST_TERM
from llmlog.query.language import Query, Term, Value
from llmlog.query.language.fields import FIELDS
from llmlog.query.language.tree import Anything, Exact, Flag, Moment, Numbers, Pattern, Regex, Words

MOST_STARS = 3
LONGEST_PATTERN = 60
LONGEST_BEGINNING = 120
"""Characters. The index takes patterns of up to 1,000 states, and tells which only after it has tried for long."""
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&~-]")


class Condition(NamedTuple):
    """A condition for the index."""

    query: tantivy.Query
    exact: bool = True
    """Whether it lets just the right logs through, not more."""


class Conditions:
    """Translates queries for one index. Safe from any thread."""

    def __init__(self, made: tantivy.Schema, cut: frozenset[str] = frozenset()) -> None:
        """cut: fields of which some log has a value or word that is not in the index to its end."""
        self._schema = made
        self._cut = cut

    def of(self, query: Query, mine: frozenset[str] = frozenset()) -> Condition:
        """The condition of a whole query. mine: pseudonyms of whoever asks, for `is:mine`."""
        parts: list[tuple[Occur, tantivy.Query]] = [(Occur.Must, tantivy.Query.all_query())]
        exact = True
        for term in query.terms:
            condition = self._term(term, mine)
            exact = exact and condition.exact
            if not term.negated:
                parts.append((Occur.Must, condition.query))
            elif condition.exact:
                parts.append((Occur.MustNot, condition.query))
        return Condition(tantivy.Query.boolean_query(parts), exact)

    def after(self, lowest_ms: int | None, highest_ms: int | None) -> tantivy.Query:
        """Logs from one moment on and before another."""
        return tantivy.Query.range_query(
            self._schema, "ts", FieldType.Unsigned, lowest_ms, highest_ms, include_upper=highest_ms is None
        )

    def up_to(self, rank: int) -> tantivy.Query:
        """Logs of a rank and of lower ones."""
        return tantivy.Query.range_query(self._schema, "rank", FieldType.Unsigned, None, rank)

    def above(self, rank: int) -> tantivy.Query:
        """Logs of a higher rank."""
        return tantivy.Query.range_query(self._schema, "rank", FieldType.Unsigned, rank + 1, None)

    def term_is(self, field: str, value: str | int) -> tantivy.Query:
        """Logs with a value in a field of the index."""
        return tantivy.Query.term_query(self._schema, field, value, "basic")

    def _term(self, term: Term, mine: frozenset[str]) -> Condition:
        return _any([self._value(term.field, value, mine) for value in term.values])

    def _value(self, field: str | None, value: Value, mine: frozenset[str]) -> Condition:
        if isinstance(value, Words | Regex) and (field is None or FIELDS[field].kind == "text"):
            return self._words_in(field, value)
        if isinstance(value, Flag):
            return self._flag(field or "", value.name, mine)
        if isinstance(value, Moment):
            return Condition(self._moment(field, value))
        assert field is not None
        if isinstance(value, Numbers):
            return Condition(self._numbers(field, value))
        if isinstance(value, Anything):
            return self._present(field)
        return self._exact(field, value)

    # -- texts --------------------------------------------------------------------------------------

    def _words_in(self, field: str | None, value: Words | Regex) -> Condition:
        if field == "request":
            return Condition(tantivy.Query.all_query(), exact=False)
        names = schema.TEXTS if field is None else (field,)
        if isinstance(value, Regex):
            return Condition(_or([self.term_is("flag", f"any:{name}") for name in names]), exact=False)
        if len(value.tokens) == 1:
            return _any([self._word(name, value.tokens[0]) for name in names])
        return _any([self._row(name, value.tokens) for name in names])

    def _word(self, name: str, word: str) -> Condition:
        place = schema.words(name)
        if "*" in word:
            return self._pattern(name, place, word)
        return self._whole(place, word, "position")

    def _row(self, name: str, row: Sequence[str]) -> Condition:
        """Words next to each other; all of them where one is a pattern."""
        if any("*" in word or len(word) > LONGEST_TERM for word in row):
            return Condition(_and([self._word(name, word).query for word in row]), exact=False)
        return Condition(tantivy.Query.phrase_query(self._schema, schema.words(name), list(row)))

    # -- values -------------------------------------------------------------------------------------

    def _exact(self, field: str, value: Exact | Pattern | Regex | Words) -> Condition:
        if isinstance(value, Regex | Words):
            return Condition(self._present(field).query, exact=False)
        place = schema.folded(field)
        if isinstance(value, Pattern):
            return self._pattern(field, place, value.folded)
        if FIELDS[field].kind == "key":
            return self._pattern(field, place, value.folded, begins=True)
        return self._whole(place, value.folded, "basic")

    def _whole(self, place: str, value: str, kept: str) -> Condition:
        """A word or value as a whole. kept: what the index keeps of a term there."""
        if not _can_occur(value):
            return Condition(tantivy.Query.empty_query())
        term = tantivy.Query.term_query(self._schema, place, value[:LONGEST_TERM], kept)
        return Condition(term, exact=len(value) <= LONGEST_TERM)

    def _pattern(self, name: str, place: str, pattern: str, *, begins: bool = False) -> Condition:
        """A word or value as a pattern says; begins: as it begins, a star being an ordinary sign."""
        parts = [pattern, ""] if begins else pattern.split("*")
        if not _can_occur(pattern):
            return Condition(tantivy.Query.empty_query())
        longest = LONGEST_PATTERN if any(parts[1:]) else LONGEST_BEGINNING
        exact = len(parts) <= MOST_STARS + 1 and len(pattern) <= longest
        if not exact:
            parts = [parts[0][:LONGEST_BEGINNING], ""]
        if not any(parts):
            return Condition(self._present(name).query, exact=False)
        found = tantivy.Query.regex_query(self._schema, place, "(?s)" + ".*".join(map(_literally, parts)))
        if name not in self._cut or not any(parts[1:]):
            return Condition(found, exact)
        return Condition(_or([found, self.term_is("flag", f"cut:{name}")]), exact=False)

    def _present(self, field: str) -> Condition:
        if field == "request":
            return Condition(tantivy.Query.all_query(), exact=False)
        if field == "id":
            return Condition(tantivy.Query.all_query())
        if field in schema.TEXTS:
            return Condition(self.term_is("flag", f"any:{field}"))
        return Condition(tantivy.Query.exists_query(field))

    def _numbers(self, field: str, value: Numbers) -> tantivy.Query:
        if value.low is None and value.high is None:
            return tantivy.Query.exists_query(field)
        low_included = value.low is None or value.low_included  # an open end must be called included
        high_included = value.high is None or value.high_included
        return tantivy.Query.range_query(
            self._schema, field, FieldType.Float, value.low, value.high, low_included, high_included
        )

    def _flag(self, field: str, name: str, mine: frozenset[str]) -> Condition:
        if (field, name) == ("is", "mine"):
            return Condition(_or([self.term_is("user", pseudonym) for pseudonym in sorted(mine)]))
        return Condition(self.term_is("flag", f"{field}:{name}"))

    def _moment(self, field: str | None, value: Moment) -> tantivy.Query:
        at_ms = max(0, value.at_ms)
        return self.after(at_ms, None) if field == "since" else self.after(None, at_ms)


def _literally(text: str) -> str:
    """A text as a regular expression of the index."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def _can_occur(text: str) -> bool:
    """Whether a stored text can have it: a lone surrogate is in none, and the index does not take one."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def cut_fields(searcher: tantivy.Searcher) -> frozenset[str]:
    """Fields of which a log has a value or word that is not in the index to its end."""
    names = {*schema.EXACT, *schema.TEXTS}
    return frozenset(name for name in names if searcher.doc_freq("flag", f"cut:{name}"))


def _or(queries: Iterable[tantivy.Query]) -> tantivy.Query:
    found = list(queries)
    if not found:
        return tantivy.Query.empty_query()
    return found[0] if len(found) == 1 else tantivy.Query.boolean_query([(Occur.Should, each) for each in found])


def _and(queries: Iterable[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(Occur.Must, each) for each in queries])


def _any(conditions: Sequence[Condition]) -> Condition:
    return Condition(_or(each.query for each in conditions), all(each.exact for each in conditions))
