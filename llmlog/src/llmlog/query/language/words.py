"""Typed words to tokens: what a text has to contain in a row, and when a word of a text is meant."""

from __future__ import annotations

import re

from llmlog.query.folding import SYMBOLS, UNSPACED, folded, is_unspaced, tokens

_STARS = re.compile(r"\*+")
_RUN = rf"[{UNSPACED}{SYMBOLS}]"
_WITHIN_RUN = re.compile(rf"{_RUN}\*+[^\s*]|[^\s*]\*+{_RUN}")
_BESIDE_RUN = re.compile(rf"(?<={_RUN})\*|\*(?={_RUN})")
"""Says nothing: a run is found within longer ones anyway."""
_PIECE = re.compile(rf"[{UNSPACED}]+|[{SYMBOLS}]|(?:(?!{_RUN})[^\W_]|\*)+")


def phrase_tokens(text: str) -> tuple[str, ...]:
    """The tokens of words in a row, `*` being an ordinary sign. Empty when there is no letter or digit."""
    return _open_ended(tokens(text))


def word_tokens(text: str) -> tuple[str, ...]:
    """The tokens of a word in which `*` stands for any characters; empty when nothing else is in it."""
    if "*" not in text:
        return phrase_tokens(text)
    plain = _BESIDE_RUN.sub("", _STARS.sub("*", folded(text)))
    found: list[str] = []
    for piece in _PIECE.findall(plain):
        found += [piece] if "*" in piece else tokens(piece)
    return _open_ended(found) if any(token != "*" for token in found) else ()


def star_within_run(text: str) -> bool:
    """Whether a `*` stands inside text without spaces between words, or inside symbols: there it cannot work."""
    return "*" in text and _WITHIN_RUN.search(folded(text)) is not None


def fits(pattern: str, text: str) -> bool:
    """Whether a whole text is as the pattern says, each `*` being any characters. Time grows with the text only."""
    if "*" not in pattern:
        return pattern == text
    first, *inner, last = pattern.split("*")
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in inner:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _open_ended(found: list[str]) -> tuple[str, ...]:
    """A run without spaces also stands within longer ones: its last pair ends it, a single character begins it."""
    if not found or len(found[-1]) > 1 or not is_unspaced(found[-1]):
        return tuple(found)
    if len(found) > 1 and len(found[-2]) > 1 and found[-2][1] == found[-1]:
        return tuple(found[:-1])
    return (*found[:-1], found[-1] + "*")
