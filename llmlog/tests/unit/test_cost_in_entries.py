"""On the way to the store an entry gets its cost, in its head and at the right place of its JSON."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from llmlog import Cost, LlmRequest, LlmResponse, LogEntry, Usage
from llmlog.cost.pricing import Pricing
from llmlog.store.counters import increments
from llmlog.store.head import head_of
from llmlog.store.priced import priced, with_cost

COST = Cost(usd=18.0, source="prices")
MILLION = 1_000_000


def entry(**response: Any) -> LogEntry:
    """A call of a million tokens each way, 18 dollars."""
    usage = Usage(prompt_tokens=MILLION, completion_tokens=MILLION, total_tokens=2 * MILLION)
    return LogEntry(
        id="1",
        timestamp=1_772_000_000_000,
        llm_request=LlmRequest(model="anthropic/claude-sonnet-4", provider="Anthropic", flow="openrouter"),
        llm_response=LlmResponse(**{"usage": usage, **response}),
    )


@pytest.fixture(name="pricing", scope="module")
def _pricing() -> Pricing:
    """Published prices only."""
    return Pricing()


def passed(body: bytes, pricing: Pricing | None) -> tuple[dict[str, int], bytes]:
    """What the counters of an entry become, and its JSON."""
    head, body = priced(*head_of(body), pricing)
    return increments(head), body


def test_a_cost_is_filled_in(pricing: Pricing) -> None:
    """Counters and JSON have it, and nothing else of the JSON changed."""
    logged = entry()
    counted, body = passed(msgspec.json.encode(logged), pricing)
    assert (counted["log:cost:known"], counted["log:cost:nanousd"]) == (1, 18 * 10**9)
    read = msgspec.json.decode(body, type=LogEntry)
    assert read.llm_response is not None and read.llm_response.cost is not None
    cost = read.llm_response.cost
    assert (cost.usd, cost.source, (cost.price_version or "").split()[0]) == (18.0, "prices", "genai-prices")
    response = msgspec.structs.replace(read.llm_response, cost=None)
    assert msgspec.structs.replace(read, llm_response=response) == logged


@pytest.mark.parametrize(
    "logged",
    [
        entry(cost=Cost(usd=0.5, source="provider")),
        entry(cost=Cost(usd=0.0, source="provider")),
        entry(cost=Cost(usd=0.5, source="override", price_version="override:x")),
        entry(usage=None),
        LogEntry(llm_request=LlmRequest(model="gpt-4.1", provider="openai")),
    ],
    ids=["reported", "reported as free", "known already", "without counts", "without an answer"],
)
def test_what_needs_no_cost_passes_as_it_is(pricing: Pricing, logged: LogEntry) -> None:
    """A known cost, a provider's above all, is not computed again; without usage there is nothing to compute."""
    body = msgspec.json.encode(logged)
    assert passed(body, pricing)[1] is body


def test_without_prices_nothing_changes() -> None:
    """A writer that was given no prices leaves entries as they come."""
    body = msgspec.json.encode(entry())
    assert passed(body, None)[1] is body


def test_an_unknown_price_is_written_as_unknown(pricing: Pricing) -> None:
    """The entry says `unknown`, is counted so, and never as 0."""
    local = msgspec.structs.replace(entry(), llm_request=LlmRequest(model="local/rules-1", provider="local"))
    counted, body = passed(msgspec.json.encode(local), pricing)
    assert json.loads(body)["llmResponse"]["cost"] == {"usd": None, "source": "unknown", "priceVersion": None}
    assert counted["log:cost:unknown"] == 1
    assert "log:cost:known" not in counted
    assert passed(body, pricing)[1] is body, "a second time there is nothing to write"


DECOY: dict[str, Any] = {"cost": None, "llmResponse": {"cost": None}, "text": '"cost":null'}


