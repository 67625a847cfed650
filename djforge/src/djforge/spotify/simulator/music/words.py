"""Words as search compares them: without case, accents or punctuation, forgiving one slip in longer words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"\w+")
_APOSTROPHES: Final = re.compile(r"['’ʻ`.]")
_AS_TYPED: Final = {0xF8: "o", 0xF0: "d", 0xFE: "th", 0xE6: "ae", 0x142: "l", 0x131: "i"}
"""Letters that do not decompose, as people type them: ø, ð, þ, æ, ł, ı."""
FORGIVING_FROM: Final = 5
"""Shorter words with a slip are too often another word."""


def fold(text: str) -> str:
    """`Beyoncé` and `BEYONCE` become the same; `R.E.M.` and `Don't` keep together."""
    # Twice: taking a sign apart (Ⓜ, ½, ﬁ, ㎒) can bring forth capitals, marks and full stops.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(character for character in text if not unicodedata.combining(character))
    plain = _APOSTROPHES.sub("", plain.translate(_AS_TYPED))
    return unicodedata.normalize("NFC", plain)  # puts Hangul together again


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
