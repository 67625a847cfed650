"""One value of a filter, by the kind of its field."""

from __future__ import annotations

import re

import msgspec

from llmlog.query.folding import folded
from llmlog.query.language.faults import QuerySyntaxError, nearest
from llmlog.query.language.fields import KEY_CHARACTERS, Field
from llmlog.query.language.numbers import numbers
from llmlog.query.language.times import Now, moment_ms
from llmlog.query.language.tree import Anything, Exact, Flag, Moment, Pattern, Value, Words
from llmlog.query.language.words import fits, phrase_tokens, star_within_run, word_tokens

_COMPARE = re.compile(r"(>=|<=|>|<|=)(.*)", re.DOTALL)
_VERSION = re.compile(r"\Av[0-9]+:", re.IGNORECASE)
SHOWN_CHARACTERS = 60
"""Of typed text repeated in a sentence."""


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A value as it stands in the query, its quotes taken off."""

    text: str
    quoted: bool
    start: int
    end: int

    @property
    def starred(self) -> bool:
        """Whether a `*` in it means any characters."""
        return not self.quoted and "*" in self.text


def value_of(field: Field, typed: Typed, now: Now) -> Value:
    """What a typed value means for a field. Raises QuerySyntaxError."""
    if field.kind == "time":
        return _moment(field, typed, now)
    if field.kind == "flag":
        return _flag(field, typed)
    if typed.starred and not typed.text.strip("*"):
        return Anything(start=typed.start, end=typed.end)
    if field.kind == "number":
        return numbers(field, typed.text, typed.start, typed.end)
    if field.known:
        return _known(field, typed)
    _refuse_comparison(field, typed)
    if field.kind == "text":
        return words_of(typed)
    return _whole(field, typed)


def words_of(typed: Typed) -> Words:
    """The word or phrase of a typed text; raises QuerySyntaxError when there is nothing to search for."""
    if not typed.quoted and star_within_run(typed.text):
        raise QuerySyntaxError(
            "In Chinese, Japanese, Korean, Thai and between symbols, * works only at the end. Leave it out there, "
            "and write two words.",
            typed.start,
            typed.end,
        )
    tokens = phrase_tokens(typed.text) if typed.quoted else word_tokens(typed.text)
    if not tokens:
        raise QuerySyntaxError(
            f"There are no letters or digits in “{shown(typed.text)}”. To search for signs, use a regular "
            "expression, for example /[!?]/.",
            typed.start,
            typed.end,
        )
    return Words(start=typed.start, end=typed.end, text=typed.text, tokens=tokens)


def needs_value(field: Field, start: int, end: int, query: str) -> QuerySyntaxError:
    """The error for `field:` with nothing behind it."""
    name = field.name
    if field.kind == "time":
        return _needs_time(field, start, end)
    if field.kind == "flag":
        return QuerySyntaxError(f"{name}: needs a value. Known: {', '.join(field.known)}.", start, end)
    message = f"{name}: needs a value. To find logs that have any {name}, write {name}:*."
    return QuerySyntaxError(message, start, end, f"{query[:end]}*{query[end:]}")


def shown(text: str) -> str:
    """Typed text as a sentence repeats it."""
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _moment(field: Field, typed: Typed, now: Now) -> Moment:
    try:
        at_ms = moment_ms(typed.text, now, end=field.name == "until")
    except ValueError:
        raise _needs_time(field, typed.start, typed.end) from None
    return Moment(start=typed.start, end=typed.end, text=typed.text, at_ms=at_ms)


def _needs_time(field: Field, start: int, end: int) -> QuerySyntaxError:
    times = "15m, 2h, 7d, today, yesterday, 2026-11-23 or 2026-11-23T14:00"
    return QuerySyntaxError(f"{field.name} needs a time: {times}.", start, end)


def _flag(field: Field, typed: Typed) -> Flag:
    name = typed.text.lower()
    if name in field.known:
        return Flag(start=typed.start, end=typed.end, name=name)
    message = f"{field.name}:{shown(typed.text)} is not known."
    raise _unknown(field, typed, message)


def _known(field: Field, typed: Typed) -> Value:
    plain = folded(typed.text)
    if typed.starred and any(fits(plain, known) for known in field.known):
        return Pattern(start=typed.start, end=typed.end, text=typed.text, folded=plain)
    if plain in field.known:
        return Exact(start=typed.start, end=typed.end, text=typed.text, folded=plain)
    raise _unknown(field, typed, f"{field.name} has no value “{shown(typed.text)}”.")


def _unknown(field: Field, typed: Typed, message: str) -> QuerySyntaxError:
    meant = nearest(typed.text, field.known)
    if meant is not None:
        message += f" Did you mean {field.name}:{meant}?"
    return QuerySyntaxError(f"{message} Known: {', '.join(field.known)}.", typed.start, typed.end)


def _refuse_comparison(field: Field, typed: Typed) -> None:
    found = None if typed.quoted else _COMPARE.fullmatch(typed.text)
    if found is None:
        return
    instead = shown(found[2]).rstrip("*") or "value"
    name = field.name
    raise QuerySyntaxError(
        f"{name} is not a number, so {found[1]} does not work here. Use {name}:{instead} or {name}:{instead}*.",
        typed.start,
        typed.end,
    )


def _whole(field: Field, typed: Typed) -> Value:
    text = _VERSION.sub("", typed.text, count=1) if field.kind == "key" else typed.text
    plain = folded(text)
    if typed.starred:
        return Pattern(start=typed.start, end=typed.end, text=typed.text, folded=plain)
    if field.kind == "key" and len(plain) < KEY_CHARACTERS:
        raise QuerySyntaxError(
            f"{field.name} needs at least six characters, for example {field.name}:7f3a9c.",
            typed.start,
            typed.end,
        )
    return Exact(start=typed.start, end=typed.end, text=typed.text, folded=plain)