@pytest.mark.parametrize("count", [1, 3, 40])
def test_costs_of_the_host_are_left_alone(pricing: Pricing, count: int) -> None:
    """Other places that look the same, before and after, few or many, stay as they were."""
    request = LlmRequest(model="anthropic/claude-sonnet-4", flow="openrouter", messages=[DECOY] * count)
    logged = msgspec.structs.replace(
        entry(raw_usage=DECOY, tool_calls=[DECOY]),
        llm_request=request,
        interpretation=DECOY,
        tags=DECOY,
        raw=DECOY,
    )
    read = msgspec.json.decode(passed(msgspec.json.encode(logged), pricing)[1], type=LogEntry)
    assert read.llm_response is not None and read.llm_response.cost is not None
    assert read.llm_response.cost.usd == 18.0
    response = msgspec.structs.replace(read.llm_response, cost=None)
    assert msgspec.structs.replace(read, llm_response=response) == logged


def test_json_of_another_writer_gets_its_cost_too(pricing: Pricing) -> None:
    """Spaces, another order and a missing key do not matter, and a decoy in the place of the key is not taken."""
    fields = json.loads(msgspec.json.encode(entry(raw_usage=DECOY)))
    del fields["llmResponse"]["cost"]
    for text in (json.dumps(fields, indent=1), json.dumps(fields, separators=(",", ":"), sort_keys=True)):
        counted, body = passed(text.encode(), pricing)
        read = json.loads(body)
        assert counted["log:cost:nanousd"] == 18 * 10**9
        assert read["llmResponse"]["cost"]["usd"] == 18.0
        assert read["llmResponse"]["rawUsage"] == DECOY


def test_what_a_newer_version_wrote_is_kept(pricing: Pricing) -> None:
    """Fields this version does not know are still there when the cost was filled in."""
    fields = json.loads(msgspec.json.encode(entry()))
    fields["newField"] = {"a": 1}
    _, body = passed(json.dumps(fields, separators=(",", ":")).encode(), pricing)
    assert json.loads(body)["newField"] == {"a": 1}
    assert json.loads(body)["llmResponse"]["cost"]["usd"] == 18.0


def test_a_cost_can_be_put_in_the_place_of_another() -> None:
    """The old one goes, whatever it was, and the head says so."""
    for old in (None, Cost(), Cost(usd=1e-9, source="prices", price_version="genai-prices 0.1")):
        head, body = head_of(msgspec.json.encode(entry(cost=old, raw_usage=DECOY)))
        changed_head, changed = with_cost(head, body, COST)
        assert changed_head.llm_response is not None and changed_head.llm_response.cost == COST
        assert changed == msgspec.json.encode(entry(cost=COST, raw_usage=DECOY))


def test_no_answer_has_no_place_for_a_cost() -> None:
    """Giving a cost to an entry without an answer is a mistake, and told."""
    head, body = head_of(msgspec.json.encode(LogEntry(llm_request=LlmRequest(model="m"))))
    with pytest.raises(msgspec.DecodeError):
        with_cost(head, body, COST)


def test_cached_tokens_and_tier_reach_the_price(pricing: Pricing) -> None:
    """The head has what a price depends on: cache writes and the service tier asked for."""
    usage = Usage(prompt_tokens=MILLION, completion_tokens=0, cached_tokens=500_000, cache_write_tokens=100_000)
    counted, _ = passed(msgspec.json.encode(entry(usage=usage)), pricing)
    assert counted["log:cost:nanousd"] == round((0.4 * 3 + 0.5 * 0.3 + 0.1 * 3.75) * 10**9)
    for tier, dollars in (("flex", 5.625), ("default", 11.25), (7, 11.25)):
        request = LlmRequest(model="gpt-5", provider="openai", params={"service_tier": tier, "top_p": 1})
        flexible = msgspec.structs.replace(entry(), llm_request=request, timestamp=1_794_000_000_000)
        counted, _ = passed(msgspec.json.encode(flexible), pricing)
        assert counted["log:cost:nanousd"] == round(dollars * 10**9), tier
