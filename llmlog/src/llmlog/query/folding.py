"""The one folding of text for search: case, accents and compatibility forms never matter.

Index, scan and highlighting share `folded` and `tokens`, so they agree on what a word is:

- a word is a run of letters and digits: `play_track` is two, `AC/DC` is two, `80s` is one;
- text written without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese) is cut into pairs of
  neighbours and a single last character, so that any part of a run is found: 日本語 is 日本 本語 語;
- a symbol such as an emoji is a word.

Invariant: `[token.text for token in placed_tokens(text)] == tokens(text)`, for every text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_SPELT_OUT = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that people type without their mark although Unicode does not take them apart."""
_UNSEEN = dict.fromkeys(
    [0xAD, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10)]
)
"""Characters that show nothing: soft hyphen, joiners, directions, variation selectors."""
_VOICED = "\u3099\u309a"
"""Kana marks; they make another letter (か, が), so they stay."""
_JAMO = range(0x1160, 0x1200)
"""Second and third parts of a Korean syllable."""

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\u3005-\u3007\u3041-\u30fa\u30fc-\u318f"
    "\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U000323af"
)
"""Scripts written without spaces between words (or, Korean, with endings grown to them); a character class."""
SYMBOLS = "\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"
"""Arrows, shapes, signs, emoji; a character class."""
_MARKED = "\u0900-\u0963\u0966-\u0dff\u0f71-\u0fbc"
"""Indic letters and the vowel signs that belong to them."""

_ASCII_WORD = re.compile(r"[^\W_]+", re.ASCII)
_RUN = re.compile(rf"[{SYMBOLS}]|(?:[^\W_]|[{UNSPACED}{_MARKED}])+")
_SCRIPT = re.compile(rf"[{UNSPACED}]+|[^{UNSPACED}]+")
_UNSPACED = re.compile(rf"[{UNSPACED}]")


class Token(NamedTuple):
    """One folded word and where it stands in the text it comes from, in characters."""

    text: str
    start: int
    end: int


def folded(text: str) -> str:
    """Text as search sees it: `Beyoncé` and `BEYONCE` both become `beyonce`."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = (char for char in apart if not unicodedata.combining(char) or char in _VOICED)
    return unicodedata.normalize("NFC", "".join(kept).translate(_SPELT_OUT).translate(_UNSEEN))


def tokens(text: str) -> list[str]:
    """The words of a text, in order."""
    plain = folded(text)
    if plain.isascii():
        return _ASCII_WORD.findall(plain)
    if _UNSPACED.search(plain) is None:
        return _RUN.findall(plain)
    return [token.text for token in _cut(plain)]


def placed_tokens(text: str) -> list[Token]:
    """The words of a text with their places in it, though folding may change lengths."""
    if text.isascii():
        return [Token(found[0], *found.span()) for found in _ASCII_WORD.finditer(text.lower())]
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        part = folded(text[start:end])
        parts.append(part)
        starts += [start] * len(part)
        ends += [end] * len(part)
    return [Token(token.text, starts[token.start], ends[token.end - 1]) for token in _cut("".join(parts))]


def is_unspaced(char: str) -> bool:
    """Whether a folded character is of a script written without spaces."""
    return _UNSPACED.match(char) is not None


def _cut(plain: str) -> Iterator[Token]:
    """The words of a folded text."""
    for run in _RUN.finditer(plain):
        if _UNSPACED.search(run[0]) is None:
            yield Token(run[0], *run.span())
            continue
        for part in _SCRIPT.finditer(plain, *run.span()):
            yield from _pairs(part) if is_unspaced(part[0][0]) else [Token(part[0], *part.span())]


def _pairs(run: re.Match[str]) -> Iterator[Token]:
    text, (start, end) = run[0], run.span()
    return (Token(text[n : n + 2], start + n, min(start + n + 2, end)) for n in range(len(text)))


def _clusters(text: str) -> list[tuple[int, int]]:
    """Where each character begins and ends together with the marks that belong to it."""
    starts = [at for at, char in enumerate(text) if at == 0 or not _continues(char)]
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _continues(char: str) -> bool:
    if char.isascii():
        return False
    if ord(char) in _UNSEEN:
        return True
    first = unicodedata.normalize("NFKD", char)[0]
    return unicodedata.category(first).startswith("M") or ord(first) in _JAMO
