"""Random and hostile logs for the search index, of an alphabet over which folding is a small table."""

from __future__ import annotations

import random
from typing import Any

from llmlog import Cost, ErrorInfo, LlmRequest, LlmResponse, LogEntry, Result, Usage
from llmlog.entry import Attempt, Step

_FOLDED = {"É": "e", "é": "e", "ü": "u", "Ü": "u", "ß": "ss", "ﬁ": "fi", "Ａ": "a", "ø": "o", "Ø": "o"}
_UNSEEN = "\u0301\u0308\u200d\ufe0f\u00ad"
UNSPACED = "日本語東京"
EMOJI = "😀🎵🎸"
BASES = ("play", "jazz", "fine", "cafe", "strasse", "blue", "a", "of", "80s", "7", "uber", "playlist", "replay")
SPELT = {"fine": "ﬁne", "cafe": "CAFÉ", "strasse": "Straße", "blue": "blu\u00ade", "uber": "Über", "play": "pLAY"}
LONG = ("ab" * 130 + "end", "q" * 17_000 + "end", "abab" * 70)
_JOINS = (" ", " ", " ", "_", "/", " – ", "\n", "\u2028", "&")


def plain(text: str) -> str:
    """Folded, by the table."""
    return "".join(_FOLDED.get(char, char).lower() for char in text if char not in _UNSEEN)


def units(text: str) -> list[str]:
    """Words, whole runs without spaces, and single symbols, in order."""
    found: list[str] = []
    before = ""
    for char in plain(text):
        kind = _kind(char)
        if kind and kind == before != "symbol":
            found[-1] += char
        elif kind:
            found.append(char)
        before = kind
    return found


def _kind(char: str) -> str:
    if char.isascii() and char.isalnum():
        return "word"
    return "unspaced" if char in UNSPACED else "symbol" if char in EMOJI else ""


# -- logs ---------------------------------------------------------------------------------------------


class Logs:
    """Makes hostile logs around a moment."""

    def __init__(self, chance: random.Random, now_ms: int) -> None:
        self._chance = chance
        self._now_ms = now_ms
        self._number = 0

    def some(self, count: int) -> list[LogEntry]:
        """So many, of about three days, many of them within one millisecond."""
        return [self._one() for _ in range(count)]

    def _maybe(self, value: Any, share: float = 0.7) -> Any:
        return value if self._chance.random() < share else None

    def _word(self) -> str:
        draw = self._chance.random()
        if draw < 0.03:
            return self._chance.choice(LONG)
        if draw < 0.15:
            return "".join(self._chance.choices(UNSPACED, k=self._chance.randint(1, 5)))
        if draw < 0.2:
            return self._chance.choice(EMOJI)
        word = self._chance.choice(BASES)
        return self._chance.choice((word, word, word.upper(), SPELT.get(word, word), word + "\u0301"))

    def _text(self) -> str:
        if self._chance.random() < 0.1:
            return self._chance.choice(("", "!!!", "\u0301", " ", "𐀀", "\x00 a", "…"))
        joins = self._chance.choices(_JOINS, k=8)
        return "".join(self._word() + join for join in joins[: self._chance.randint(1, 8)])

    def _messages(self) -> list[Any]:
        parts = [self._text(), [{"type": "text", "text": self._text()}, self._text(), {"image": 1}], None]
        made: list[Any] = [{"role": "system", "content": self._text()}, "loose"]
        made += [{"role": "user", "content": self._chance.choice(parts)} for _ in range(self._chance.randint(0, 2))]
        return [*made, {"role": "assistant", "content": self._text()}] if self._chance.random() < 0.3 else made

    def _timestamp(self) -> int:
        back_ms = self._chance.choice((0, 0, 1, 60_000, 60_001, 3_600_000, 90_000_000, 170_000_000))
        return self._now_ms - back_ms - self._chance.choice((0, 0, self._chance.randrange(100_000)))

    def _number_of(self) -> float | None:
        return self._maybe(self._chance.choice((0.0, -0.0, 1.0, 2000, 2000.5, 4999.99, 5000, 5001, 1e12)))

    def _response(self) -> LlmResponse:
        usage = Usage(prompt_tokens=self._count(), completion_tokens=self._count(), total_tokens=self._count())
        return LlmResponse(
            content=self._maybe(self._text()),
            reasoning=self._maybe(self._text(), 0.3),
            latency=self._number_of(),
            time_to_first_token=self._number_of(),
            usage=self._maybe(usage),
            cost=self._maybe(Cost(usd=self._maybe(self._chance.choice((0.0, 0.01, 0.05, 0.1, 1e-9))))),
            finish_reason=self._maybe(self._chance.choice(("stop", "length", "STOP"))),
            streamed=self._maybe(self._chance.random() < 0.5),
            tool_calls=self._maybe(self._chance.choice(([], [{"name": "x"}]))),
        )

    def _count(self) -> int | None:
        count: int | None = self._maybe(self._chance.choice((0, 1, 999, 1000, 4000, 4001, 2_000_000)))
        return count

    def _id(self) -> str:
        self._number += 1
        form = self._chance.choice(("caller-{}", "CALLER_{}", "{}-by-the-caller", "______{}"))
        return form.format(f"{self._number:05d}")

    def _one(self) -> LogEntry:
        key = "v1:" + self._chance.choice(("7f3a9c0011223344", "7f3a9cffeeddccbb", "00aa11bb22cc33dd"))
        return LogEntry(
            id=self._id(),
            timestamp=self._timestamp(),
            user_id=self._maybe(key),
            session_id=self._maybe("v2:" + self._chance.choice(("aaaaaa11", "aaaaab22"))),
            command=self._maybe(self._text()),
            interpretation=self._maybe({"intent": self._chance.choice(("play_track", "Clarify"))}),
            llm_request=LlmRequest(
                model=self._chance.choice(MODELS),
                messages=self._messages(),
                temperature=self._maybe(self._chance.choice((0.0, 0.7, 1.0))),
                requested_model=self._maybe(self._chance.choice(MODELS)),
                provider=self._maybe(self._chance.choice(("openai", "OpenAI", "anthropic")), 0.8),
            ),
            llm_response=self._maybe(self._response(), 0.9),
            result=self._maybe(Result(success=True, message=self._text())),
            error=self._maybe(ErrorInfo(type=self._chance.choice(("rate_limit", "x")), message=self._text()), 0.3),
            status=self._chance.choice(("ok", "ok", "fallback", "error")),
            stage=self._maybe(self._chance.choice(("model", "parse")), 0.3),
            turn=self._maybe(self._chance.randint(1, 4)),
            tags=self._chance.choice(TAGS),
            source=self._chance.choice(("chat", "api", "test")),
            attempts=[Attempt(model="m")] * self._chance.randint(0, 3),
            steps=[Step(name="s")] * self._chance.randint(0, 1),
            truncated=["a"] * self._chance.randint(0, 1),
            masked={"key": 1} if self._chance.random() < 0.2 else {},
        )


MODELS = ("claude-sonnet-4", "Claude-Opus", "gpt-5", "gpt+5", "modéle (x)", "a.b*c", "x\ny", "z" * 1_500 + "end")
TAGS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"beta": None},
    {"ab": "B", "n": 7},
    {"ab": "b"},
    {"a, b": "with space"},
    {"": ""},
    {'quo"te': "back\\slash"},
    {"new\nline": "é"},
    {"new\nline": "É", "ok": True},
    {"long": "y" * 16_500 + "tail"},
)
