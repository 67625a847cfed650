"""Mood, genre and decade words → `Taste`, by the lists of `vocabulary.txt`.

A text is a wish for a taste only when every word of it is known: one unknown word may be a name.
"""

from __future__ import annotations

import re

from djforge.llm.rules.rows import rows
from djforge.llm.rules.table import Taste
from djforge.llm.rules.words import fold

_OPEN_WORDS = frozenset({"surprise", "whatever", "you", "like"})
_DECADE = re.compile(r"(19|20)?([0-9])0s")


class Vocabulary:
    """The words for moods, genres and decades."""

    def __init__(self, entries: list[list[str]]) -> None:
        self._moods: dict[str, str] = {}
        self._genres: dict[str, str] = {}
        self._decades: dict[str, int] = {}
        self._phrases: dict[str, str] = {}
        self._fillers: set[str] = set()
        for kind, meaning, words in entries:
            self._learn(kind, meaning, words)

    @classmethod
    def load(cls) -> Vocabulary:
        """Read the file of this package."""
        return cls(rows("vocabulary.txt"))

    def taste_of(self, text: str) -> Taste | None:
        """The taste a text asks for; None where a word of it is not understood, or no word says anything."""
        moods: set[str] = set()
        genres: set[str] = set()
        decade: int | None = None
        for word in self._words(text):
            if word in self._genres:
                genres.add(self._genres[word])
            elif word in self._moods:
                moods.add(self._moods[word])
            elif self._decade(word) is not None:
                decade = self._decade(word)
            elif word not in self._fillers:
                return None
        return Taste(moods=frozenset(moods), genres=frozenset(genres), decade=decade) or None

    def says_nothing(self, text: str) -> bool:
        """Whether a text is made of words like "some music" only."""
        return all(word in self._fillers or word in _OPEN_WORDS for word in fold(text).split())

    def _learn(self, kind: str, meaning: str, words: str) -> None:
        if kind == "phrase":
            self._phrases[words] = meaning
            return
        for word in words.split():
            if kind == "mood":
                self._moods[word] = meaning
            elif kind == "genre":
                self._genres[word] = meaning
            elif kind == "decade":
                self._decades[word] = int(meaning)
            else:
                self._fillers.add(word)

    def _words(self, text: str) -> list[str]:
        folded = f" {fold(text)} "
        for phrase, word in self._phrases.items():
            folded = folded.replace(f" {phrase} ", f" {word} ")
        return folded.split()

    def _decade(self, word: str) -> int | None:
        match = _DECADE.fullmatch(word)
        if match is None:
            return self._decades.get(word)
        century, tens = match.groups()
        return int(f"{century or ('20' if tens in '012' else '19')}{tens}0")


def told(taste: Taste) -> str:
    """A taste in words."""
    parts = [*sorted(taste.moods), *sorted(taste.genres)]
    if taste.decade is not None:
        parts.append(f"from the {taste.decade}s")
    return ", ".join(parts)
