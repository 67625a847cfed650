"""Random queries for the search index, and what a query means, told a second time.

Queries are made as structures. `typed` is what a person would type for one; `holds` says whether a log is meant.
Both know nothing of the product's parser and folding.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from index_logs import BASES, EMOJI, LONG, MODELS, SPELT, UNSPACED, plain, units

from llmlog import LlmResponse, LogEntry, Usage

MINUTE_MS = 60_000

Holds = Callable[[LogEntry], bool]


class Term(NamedTuple):
    """One condition: as it is typed, and what it means."""

    typed: str
    holds: Holds


class Made(NamedTuple):
    """A query."""

    terms: tuple[Term, ...]

    @property
    def typed(self) -> str:
        """What a person types."""
        return " ".join(term.typed for term in self.terms)

    def holds(self, entry: LogEntry) -> bool:
        """Whether a log is meant."""
        return all(term.holds(entry) for term in self.terms)


def _texts_of(content: Any) -> list[str]:
    parts = content if isinstance(content, list) else [content]
    found = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return [text for text in found if isinstance(text, str) and text]


def _last_asked(entry: LogEntry) -> list[str]:
    asked = [one for one in entry.llm_request.messages if isinstance(one, dict) and one["role"] == "user"]
    return _texts_of(asked[-1]["content"]) if asked else []


def _sent(entry: LogEntry) -> list[str]:
    messages = entry.llm_request.messages
    return [text for one in messages for text in _texts_of(one["content"] if isinstance(one, dict) else one)]


def _given(*values: str | None) -> list[str]:
    return [value for value in values if value]


TEXTS: dict[str, Callable[[LogEntry], list[str]]] = {
    "command": lambda entry: _given(entry.command),
    "response": lambda entry: _given(entry.llm_response and entry.llm_response.content),
    "reasoning": lambda entry: _given(entry.llm_response and entry.llm_response.reasoning),
    "result": lambda entry: _given(entry.result and entry.result.message),
    "error": lambda entry: _given(entry.error.message, entry.error.type) if entry.error else [],
    "request": _sent,
}


def _searched(entry: LogEntry) -> list[str]:
    return [*_last_asked(entry), *(text for name in TEXTS if name != "request" for text in TEXTS[name](entry))]


def _tags(entry: LogEntry) -> list[str]:
    shown = {name: value if isinstance(value, str) else json.dumps(value) for name, value in entry.tags.items()}
    return [*shown, *(f"{name}={value}" for name, value in shown.items())]


VALUES: dict[str, Callable[[LogEntry], list[str]]] = {
    "model": lambda entry: [entry.llm_request.model],
    "asked": lambda entry: _given(entry.llm_request.requested_model),
    "provider": lambda entry: _given(entry.llm_request.provider),
    "finish": lambda entry: _given(entry.llm_response and entry.llm_response.finish_reason),
    "intent": lambda entry: _given(entry.interpretation and entry.interpretation["intent"]),
    "tag": _tags,
    "status": lambda entry: [entry.status],
    "stage": lambda entry: _given(entry.stage),
    "source": lambda entry: [entry.source],
}
KEYS: dict[str, Callable[[LogEntry], list[str]]] = {
    "user": lambda entry: _given(entry.user_id),
    "session": lambda entry: _given(entry.session_id),
    "id": lambda entry: [entry.id],
}


def _usage(entry: LogEntry) -> Usage:
    return entry.llm_response.usage or Usage() if entry.llm_response else Usage()


NUMBERS: dict[str, Callable[[LogEntry], float | None]] = {
    "latency": lambda entry: entry.llm_response.latency if entry.llm_response else None,
    "ttft": lambda entry: entry.llm_response.time_to_first_token if entry.llm_response else None,
    "tokens": lambda entry: _usage(entry).total_tokens,
    "in": lambda entry: _usage(entry).prompt_tokens,
    "out": lambda entry: _usage(entry).completion_tokens,
    "cost": lambda entry: entry.llm_response.cost.usd if entry.llm_response and entry.llm_response.cost else None,
    "temp": lambda entry: entry.llm_request.temperature,
    "turn": lambda entry: entry.turn,
    "attempts": lambda entry: len(entry.attempts) or None,
}
_TYPED_NUMBERS = {
    "latency": (("0", 0), ("2000", 2000), ("2s", 2000), ("2000.5", 2000.5), ("5s", 5000), ("1m", 60_000)),
    "ttft": (("0ms", 0), ("5000", 5000), ("4999.99", 4999.99)),
    "tokens": (("1k", 1000), ("4k", 4000), ("2m", 2_000_000), ("0", 0)),
    "in": (("999", 999), ("4001", 4001)),
    "out": (("1", 1), ("4k", 4000)),
    "cost": (("0.05", 0.05), ("5c", 0.05), ("$0.01", 0.01), ("0", 0)),
    "temp": (("0.7", 0.7), ("0", 0)),
    "turn": (("2", 2), ("3", 3)),
    "attempts": (("1", 1), ("2", 2)),
}
_COMPARED: tuple[tuple[str, Callable[[float, float], bool]], ...] = (
    (">", lambda number, than: number > than),
    (">=", lambda number, than: number >= than),
    ("<", lambda number, than: number < than),
    ("<=", lambda number, than: number <= than),
    ("", lambda number, than: number == than),
    ("=", lambda number, than: number == than),
)


def _answered(entry: LogEntry) -> LlmResponse:
    return entry.llm_response or LlmResponse()


FLAGS: dict[str, Callable[[LogEntry], object]] = {
    "is:error": lambda entry: entry.status == "error",
    "is:ok": lambda entry: entry.status == "ok",
    "is:fallback": lambda entry: entry.status == "fallback",
    "is:slow": lambda entry: (_answered(entry).latency or 0) > 5000,
    "is:truncated": lambda entry: entry.truncated,
    "is:masked": lambda entry: entry.masked,
    "is:stream": lambda entry: _answered(entry).streamed,
    "is:test": lambda entry: entry.source == "test",
    "is:mine": lambda entry: entry.user_id in MINE,
    "has:reasoning": lambda entry: _answered(entry).reasoning,
    "has:usage": lambda entry: _answered(entry).usage is not None,
    "has:cost": lambda entry: NUMBERS["cost"](entry) is not None,
    "has:error": lambda entry: entry.error is not None,
    "has:tools": lambda entry: _answered(entry).tool_calls,
    "has:steps": lambda entry: entry.steps,
}
MINE = frozenset({"v1:7f3a9c0011223344"})


def _in_a_row(row: list[str], text: str) -> bool:
    there = units(text)
    return any(there[at : at + len(row)] == row for at in range(len(there)))


def _run_in(run: str, text: str) -> bool:
    return any(run in unit for unit in units(text) if unit[0] in UNSPACED)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Queries:
    """Makes queries of one to four terms."""

    def __init__(self, chance: random.Random, now_ms: int) -> None:
        self._chance = chance
        self._now_ms = now_ms

    def one(self) -> Made:
        """A query."""
        kinds = (self._words, self._words, self._value, self._key, self._number, self._flag, self._time, self._any)
        terms = []
        for kind in self._chance.choices(kinds, k=self._chance.choice((1, 1, 2, 2, 3))):
            term = kind()
            if kind != self._time and self._chance.random() < 0.3:
                term = _negated(term)
            if kind == self._time and any("since:" in each.typed or "until:" in each.typed for each in terms):
                continue  # two times may exclude each other, which is refused
            terms.append(term)
        return Made(tuple(terms))

    # -- texts

    def _words(self) -> Term:
        field = self._chance.choice((None, None, None, *TEXTS))
        read = TEXTS[field] if field is not None else _searched
        kinds = (self._word, self._pattern, self._phrase, self._run, self._symbol, self._regex)
        typed, fits = self._chance.choice((*kinds, self._word, self._pattern))()
        shown = f"{field}:{typed}" if field is not None else typed
        return Term(shown, lambda entry: any(fits(text) for text in read(entry)))

    def _word(self) -> tuple[str, Callable[[str], bool]]:
        word = self._chance.choice((*BASES, "nowhere", *LONG[::2]))
        typed = self._chance.choice((word, word.upper(), SPELT.get(word, word)))
        return typed, lambda text: word in units(text)

    def _pattern(self) -> tuple[str, Callable[[str], bool]]:
        word = self._chance.choice((*BASES, "end", "qq", "ab"))
        part = word[: self._chance.randint(1, 3)]
        last = word[-2:]
        kinds: tuple[tuple[str, Callable[[str], bool]], ...] = (
            (f"{part}*", lambda unit: unit.startswith(part)),
            (f"*{last}", lambda unit: unit.endswith(last)),
            (f"*{part}*", lambda unit: part in unit),
            (f"{part}*{last}", lambda unit: unit.startswith(part) and unit[len(part) :].endswith(last)),
            (f"{part}*****a*****{last}", lambda unit: _with_a_between(part, last, unit)),
        )
        typed, fits = self._chance.choice(kinds)
        return typed, lambda text: any(fits(unit) for unit in units(text))

    def _phrase(self) -> tuple[str, Callable[[str], bool]]:
        row = [self._chance.choice((*BASES[:6], *EMOJI[:1])) for _ in range(self._chance.randint(2, 3))]
        return f'"{"  ".join(row)}"', lambda text: _in_a_row(row, text)

    def _run(self) -> tuple[str, Callable[[str], bool]]:
        run = "".join(self._chance.choices(UNSPACED, k=self._chance.randint(1, 3)))
        return run, lambda text: _run_in(run, text)

    def _symbol(self) -> tuple[str, Callable[[str], bool]]:
        symbol = self._chance.choice(EMOJI)
        return symbol, lambda text: symbol in units(text)

    def _regex(self) -> tuple[str, Callable[[str], bool]]:
        part = self._chance.choice(("pla", "AZZ", "!!", "end", "/"))
        return f"/{part.replace('/', chr(92) + '/')}/", lambda text: part.lower() in text[:100_000].lower()

    # -- values

    def _value(self) -> Term:
        field = self._chance.choice((*VALUES, "tag", "model"))
        read = VALUES[field]
        alternatives = [self._alternative(field) for _ in range(self._chance.choice((1, 1, 2)))]
        typed = ",".join(each for each, _ in alternatives)
        return Term(
            f"{field}:{typed}",
            lambda entry: any(fits(plain(value)) for value in read(entry) for _, fits in alternatives),
        )

    def _alternative(self, field: str) -> tuple[str, Callable[[str], bool]]:
        known = {"status": ("ok", "error"), "stage": ("model", "parse"), "source": ("chat", "test")}
        if field in known:
            value = self._chance.choice(known[field])
            return value, lambda there: there == value
        if self._chance.random() < 0.5:
            value = self._chance.choice(_POOLS.get(field, ("stop",)))
            typed = value.upper() if value.isascii() and self._chance.random() < 0.3 else value
            return _quoted(typed), lambda there: there == plain(value)
        first, last = self._chance.choice((("c", "4"), ("", "end"), ("n", "é"), ("", "a"), ("y", ""), ("x", "y")))
        begin, end = plain(first), plain(last)
        fits = lambda there: len(there) >= len(begin + end) and there.startswith(begin) and there.endswith(end)  # noqa: E731
        return f"{first}*{last}", fits

    def _key(self) -> Term:
        field, beginning = self._chance.choice(
            (("user", "7f3a9c"), ("user", "v1:7F3A9CFF"), ("session", "aaaaaa"), ("session", "aaaaab22"),
             ("id", "caller"), ("id", "CALLER_000"), ("id", "______"), ("id", "00017-by"))
        )  # fmt: skip
        read, wanted = KEYS[field], plain(beginning).removeprefix("v1:")
        return Term(
            f"{field}:{beginning}",
            lambda entry: any(plain(value).split(":")[-1].startswith(wanted) for value in read(entry)),
        )

    # -- the others

    def _number(self) -> Term:
        field = self._chance.choice(tuple(NUMBERS))
        read = NUMBERS[field]
        typed, than = self._chance.choice(_TYPED_NUMBERS[field])
        if self._chance.random() < 0.25:
            other, upper = self._chance.choice(_TYPED_NUMBERS[field])
            (typed, than), (other, upper) = sorted([(typed, than), (other, upper)], key=lambda each: each[1])
            return Term(f"{field}:{typed}..{other}", _known(read, lambda number: than <= number <= upper))
        sign, compare = self._chance.choice(_COMPARED)
        return Term(f"{field}:{sign}{typed}", _known(read, lambda number: compare(number, than)))

    def _flag(self) -> Term:
        typed = self._chance.choice(tuple(FLAGS))
        test = FLAGS[typed]
        return Term(typed, lambda entry: bool(test(entry)))

    def _time(self) -> Term:
        at_ms = self._now_ms // MINUTE_MS * MINUTE_MS - self._chance.choice((0, 60, 1500, 2900)) * MINUTE_MS
        minute = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
        if self._chance.random() < 0.5:
            return Term(f"since:{minute}Z", lambda entry: entry.timestamp >= at_ms)
        return Term(f"until:{minute}Z", lambda entry: entry.timestamp < at_ms)

    def _any(self) -> Term:
        field = self._chance.choice((*TEXTS, "stage", "asked", "tag", "user", "latency", "turn", "intent", "id"))
        if field in NUMBERS:
            return Term(f"{field}:*", _known(NUMBERS[field], lambda _: True))
        read = {**TEXTS, **VALUES, **KEYS}[field]
        return Term(f"{field}:*", lambda entry: bool(read(entry)))


_POOLS: dict[str, tuple[str, ...]] = {
    "model": tuple(model for model in MODELS if len(model) < 900),
    "asked": tuple(model for model in MODELS if len(model) < 900),
    "provider": ("openai", "anthropic", "nobody"),
    "intent": ("play_track", "clarify"),
    "tag": ("beta", "ab", "ab=b", "n=7", "a, b", "a, b=with space", "=", 'quo"te', 'quo"te=back\\slash',
            "new\nline", "new\nline=e", "ok=true", "beta=null"),
}  # fmt: skip


def _known(read: Callable[[LogEntry], float | None], test: Callable[[float], bool]) -> Holds:
    def holds(entry: LogEntry) -> bool:
        number = read(entry)
        return number is not None and test(number)

    return holds


def _negated(term: Term) -> Term:
    return Term(f"-{term.typed}", lambda entry: not term.holds(entry))


def _with_a_between(first: str, last: str, unit: str) -> bool:
    inside = unit[len(first) : len(unit) - len(last)]
    return len(unit) > len(first + last) and unit.startswith(first) and unit.endswith(last) and "a" in inside


def newest_first(entries: Iterable[LogEntry]) -> list[int]:
    """Their timestamps in the order of answers."""
    return sorted((entry.timestamp for entry in entries), reverse=True)
