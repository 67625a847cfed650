"""The one error of the query language, and how it suggests what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from llmlog.errors import BadRequest


class QuerySyntaxError(BadRequest):
    """The query cannot be read: one sentence that says why and what to type instead.

    start, end: the faulty part, in characters of the typed text. fix: the whole query, mended, where it is
    certain; None otherwise.
    """

    def __init__(self, message: str, start: int, end: int, fix: str | None = None) -> None:
        super().__init__("q", message)
        self.start = start
        self.end = end
        self.fix = fix


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that a mistyped word is closest to, if any is close."""
    found = difflib.get_close_matches(word[:40].lower(), list(known), 1, 0.6)
    return found[0] if found else None


def quoted(text: str) -> str:
    """A text as a phrase: in quotes, quotes and backslashes within it escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
