"""Typed text to a `Query`, in one pass. Nothing is silently passed over: what cannot be read is an error.

The grammar is `docs/query-language.md`; the 20 errors a person is likely to meet are a table in the tests.
"""

from __future__ import annotations

import re
from datetime import UTC, tzinfo

from llmlog.query.language.expressions import MAX_SOURCE_CHARACTERS, BadExpression, Expression
from llmlog.query.language.faults import QuerySyntaxError, nearest, quoted
from llmlog.query.language.fields import NAMES, Field
from llmlog.query.language.numbers import only_one
from llmlog.query.language.times import Now
from llmlog.query.language.tree import Query, Regex, Term, Value
from llmlog.query.language.values import Typed, needs_value, value_of, words_of

MAX_CHARACTERS = 1_000
MAX_EXPRESSIONS = 5
"""Regular expressions in a query; each costs up to 0.1 s on the longest text."""
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"'})
_FIELD = re.compile(r"([^\W\d][\w.-]*):")
_TEXT_SCHEMES = frozenset({"spotify", "http", "https", "urn"})
_WORD = re.compile(r"\S*")
_VALUE = re.compile(r"[^\s,]*")
_NOT_CLOSED = "A term that starts with / is a regular expression and needs a closing /."
_GOES_ON = "A term that starts with / is a regular expression and must end at its second /."
_OR = (
    "OR is not supported. For alternatives in one field use a comma (model:claude*,gpt*); for alternative words "
    "use /jazz|swing/."
)
_NOT = "To exclude something, put - in front of it: -jazz or -status:error."
_BRACKETS = "Brackets are not supported. All terms must match; use a comma for alternatives: model:claude*,gpt*."
_STAR = "* alone matches every log. Leave the search empty instead."


def parse(text: str, now_ms: int, tz: tzinfo = UTC) -> Query:
    """What a typed query means. now_ms, tz: what `2h` and `today` count from. Raises QuerySyntaxError."""
    if len(text) > MAX_CHARACTERS:
        raise QuerySyntaxError("The query is longer than 1,000 characters.", MAX_CHARACTERS, len(text))
    query = Query(terms=_Reader(text, Now(now_ms, tz)).terms(), text=text)
    _refuse_empty_time(query)
    return query


def _refuse_empty_time(query: Query) -> None:
    since_ms, until_ms = query.since_ms(), query.until_ms()
    if since_ms is None or until_ms is None or since_ms < until_ms:
        return
    last = [term for term in query.terms if term.field in ("since", "until")][-1]
    raise QuerySyntaxError("This time range is empty: since: must be before until:.", last.start, last.end)


