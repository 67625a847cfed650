"""A model as providers really name it is found at the right seller, or is unknown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from genai_prices import __version__

from llmlog import Cost, Usage
from llmlog.cost.catalogue import REMEMBERED, Catalogue
from llmlog.cost.pricing import PricedCall, Pricing

USAGE = Usage(prompt_tokens=1_000_000, completion_tokens=1_000_000)


def ms(year: int, month: int, day: int) -> int:
    """A UTC day's beginning, ms since the epoch."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1000


NOW_MS = ms(2026, 3, 1)


def call(
    model: str,
    provider: str | None = None,
    flow: str | None = None,
    *,
    at_ms: int = NOW_MS,
    tier: str | None = None,
    usage: Usage = USAGE,
) -> PricedCall:
    """A call of a million tokens each way."""
    return PricedCall(model, provider, flow, at_ms, tier, usage)


@pytest.fixture(name="pricing", scope="module")
def _pricing() -> Pricing:
    """Published prices only."""
    return Pricing()


@pytest.mark.parametrize(
    ("model", "provider", "flow", "dollars"),
    [
        ("anthropic/claude-sonnet-4", "Anthropic", "openrouter", 18),
        ("anthropic/claude-sonnet-4", "Google Vertex", "openrouter", 18),
        ("anthropic/claude-sonnet-4", "openrouter", None, 18),
        ("openai/o3-pro", "OpenAI", "openrouter", 100),
        ("openai/o3-pro-2025-06-10", "openai", "openrouter", 100),
        ("google/gemini-2.5-flash", "Google AI Studio", "openrouter", 2.8),
        ("gpt-4.1-2025-04-14", "openai", "openai-direct", 10),
        ("GPT-4.1-2025-04-14", "OpenAI", None, 10),
        ("openai/gpt-4.1", "openai", "openai-direct", 10),
        ("gpt-4.1-2025-04-14", None, None, 10),
        ("openai/gpt-4.1", None, None, 10),
        ("claude-sonnet-4-20250514", "anthropic", None, 18),
        ("anthropic/claude-sonnet-4", None, None, 18),
        ("models/gemini-2.5-flash", "google", None, 2.8),
        ("models/gemini-2.5-flash", None, None, 2.8),
        ("gemini-2.5-flash-001", "gcp.vertex_ai", None, 2.8),
        ("publishers/google/models/gemini-2.5-flash", "vertex_ai", None, 2.8),
        ("gpt-4.1", "azure.ai.openai", None, 10),
        ("gpt-4.1", "openai", "chat", 10),
    ],
)
def test_found_at_the_right_seller(
    pricing: Pricing, model: str, provider: str | None, flow: str | None, dollars: float
) -> None:
    """Each form of a name leads to its seller's published price."""
    found = pricing.cost_of(call(model, provider, flow))
    assert found == Cost(usd=dollars, source="prices", price_version=f"genai-prices {__version__}")


@pytest.mark.parametrize(
    ("model", "provider", "flow"),
    [
        ("local/rules-1", "local", "local"),
        ("local/rules-1", None, None),
        ("rules-1", None, "local"),
        ("gpt-4.1", "my-gateway", None),
        ("gpt-4.1", None, "my-gateway"),
        ("deepseek-r1", "ollama", None),
        ("deepseek-r1", None, None),
        ("meta-llama/llama-3-70b", None, None),
        ("openai/gpt-4.1", "my-openai-compatible-thing", None),
        ("anthropic/claude-99", "openrouter", "openrouter"),
        ("gpt-99", "openai", None),
        ("", "openai", None),
        ("/", None, None),
        ("models/", "google", None),
        ("openai/" * 500, "openai", None),
    ],
)
def test_unknown_stays_unknown(pricing: Pricing, model: str, provider: str | None, flow: str | None) -> None:
    """A name that no seller has gives no cost, and certainly not 0."""
    found = pricing.cost_of(call(model, provider, flow))
    assert (found.usd, found.source, found.price_version) == (None, "unknown", None)


def test_the_price_of_the_day_of_the_call(pricing: Pricing) -> None:
    """A price that fell is the old one before that day, the new one from then on."""
    before = pricing.cost_of(call("o3", "openai", at_ms=ms(2025, 6, 1)))
    after = pricing.cost_of(call("o3", "openai", at_ms=ms(2025, 7, 1)))
    assert (before.usd, after.usd) == (50, 10)


def test_a_service_tier_has_its_own_price(pricing: Pricing) -> None:
    """Flex is cheaper than standard, `auto` and `default` are standard; a tier nobody has a price of is unknown."""
    small = Usage(prompt_tokens=1000, completion_tokens=1000)
    usd = {
        tier: pricing.cost_of(call("gpt-5", "openai", at_ms=ms(2026, 11, 1), tier=tier, usage=small)).usd
        for tier in (None, "auto", "default", "flex", "priority", "platinum")
    }
    assert usd[None] == usd["auto"] == usd["default"] == 0.01125
    assert usd["flex"] == 0.005625
    assert usd["priority"] is not None and usd["priority"] > 0.01125
    assert usd["platinum"] is None
    before = call("gpt-5", "openai", at_ms=ms(2026, 10, 11), tier="flex", usage=small)
    assert pricing.cost_of(before).usd is None, "a tier has no price before the first day it is known for"


def test_names_from_the_wire_do_not_pile_up() -> None:
    """However many names come, no more than a bounded number is remembered."""
    catalogue = Catalogue()
    for number in range(REMEMBERED + 50):
        catalogue.rates(f"nonsense-{number}", "openai", None, NOW_MS, None)
    assert len(catalogue._models) <= REMEMBERED
    assert catalogue.rates("gpt-4.1", "openai", None, NOW_MS, None) is not None


def test_a_price_that_fails_does_not_raise(pricing: Pricing, caplog: pytest.LogCaptureFixture) -> None:
    """A moment no calendar has costs the price, not the log; it is told once."""
    odd = call("gpt-4.1", "openai", at_ms=10**18)
    assert [pricing.cost_of(odd).source for _ in range(3)] == ["unknown"] * 3
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
