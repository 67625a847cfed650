"""A model's answer → the JSON object in it, whatever is wrapped around.

Tried in this order, each repair noted as a step: the text itself; without thinking aloud; inside a fence;
the first object by its braces (strings respected); trailing commas dropped; curly quotes made straight.
Characters are never lost.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from djforge.interpreter.interpretation import Step, Unreadable
from djforge.llm.chat_body import whole_text

LONGEST_ANSWER = 100_000
"""Characters; an intent has some hundred."""
MOST_OBJECTS = 20
"""How many places an object may begin at before the search ends."""

_THOUGHTS = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_LANGUAGE = re.compile(r"[ \t]*[\w-]*")
_QUOTE_BEFORE = re.compile(r"([{\[,:]\s*)[“”„]")
_QUOTE_AFTER = re.compile(r"[“”](\s*[}\],:])")


def object_in(text: str) -> tuple[dict[str, Any], list[Step]]:
    """The JSON object in an answer and the repairs it took. Raises Unreadable."""
    steps: list[Step] = []
    if len(text) > LONGEST_ANSWER:
        steps.append(Step(name="cut", detail={"characters": len(text), "kept": LONGEST_ANSWER}))
        text = text[:LONGEST_ANSWER]
    text = whole_text(text).lstrip("\ufeff").strip()
    if not text:
        raise Unreadable("the answer is empty")
    for repair, candidate in _candidates(text):
        found = _decoded(candidate)
        if isinstance(found, str) and found != candidate:
            found = _decoded(found)
            repair = f"{repair}, JSON inside a string"
        if isinstance(found, list):
            found = next((item for item in found if isinstance(item, dict)), None)
            repair = f"{repair}, first object of a list"
        if isinstance(found, dict):
            if repair != "none":
                steps.append(Step(name="extract", detail=repair.removeprefix("none, ")))
            return found, steps
    raise Unreadable("there is no JSON object in the answer")


def _candidates(text: str) -> Iterator[tuple[str, str]]:
    """Readings of the text, the most literal first, each with the name of what was done."""
    yield "none", text
    bare = _THOUGHTS.sub("", text, count=1).strip()
    if bare != text:
        yield "thinking aloud", bare
    for inside in bare.split("```")[1::2]:
        yield "fence", _LANGUAGE.sub("", inside, count=1).strip()
    regions = list(_objects(bare))
    for region in regions:
        yield "text around it", region
    for region in regions or [bare]:
        without = _without_trailing_commas(region)
        if without != region:
            yield "trailing commas", without
    straight = _QUOTE_AFTER.sub(r'"\1', _QUOTE_BEFORE.sub(r'\1"', bare))
    if straight != bare:
        for region in _objects(straight):
            yield "curly quotes", _without_trailing_commas(region)


def _objects(text: str) -> Iterator[str]:
    """The regions from a brace to the one that closes it, from left to right."""
    start = text.find("{")
    for _ in range(MOST_OBJECTS):
        if start < 0:
            return
        end = _closing(text, start)
        if end is not None:
            yield text[start : end + 1]
        start = text.find("{", start + 1 if end is None else end + 1)


def _closing(text: str, start: int) -> int | None:
    """Where the object that begins at `start` ends; None where it never does."""
    depth, in_string, escaped = 0, False, False
    for at in range(start, len(text)):
        mark = text[at]
        if in_string:
            in_string = escaped or mark != '"'
            escaped = mark == "\\" and not escaped
        elif mark == '"':
            in_string = True
        elif mark == "{":
            depth += 1
        elif mark == "}":
            depth -= 1
            if depth == 0:
                return at
    return None


def _without_trailing_commas(text: str) -> str:
    """The text without commas before a closing bracket, strings left alone."""
    kept: list[str] = []
    in_string, escaped = False, False
    for mark in text:
        if in_string:
            in_string = escaped or mark != '"'
            escaped = mark == "\\" and not escaped
        elif mark == '"':
            in_string = True
        elif mark in "}]":
            _drop_comma(kept)
        kept.append(mark)
    return "".join(kept)


def _drop_comma(kept: list[str]) -> None:
    at = len(kept) - 1
    while at >= 0 and kept[at].isspace():
        at -= 1
    if at >= 0 and kept[at] == ",":
        del kept[at]


def _decoded(text: str) -> Any:
    """Decoded JSON, or None. Numbers that JSON does not have become null."""
    try:
        return json.loads(text, strict=False, parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
