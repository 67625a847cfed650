"""Prices of one model and what a call's tokens come to: each token is paid once.

Cached and cache-written tokens are part of the prompt's, reasoning tokens part of the completion's: whatever has a
price of its own is taken out of the whole before the rest is paid.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, Protocol

PER_MILLION = 1_000_000


class TokenCounts(Protocol):
    """Counts as `llmlog.entry.Usage` has them: the parts are included in the wholes."""

    @property
    def prompt_tokens(self) -> int | None: ...
    @property
    def completion_tokens(self) -> int | None: ...
    @property
    def total_tokens(self) -> int | None: ...
    @property
    def cached_tokens(self) -> int | None: ...
    @property
    def cache_write_tokens(self) -> int | None: ...
    @property
    def reasoning_tokens(self) -> int | None: ...


class Rate(NamedTuple):
    """US dollars per million tokens; `steps` are (prompt tokens above which it holds, rate), rising.

    A step holds for all tokens of the call, not only for those above it.
    """

    amount: Decimal
    steps: tuple[tuple[int, Decimal], ...] = ()

    def at(self, prompt_tokens: int) -> Decimal:
        """The rate of a call with so many prompt tokens."""
        for above, amount in reversed(self.steps):
            if prompt_tokens > above:
                return amount
        return self.amount


class Rates(NamedTuple):
    """The prices of one model. A part without a rate of its own is paid like the whole it belongs to."""

    input: Rate | None
    output: Rate | None
    cached: Rate | None = None
    cache_write: Rate | None = None
    reasoning: Rate | None = None
    per_call: Decimal = Decimal(0)
    """US dollars on top of the tokens."""

    def usd(self, counts: TokenCounts) -> float | None:
        """What the tokens come to; None where a count or a price is missing, or counts contradict each other."""
        prompt, completion = counts.prompt_tokens, _completion(counts)
        if prompt is None or completion is None or prompt < 0 or completion < 0:
            return None
        cached, written = counts.cached_tokens or 0, counts.cache_write_tokens or 0
        sent = _paid(prompt, self.input, ((cached, self.cached), (written, self.cache_write)), prompt)
        thought = counts.reasoning_tokens or 0
        got = _paid(completion, self.output, ((thought, self.reasoning),), prompt)
        if sent is None or got is None:
            return None
        return float((sent + got) / PER_MILLION + self.per_call)


def _completion(counts: TokenCounts) -> int | None:
    """Completion tokens; those of an embedding are none where the total says so."""
    if counts.completion_tokens is None and counts.total_tokens is not None:
        return 0 if counts.total_tokens == counts.prompt_tokens else None
    return counts.completion_tokens


def _paid(
    whole: int, rate: Rate | None, parts: tuple[tuple[int, Rate | None], ...], prompt_tokens: int
) -> Decimal | None:
    """Dollars per million for a whole with its parts."""
    rest, paid = whole, Decimal(0)
    for count, own in parts:
        if count < 0 or count > whole:
            return None
        if own is not None:
            rest -= count
            paid += count * own.at(prompt_tokens)
    if rest < 0 or (rate is None and rest > 0):
        return None
    return paid if rate is None else paid + rest * rate.at(prompt_tokens)
