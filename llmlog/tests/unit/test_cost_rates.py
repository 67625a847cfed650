"""What tokens come to: each paid once, and the same as genai-prices says itself for every model it knows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage as PublishedUsage
from genai_prices.data import providers
from genai_prices.types import ModelPrice
from hypothesis import given
from hypothesis import strategies as st

from llmlog import Usage
from llmlog.cost.catalogue import rates_of
from llmlog.cost.rates import Rate, Rates

PRICES = [
    (f"{provider.id} {model.id}", price)
    for provider in providers
    for model in provider.models
    for price in (
        [model.prices] if isinstance(model.prices, ModelPrice) else [each.prices for each in model.prices]
    )
]
RATES = Rates(
    input=Rate(Decimal(2)),
    output=Rate(Decimal(8)),
    cached=Rate(Decimal("0.5")),
    cache_write=Rate(Decimal(3)),
    reasoning=Rate(Decimal(10)),
)
MILLION = 1_000_000


def usd(rates: Rates, **counts: int | None) -> float | None:
    """What a usage comes to."""
    return rates.usd(Usage(**counts))


def test_every_token_is_paid_once() -> None:
    """Cached, cache-written and reasoning tokens are taken out of the whole that includes them."""
    counts = {"prompt_tokens": 10 * MILLION, "completion_tokens": 4 * MILLION}
    assert usd(RATES, **counts) == 10 * 2 + 4 * 8
    assert usd(RATES, **counts, cached_tokens=6 * MILLION) == 4 * 2 + 6 * 0.5 + 4 * 8
    assert usd(RATES, **counts, cached_tokens=6 * MILLION, cache_write_tokens=MILLION) == 3 * 2 + 6 * 0.5 + 3 + 32
    assert usd(RATES, **counts, reasoning_tokens=3 * MILLION) == 10 * 2 + 8 + 3 * 10


def test_a_part_without_a_rate_is_paid_like_the_whole() -> None:
    """Where nobody says what cached or reasoning tokens cost, they cost what the others do."""
    plain = Rates(input=Rate(Decimal(2)), output=Rate(Decimal(8)))
    bare = usd(plain, prompt_tokens=MILLION, completion_tokens=MILLION)
    assert bare == 10
    parts = {"cached_tokens": 7, "cache_write_tokens": 5, "reasoning_tokens": 9}
    assert usd(plain, prompt_tokens=MILLION, completion_tokens=MILLION, **parts) == bare


@pytest.mark.parametrize(
    "counts",
    [
        {},
        {"prompt_tokens": 5},
        {"completion_tokens": 5},
        {"prompt_tokens": 5, "total_tokens": 9},
        {"prompt_tokens": -1, "completion_tokens": 5},
        {"prompt_tokens": 5, "completion_tokens": 5, "cached_tokens": 6},
        {"prompt_tokens": 5, "completion_tokens": 5, "cached_tokens": 3, "cache_write_tokens": 3},
        {"prompt_tokens": 5, "completion_tokens": 5, "reasoning_tokens": 6},
        {"prompt_tokens": 5, "completion_tokens": 5, "reasoning_tokens": -1},
    ],
)
def test_what_does_not_add_up_is_unknown(counts: dict[str, int]) -> None:
    """Missing or contradicting counts give no cost, never a wrong one."""
    assert usd(RATES, **counts) is None


def test_no_price_is_not_a_price_of_nothing() -> None:
    """Tokens without a rate are unknown; a rate of 0 is known, and costs 0."""
    assert usd(Rates(input=None, output=None), prompt_tokens=1, completion_tokens=1) is None
    assert usd(Rates(input=Rate(Decimal(1)), output=None), prompt_tokens=1, completion_tokens=1) is None
    free = Rates(input=Rate(Decimal(0)), output=Rate(Decimal(0)))
    assert usd(free, prompt_tokens=1, completion_tokens=1) == 0


def test_an_embedding_has_no_completion() -> None:
    """Where the total is the prompt's, nothing was generated, and no output rate is needed."""
    embedding = Rates(input=Rate(Decimal(2)), output=None)
    assert usd(embedding, prompt_tokens=MILLION, total_tokens=MILLION) == 2


def test_a_step_holds_for_the_whole_call() -> None:
    """One token above the step makes all of them dearer, answer included."""
    stepped = Rates(
        input=Rate(Decimal(1), ((200_000, Decimal(2)), (400_000, Decimal(3)))),
        output=Rate(Decimal(10), ((200_000, Decimal(15)),)),
    )
    assert usd(stepped, prompt_tokens=200_000, completion_tokens=MILLION) == 0.2 + 10
    assert usd(stepped, prompt_tokens=200_001, completion_tokens=MILLION) == 2 * 0.200001 + 15
    assert usd(stepped, prompt_tokens=400_001, completion_tokens=MILLION) == 3 * 0.400001 + 15


def test_a_fee_per_call_comes_on_top() -> None:
    """It is due once, whatever the tokens."""
    rates = Rates(input=Rate(Decimal(1)), output=Rate(Decimal(1)), per_call=Decimal("0.005"))
    assert usd(rates, prompt_tokens=0, completion_tokens=0) == 0.005


@given(data=st.data())
def test_the_same_as_the_package_computes(data: st.DataObject) -> None:
    """For any published price and any usage that adds up, our sum is the package's own."""
    name, price = data.draw(st.sampled_from(PRICES))
    prompt = data.draw(st.integers(0, 2_000_000))
    completion = data.draw(st.integers(0, 200_000))
    cached = data.draw(st.integers(0, prompt))
    written = data.draw(st.integers(0, prompt - cached))
    reasoning = data.draw(st.integers(0, completion))
    ours = usd(
        rates_of(price),
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
    )
    if ours is None:
        assert price.input_mtok is None or price.output_mtok is None, name
        return
    theirs = price.calc_price(
        PublishedUsage(
            input_tokens=prompt,
            output_tokens=completion,
            cache_read_tokens=cached,
            cache_write_tokens=written,
            output_reasoning_tokens=reasoning,
        )
    )
    assert ours == pytest.approx(float(theirs["total_price"]), rel=1e-12), name


def test_there_are_prices_to_compare_with() -> None:
    """The comparison is over thousands of prices, tiers and fees among them."""
    assert len(PRICES) > 2_000
    now = datetime(2026, 11, 1, tzinfo=UTC)
    stepped = [
        model for provider in providers for model in provider.models if rates_of(model.get_prices(now)).input
    ]
    assert any(rates.steps for model in stepped if (rates := rates_of(model.get_prices(now)).input) is not None)
    assert any(rates_of(price).per_call for _, price in PRICES)
    assert any(rates_of(price).reasoning for _, price in PRICES)
