"""Words as search compares them: without case, accents or punctuation, forgiving one slip in longer words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"\w+")
_APOSTROPHES: Final = re.compile(r"['’ʻ`.]")
FORGIVING_FROM: Final = 5
"""Shorter words with a slip are too often another word."""


def fold(text: str) -> str:
    """`Beyoncé` and `BEYONCE` become the same; `R.E.M.` and `Don't` keep together."""
    decomposed = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text).casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    # ø, ð and þ do not decompose; people type them as they can. Kana and Hangul are put together again.
    return unicodedata.normalize("NFC", plain.translate({0xF8: "o", 0xF0: "d", 0xFE: "th", 0xE6: "ae"}))


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return _WORD.findall(fold(text))


def likeness(asked: str, word: str) -> float:
    """How well a word answers to what was asked: 1 the same, 0 not at all."""
    if asked == word:
        return 1.0
    if len(asked) >= 3 and word.startswith(asked):
        return 0.8
    if not asked.isascii() and asked in word:  # scripts without spaces between words
        return 0.7
    if len(asked) >= FORGIVING_FROM and one_slip(asked, word):
        return 0.5
    return 0.0


def one_slip(left: str, right: str) -> bool:
    """Whether one letter was added, left out, changed, or swapped with its neighbour."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    swapped = len(a) >= 2 and len(b) >= 2 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped
