"""The one door to regular expressions: RE2, whose time grows with the text and never explodes.

An expression ignores case and is searched for anywhere in a text. Bounds: 200 characters of source, 1,000
instructions once compiled, the first 100,000 characters of a text (at most about 0.1 s).
"""

from __future__ import annotations

import itertools
import re
from typing import Any

MAX_SOURCE_CHARACTERS = 200
MAX_INSTRUCTIONS = 1_000
MAX_TEXT_CHARACTERS = 100_000
MAX_HITS = 1_000
"""Hits marked in one text."""
_MEMORY_BYTES = 2 * 1024 * 1024

_SURROGATE = re.compile("[\ud800-\udfff]")
_REASONS = {
    "missing )": "missing ), unterminated subpattern",
    "unexpected )": "there is no ( for this )",
    "missing ]": "missing ]",
    "trailing \\": "\\ at the end escapes nothing",
    "no argument for repetition operator": "nothing to repeat",
    "bad repetition operator": "one repetition after another",
    "invalid repetition size": "this repeats more than 1,000 times",
    "invalid character class range": "this range or class of characters does not exist",
    "invalid perl operator": "look-around and the like are not supported",
    "invalid named capture group": "this group's name is not valid",
    "invalid escape sequence": "this escape is not supported",
}


class BadExpression(Exception):
    """The source is no regular expression. `reason` ends without a full stop."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Expression:
    """A compiled regular expression. Raises BadExpression."""

    def __init__(self, source: str) -> None:
        try:
            import re2  # type: ignore[import-untyped]  # only queries with an expression need it
        except ImportError:
            raise BadExpression("expressions need the package google-re2 (llmlog[index])") from None

        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = _MEMORY_BYTES
        source = _without_surrogates(source)
        try:
            self._compiled: Any = re2.compile(source, options)
        except re2.error as error:
            raise BadExpression(_reason(source, error)) from None
        if self._compiled.programsize > MAX_INSTRUCTIONS:
            raise BadExpression("it is too large; repeat less")

    def occurs_in(self, text: str) -> bool:
        """Whether it matches somewhere in a text."""
        return self._compiled.search(_searchable(text)) is not None

    def hits(self, text: str) -> list[tuple[int, int]]:
        """Where it matches, in characters of the text; empty matches are left out."""
        found = itertools.islice(self._compiled.finditer(_searchable(text)), MAX_HITS)
        return [match.span() for match in found if match.end() > match.start()]


def _searchable(text: str) -> str:
    return _without_surrogates(text[:MAX_TEXT_CHARACTERS])


def _without_surrogates(text: str) -> str:
    """Lone surrogates have no UTF-8; each is replaced by one character, so that places stay."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _reason(source: str, error: Exception) -> str:
    said = error.args[0] if error.args else b""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    kind, _, part = text.partition(": ")
    if kind.startswith("pattern too large"):
        return "it is too large; repeat less"
    return f"{_REASONS.get(kind, kind)} at character {_place(source, kind, part) + 1}"


def _place(source: str, kind: str, part: str) -> int:
    """RE2 tells the faulty part, but of an open bracket the whole source."""
    if kind in ("missing )", "unexpected )"):
        opened, stray = _brackets(source)
        unmatched = opened[-1:] if kind == "missing )" else stray[:1]
        return unmatched[0] if unmatched else 0
    if kind.startswith("trailing"):
        return len(source) - 1
    return max(source.find(part), 0)


def _brackets(source: str) -> tuple[list[int], list[int]]:
    """Places of round brackets without a partner, outside classes: opening ones, closing ones."""
    opened: list[int] = []
    stray: list[int] = []
    in_class = False
    for found in re.finditer(r"\\.|[\[\]()]", source, re.DOTALL):
        char = found[0]
        if char == "[" or char == "]":
            in_class = char == "["
        elif in_class or len(char) > 1:
            continue
        elif char == "(":
            opened.append(found.start())
        elif opened:
            opened.pop()
        else:
            stray.append(found.start())
    return opened, stray
