"""A wish for music as it is typed, and the shapes it comes in."""

from __future__ import annotations

import re

import msgspec

from djforge.llm.rules.memory import Memory
from djforge.llm.rules.words import NUMBERS, fold

THINGS = r"(?:songs?|tracks?|tunes?|hits?|music|stuff|numbers?|ones?|pieces?|bangers?)"
_HOW_MANY = "|".join(sorted(NUMBERS, key=len, reverse=True))
_SOMETHING = r"(?:something|anything|some|any|a|an|one|the best|more|another|the)"
_MUCH = r"(?: (?:a (?:bit|little)|much|way|more|less|not so|slightly))*"

COUNTED = re.compile(
    rf"(?P<count>[0-9]{{1,2}}|a couple(?: of)?|a few|{_HOW_MANY}) (?:more |other |different )?(?P<rest>.+)",
    re.IGNORECASE,
)
"""Three songs by ABBA."""
SOME_BY = re.compile(
    rf"{_SOMETHING}?(?: (?:good|great|nice|other|old|new|famous|random))? ?{THINGS}? ?(?:else )?"
    r"(?:by|from|of) (?P<artist>.+)",
    re.IGNORECASE,
)
"""Something by ABBA."""
ARTIST_THINGS = re.compile(rf"(?:some |any |a |more |another )?(?P<artist>.+?)(?:'s)? {THINGS}", re.IGNORECASE)
"""Some ABBA songs."""
LIKE = re.compile(
    rf"(?P<lead>(?:something|anything|some|a|more|sth|another)?(?: ?{THINGS})? ?"
    r"(?:that(?:'s| is| sounds?) )?(?:kind of |a bit )?)"
    r"(?:like|similar to|in the (?:style|vein|spirit) of|along the lines of|reminiscent of|sounding like)"
    rf" (?P<who>.+?)(?:,? (?:but|only|just)(?: with)?{_MUCH} (?P<how>.+))?",
    re.IGNORECASE,
)
"""Something like Radiohead but happier."""
BUT = re.compile(rf"(?P<who>.+?),? but{_MUCH} (?P<how>.+)", re.IGNORECASE)
"""Radiohead but happier."""
NOT = re.compile(
    r"(?P<what>.*?),? ?(?:except|(?:other|different) than|anything but|but not|not|but no|without)"
    r" (?P<who>.+)",
    re.IGNORECASE,
)
"""Some rock, but not Oasis."""
DASHED = re.compile(r"(?P<artist>.+?) +[-–—] +(?P<title>.+)")
"""Radiohead - Creep."""
CALLED = re.compile(
    r"(?:(?:the|a|that) )?(?:song|track|tune|single|title)(?: (?:called|named|titled))? (?P<rest>.+)",
    re.IGNORECASE,
)
"""The song Creep."""

_THEM = re.compile(
    r"them|him|her|it|this|these|(?:the )?same(?: (?:artist|band|one|person|singer))?"
    r"|(?:this|that) (?:artist|band|singer|guy|group)"
)
_THIS = re.compile(r"(?:this|that|it)(?: (?:one|song|track))?|the last one|what(?: i|')s playing")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be played or queued, and what is known around it."""

    text: str
    queue: bool
    memory: Memory
    count: int = 1


def means_the_artist_before(text: str) -> bool:
    """Whether a text stands for the artist talked about, like "them"."""
    return _THEM.fullmatch(fold(text)) is not None


def means_the_song_before(text: str) -> bool:
    """Whether a text stands for the song talked about, like "this one"."""
    return _THIS.fullmatch(fold(text)) is not None


def title_and_artist(text: str) -> tuple[str, str] | None:
    """Title and artist around the last " by "."""
    match = re.fullmatch(r"(.+) by (.+)", text, re.IGNORECASE)
    return None if match is None else (match[1].strip(), match[2].strip())


def listed(text: str) -> list[str]:
    """The songs of a list: parted by commas or "and", each with a "by" of its own."""
    parts = re.split(r",? and (?=[^,]+? by )|, ?(?=[^,]+? by )", text, flags=re.IGNORECASE)
    return [part for part in parts if part]


def unquoted(text: str) -> str:
    """A name without the quotes around it."""
    return text.strip().strip('"').strip()