class _Reader:
    """One pass over a text: `_at` is the place of the next character."""

    def __init__(self, text: str, now: Now) -> None:
        self._text = text.translate(_STRAIGHT)
        self._now = now
        self._at = 0
        self._terms: list[Term] = []
        self._signs: QuerySyntaxError | None = None
        self._expressions = 0

    def terms(self) -> tuple[Term, ...]:
        """All of them. Raises QuerySyntaxError."""
        while self._skip_spaces():
            term = self._term()
            if term is not None:
                self._terms.append(term)
        if self._signs is not None and not self._terms:
            raise self._signs
        return tuple(self._terms)

    def _skip_spaces(self) -> bool:
        """Whether anything is left."""
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at < len(self._text)

    def _peek(self, ahead: int = 0) -> str:
        """The next character, or nothing at the end."""
        return self._text[self._at + ahead : self._at + ahead + 1]

    def _ended(self) -> bool:
        """Whether a term or value cannot go on here."""
        return not self._peek() or self._peek().isspace()

    # -- terms ----------------------------------------------------------------------------------------

    def _term(self) -> Term | None:
        start = self._at
        negated = self._peek() == "-" and bool(self._peek(1).strip())
        if negated:
            self._at += 1
        if self._peek() in "()":
            raise QuerySyntaxError(_BRACKETS, self._at, self._at + 1)
        field = self._field()
        if field is not None:
            values = self._filter(field, start, negated)
            return Term(start=start, end=self._at, field=field.name, values=values, negated=negated)
        value = self._free(negated)
        if value is None:
            return None
        return Term(start=start, end=self._at, values=(value,), negated=negated)

    def _free(self, negated: bool) -> Value | None:
        """A phrase, expression or word; None for what only joins words."""
        if self._peek() == '"':
            return words_of(self._phrase())
        if self._peek() == "/":
            return self._regex()
        word = self._take(_WORD)
        if not negated and self._joins(word):
            return None
        if not word.text.strip("*"):
            rest = self._text[: word.start - negated] + self._text[word.end :]
            raise QuerySyntaxError(_STAR, word.start, word.end, rest.strip())
        try:
            return words_of(word)
        except QuerySyntaxError as error:
            if negated or any(char.isalnum() for char in word.text):
                raise
            self._signs = self._signs or error
            return None  # the & of “Earth, Wind & Fire” stands between words as a comma does

    def _joins(self, word: Typed) -> bool:
        """Whether a word is an operator that may be left out. Raises QuerySyntaxError for the others."""
        more = bool(self._text[word.end :].strip())
        if word.text in ("OR", "||") and self._terms:
            raise QuerySyntaxError(_OR, word.start, word.end)
        if word.text == "NOT" and more:
            rest = self._text[word.end :].lstrip()
            fix = None if rest.startswith("-") else f"{self._text[: word.start]}-{rest}"
            raise QuerySyntaxError(_NOT, word.start, word.end, fix)
        return word.text in ("AND", "&&") and bool(self._terms) and more

    # -- filters --------------------------------------------------------------------------------------

    def _field(self) -> Field | None:
        """The field that a filter begins with, its colon taken; None where text begins."""
        found = _FIELD.match(self._text, self._at)
        if found is None or found[1].lower() in _TEXT_SCHEMES:
            return None
        field = NAMES.get(found[1].lower())
        after = self._text[found.end() : found.end() + 1]
        if field is None and after.strip():
            raise self._no_field(found)
        if field is not None:
            self._at = found.end()
        return field

    def _no_field(self, found: re.Match[str]) -> QuerySyntaxError:
        name = found[1]
        meant = nearest(name, NAMES)
        field = NAMES[meant].name if meant is not None else None
        advice = f"Did you mean {field}:?" if field is not None else "Press ? for the list of fields."
        word = self._text[self._at : _end_of(self._text, found.end())]
        fix = f"{self._text[: self._at]}{field}{self._text[found.end() - 1 :]}" if field is not None else None
        sentence = f"There is no field “{name}”. {advice} To search for this text, put it in quotes: "
        return QuerySyntaxError(
            f"{sentence}{quoted(word.replace(chr(34), ''))}.", found.start(), found.end() - 1, fix
        )

    def _filter(self, field: Field, start: int, negated: bool) -> tuple[Value, ...]:
        first = self._at
        if negated and field.kind == "time":
            raise QuerySyntaxError(f"{field.name}: cannot be excluded with -.", start, first)
        if self._ended():
            raise needs_value(field, start + negated, first, self._text)
        values = [self._value(field)]
        while self._peek() == ",":
            self._at += 1
            values.append(self._value(field))
        if len(values) > 1 and field.kind == "number":
            raise only_one(field, first, self._at)
        if len(values) > 1 and field.kind == "time":
            raise QuerySyntaxError(f"{field.name} takes one time, for example {field.name}:2h.", first, self._at)
        return tuple(values)

    def _value(self, field: Field) -> Value:
        open_valued = field.kind in ("text", "key") or (field.kind == "exact" and not field.known)
        if self._peek() == "/" and open_valued:
            return self._regex()
        typed = self._phrase() if self._peek() == '"' else self._take(_VALUE)
        if not typed.text:
            sentence = f"There is an empty alternative in {field.name}:. Remove the extra comma."
            raise QuerySyntaxError(sentence, typed.start - 1, typed.start)
        return value_of(field, typed, self._now)

    # -- pieces ---------------------------------------------------------------------------------------

    def _take(self, pattern: re.Pattern[str]) -> Typed:
        found = pattern.match(self._text, self._at)
        start, self._at = self._at, found.end() if found is not None else self._at
        return Typed(text=self._text[start : self._at], quoted=False, start=start, end=self._at)

    def _phrase(self) -> Typed:
        start = self._at
        at, parts = start + 1, []
        while self._text[at : at + 1] not in ('"', ""):
            at += self._text[at : at + 2] in ('\\"', "\\\\")
            parts.append(self._text[at])
            at += 1
        text = "".join(parts)
        if at >= len(self._text):
            fix = self._text[:start] + quoted(text) if text.strip() else None
            raise QuerySyntaxError("This quote is never closed.", start, at, fix)
        self._at = at + 1
        if not text:
            raise QuerySyntaxError("This quote is empty.", start, self._at)
        return Typed(text=text, quoted=True, start=start, end=self._at)

    def _regex(self) -> Regex:
        start = self._at
        at, parts = start + 1, []
        while self._text[at : at + 1] not in ("/", ""):
            step = 2 if self._text[at] == "\\" else 1
            part = self._text[at : at + step]
            parts.append("/" if part == "\\/" else part)
            at += step
        if at >= len(self._text):
            raise self._not_a_regex(_NOT_CLOSED, start)
        self._at = at + 1
        if not self._ended() and self._peek() != ",":
            raise self._not_a_regex(_GOES_ON, start)
        self._expressions += 1
        if self._expressions > MAX_EXPRESSIONS:
            sentence = f"A query can have at most {MAX_EXPRESSIONS} regular expressions."
            raise QuerySyntaxError(sentence, start, self._at)
        return _checked(Regex(start=start, end=self._at, source="".join(parts)))

    def _not_a_regex(self, sentence: str, start: int) -> QuerySyntaxError:
        end = _end_of(self._text, start)
        fix = self._text[:start] + quoted(self._text[start:end]) + self._text[end:]
        return QuerySyntaxError(f"{sentence} To search for the text itself, put it in quotes.", start, end, fix)


def _checked(regex: Regex) -> Regex:
    if not regex.source:
        raise QuerySyntaxError("This regular expression is empty.", regex.start, regex.end)
    if len(regex.source) > MAX_SOURCE_CHARACTERS:
        sentence = f"A regular expression can have at most {MAX_SOURCE_CHARACTERS} characters."
        raise QuerySyntaxError(sentence, regex.start, regex.end)
    try:
        Expression(regex.source)
    except BadExpression as error:
        sentence = f"This regular expression is not valid: {error.reason}."
        raise QuerySyntaxError(sentence, regex.start, regex.end) from None
    return regex


def _end_of(text: str, start: int) -> int:
    """Where the text that begins here ends: at the next space."""
    return start + len(text[start:].split(maxsplit=1)[0]) if text[start:].strip() else len(text)
