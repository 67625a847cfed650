"""The work: turns of a conversation, about 10 KB each. Every big text is a fresh object per call.

An *ordinary* turn repeats the system prompt (6 KB) and the earlier messages, and brings 1.5 KB of new text; a
*new* turn has nothing that was seen before. `scale` makes the messages and the answer longer or shorter.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

_SYLLABLES = (
    "ra",
    "dio",
    "ka",
    "lo",
    "ne",
    "mi",
    "su",
    "ta",
    "ver",
    "en",
    "ol",
    "is",
    "pu",
    "gra",
    "the",
    "an",
)


class Turns:
    """Makes turns as plain dictionaries, the same for every contender."""

    def __init__(self, seed: int = 1, scale: float = 1.0) -> None:
        self._random = random.Random(seed)
        self._system_size, self._message_size, self._answer_size = (int(n * scale) for n in (6100, 299, 830))
        self._words = ["".join(self._random.choices(_SYLLABLES, k=self._random.randint(1, 4))) for _ in range(4000)]
        self._system = self._text(self._system_size)
        self._earlier = [self._text(self._message_size) for _ in range(4)]

    def stream(self, *, new: bool) -> Iterator[dict[str, Any]]:
        """Turns without end."""
        number = 0
        while True:
            number += 1
            yield self._turn(number, new=new)

    def _turn(self, number: int, *, new: bool) -> dict[str, Any]:
        system = self._text(self._system_size) if new else _fresh(self._system)
        earlier = [self._text(self._message_size) if new else _fresh(text) for text in self._earlier]
        roles = ("user", "assistant")
        messages = [{"role": "system", "content": system}]
        messages += [{"role": roles[i % 2], "content": text} for i, text in enumerate(earlier)]
        messages.append({"role": "user", "content": self._text(self._message_size)})
        return {
            "command": self._text(50),
            "user": f"person-{number % 50}",
            "session": f"session-{number % 80}",
            "messages": messages,
            "content": self._text(self._answer_size),
            "interpretation": {
                "intent": "play_specific_song",
                "artist": self._text(16),
                "track": self._text(20),
                "confidence": 0.92,
                "reasoning": self._text(120),
                "alternatives": [self._text(24) for _ in range(5)],
            },
            "model": "anthropic/claude-sonnet-4",
            "latency": 400 + self._random.random() * 3000,
            "message": self._text(60),
        }

    def _text(self, length: int) -> str:
        words: list[str] = []
        size = 0
        while size < length:
            words.append(self._random.choice(self._words))
            size += len(words[-1]) + 1
        return " ".join(words)[:length]


def _fresh(text: str) -> str:
    """The same text as another object, as a framework that builds its messages anew has it."""
    return (text + " ")[:-1]
