"""The fields of the query language: names, kinds, units, known values, and where each stands in a `LogEntry`.

The order of `FIELDS` is the order in which a query is printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from llmlog.entry import LogEntry
from llmlog.query.folding import folded
from llmlog.query.language import places

Kind = Literal["exact", "key", "text", "number", "flag", "time"]
"""exact: the whole value; key: a pseudonym or id, from six characters; text: words within; flag: is, has."""

Unit = Literal["ms", "tokens", "usd", "bytes", "plain"]
"""What a number field is measured in."""

_VERSION = re.compile(r"\Av[0-9]+:")
KEY_CHARACTERS = 6
"""Fewest characters by which a user, session or id is found."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field. Just one of `texts` and `number` is set, neither for `flag` and `time`."""

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    """The only values there are; empty where any may occur."""
    unit: Unit | None = None
    texts: Callable[[LogEntry], tuple[str, ...]] | None = None
    """Its values in an entry; one of them has to match."""
    number: Callable[[LogEntry], float | None] | None = None
    """Its value in an entry, in `unit` (latencies in ms); None when unknown."""


def _exact(name: str, path: str, *, aliases: tuple[str, ...] = (), known: tuple[str, ...] = ()) -> Field:
    return Field(name=name, kind="exact", aliases=aliases, known=known, texts=places.text_at(path))


def _key(name: str, path: str, *aliases: str) -> Field:
    return Field(name=name, kind="key", aliases=aliases, texts=places.text_at(path))


def _number(name: str, unit: Unit, path: str, *aliases: str) -> Field:
    return Field(name=name, kind="number", aliases=aliases, unit=unit, number=places.number_at(path))


def _text(name: str, texts: Callable[[LogEntry], tuple[str, ...]]) -> Field:
    return Field(name=name, kind="text", texts=texts)


def _computed(name: str, unit: Unit, number: Callable[[LogEntry], float | None]) -> Field:
    return Field(name=name, kind="number", unit=unit, number=number)


_IS = ("error", "ok", "fallback", "slow", "truncated", "masked", "stream", "mine", "test")
_HAS = ("reasoning", "usage", "cost", "error", "tools", "steps")

_ALL = (
    Field(name="since", kind="time", aliases=("from", "after")),
    Field(name="until", kind="time", aliases=("to", "before")),
    _exact("status", "status", known=("ok", "fallback", "error")),
    _exact("stage", "stage", known=("model", "parse", "schema", "action")),
    Field(name="is", kind="flag", known=_IS),
    Field(name="has", kind="flag", known=_HAS),
    _exact("model", "llm_request.model", aliases=("m",)),
    _exact("asked", "llm_request.requested_model"),
    _exact("provider", "llm_request.provider"),
    _exact("flow", "llm_request.flow"),
    Field(name="intent", kind="exact", texts=places.intent),
    _key("user", "user_id", "u"),
    _key("session", "session_id", "s", "conversation"),
    _key("id", "id"),
    _exact("prompt", "llm_request.prompt_version"),
    _exact("finish", "llm_response.finish_reason"),
    Field(name="tag", kind="exact", texts=places.tags),
    _exact("source", "source", known=("chat", "api", "test", "import")),
    _number("latency", "ms", "llm_response.latency", "dur", "duration"),
    _number("ttft", "ms", "llm_response.time_to_first_token"),
    _number("tokens", "tokens", "llm_response.usage.total_tokens"),
    _number("in", "tokens", "llm_response.usage.prompt_tokens"),
    _number("out", "tokens", "llm_response.usage.completion_tokens"),
    _number("cost", "usd", "llm_response.cost.usd"),
    _number("temp", "plain", "llm_request.temperature"),
    _computed("attempts", "plain", places.attempts),
    _number("turn", "plain", "turn"),
    _computed("size", "bytes", places.size_bytes),
    _text("command", places.text_at("command")),
    _text("request", places.messages_sent),
    _text("response", places.text_at("llm_response.content")),
    _text("reasoning", places.text_at("llm_response.reasoning")),
    _text("result", places.text_at("result.message")),
    _text("error", places.error),
)

FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})
"""Every field by its name."""

NAMES: Mapping[str, Field] = MappingProxyType(
    {name: field for field in _ALL for name in (field.name, *field.aliases)}
)
"""Every field by its name and by each alias."""

SEARCHED = ("command", "response", "reasoning", "result", "error")
"""Text fields that free words look in, beside the last user message (`places.last_user_message`)."""


def comparable(name: str, value: str) -> str:
    """A value of a field as it is compared: folded, and a pseudonym without the version of its key."""
    plain = folded(value)
    return _VERSION.sub("", plain) if FIELDS[name].kind == "key" else plain


def searched_texts(entry: LogEntry) -> Iterator[str]:
    """The texts free words look in."""
    yield from places.last_user_message(entry)
    for name in SEARCHED:
        read = FIELDS[name].texts
        if read is not None:
            yield from read(entry)


def flag(field: str, name: str, entry: LogEntry, mine: frozenset[str] = frozenset()) -> bool:
    """Whether `is:name` or `has:name` holds. mine: the pseudonyms of whoever asks, for `is:mine`."""
    if name == "mine":
        return entry.user_id is not None and entry.user_id in mine
    tests: Mapping[str, Callable[[LogEntry], Any]] = places.IS if field == "is" else places.HAS
    return bool(tests[name](entry))
