"""Words as people type them: folded for comparing, tidied for reading, and numbers spelled out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "couple": 2, "few": 3, "some": 3, "several": 4, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "hundred": 100, "zero": 0,
}  # fmt: skip
ORDINALS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3,
            "fifth": 4, "5th": 4, "last": -1}  # fmt: skip

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "đ": "d", "ł": "l", "ı": "i", "&": " and "})
_QUOTES = str.maketrans({"‘": "'", "’": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})


def fold(text: str) -> str:
    """A text as it is compared: without case, accents and punctuation, single spaces."""
    lowered = text.casefold().translate(_LETTERS)
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(mark))
    without = re.sub(r"['’.]", "", plain)
    return " ".join(re.sub(r"[^\w]+|_", " ", without).split())


def tidy(text: str) -> str:
    """A command as it is read: plain quotes, single spaces, no marks at its end."""
    plain = unicodedata.normalize("NFC", text).translate(_QUOTES)
    return re.sub(r"[\s!?.,;…:]+$", "", " ".join(plain.split())).strip()


def number(word: str) -> int | None:
    """The number a word stands for, in digits or spelled out (`forty`, `twenty five`)."""
    folded = fold(word)
    if re.fullmatch(r"[0-9]{1,4}", folded):
        return int(folded)
    parts = [part for part in folded.split() if part != "of"]
    if not parts or any(part not in NUMBERS for part in parts) or len(parts) > 2:
        return None
    if len(parts) == 2 and parts[0] in ("a", "one"):
        return NUMBERS[parts[1]]
    return sum(NUMBERS[part] for part in parts)


def one_slip_apart(typed: str, meant: str) -> bool:
    """Whether a word is another with one letter wrong, missing, doubled or swapped with its neighbour."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    shorter, longer = sorted((typed, meant), key=len)
    if len(shorter) < len(longer):
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    wrong = [at for at in range(len(typed)) if typed[at] != meant[at]]
    if len(wrong) == 1:
        return True
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and typed[wrong[0]] == meant[wrong[1]]
        and typed[wrong[1]] == meant[wrong[0]]
    )


def any_of(words: Iterable[str]) -> str:
    """A pattern for one of several phrases, the longest tried first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"
