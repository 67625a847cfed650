"""Counters of one entry, latency buckets, percentiles."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlog import Cost, LlmRequest, LlmResponse, LogEntry, Usage
from llmlog.store.counters import LOWEST_BUCKET, NAME_LIMIT, bucket_of, increments, percentile, summed
from llmlog.store.head import head_of

PROMISED_ERROR = 0.022


def counted(entry: LogEntry) -> dict[str, int]:
    """What an entry adds, through the same door as the shipper."""
    return increments(head_of(msgspec.json.encode(entry))[0])


@given(st.lists(st.floats(1, 3_600_000), min_size=1, max_size=300), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_percentiles_are_within_their_promise(latencies: list[float], share: float) -> None:
    """Any percentile from the histogram is within 2.2 % of the exact one (nearest rank)."""
    buckets: dict[int, int] = {}
    for latency_ms in latencies:
        buckets[bucket_of(latency_ms)] = buckets.get(bucket_of(latency_ms), 0) + 1
    exact = sorted(latencies)[math.ceil(share * len(latencies)) - 1]
    assert percentile(buckets, share) == pytest.approx(exact, rel=PROMISED_ERROR)


@given(st.floats(0.001, 1e9), st.floats(0.001, 1e9))
def test_buckets_keep_the_order(one_ms: float, other_ms: float) -> None:
    """A longer latency is never in a lower bucket."""
    assert (bucket_of(one_ms) <= bucket_of(other_ms)) or one_ms > other_ms


@pytest.mark.parametrize("latency_ms", [0, -0.0, 1e-300])
def test_the_shortest_are_in_the_lowest_bucket(latency_ms: float) -> None:
    """Nothing is below the lowest bucket."""
    assert bucket_of(latency_ms) == LOWEST_BUCKET


def test_no_latencies_have_no_percentile() -> None:
    """None, not 0."""
    assert percentile({}, 0.5) is None


@pytest.mark.parametrize("latency_ms", [None, -1.0])
def test_impossible_latencies_are_not_counted(latency_ms: float | None) -> None:
    """An unknown or negative latency adds nothing to the average nor to the histogram."""
    entry = LogEntry(llm_request=LlmRequest(model="m"), llm_response=LlmResponse(latency=latency_ms))
    assert not [name for name in counted(entry) if "latency" in name]


def test_tests_stand_apart() -> None:
    """An entry of source `test` moves one counter, which no other figure uses."""
    entry = LogEntry(llm_request=LlmRequest(model="m"), source="test", status="error")
    assert counted(entry) == {"test:count": 1}
    assert summed([{b"test:count": b"7"}]).plain == {}
    assert summed([{b"test:count": b"7"}, {b"test:count": b"1"}]).tests == 8


def test_an_unknown_cost_is_counted_as_unknown() -> None:
    """A cost nobody knows is never 0 dollars; a cost of 0 is known."""
    free = LogEntry(llm_request=LlmRequest(model="m"), llm_response=LlmResponse(cost=Cost(usd=0.0)))
    unknown = LogEntry(llm_request=LlmRequest(model="m"), llm_response=LlmResponse(cost=Cost()))
    assert counted(free)["log:cost:known"] == 1
    assert "log:cost:unknown" not in counted(free)
    assert counted(unknown)["log:cost:unknown"] == 1
    assert "log:cost:nanousd" not in counted(unknown)


def test_names_in_counters_are_bounded() -> None:
    """A model name from the wire cannot make a counter's name endless; token counts are added as they are."""
    entry = LogEntry(
        llm_request=LlmRequest(model="m" * 10_000),
        llm_response=LlmResponse(usage=Usage(prompt_tokens=3, completion_tokens=4, cached_tokens=2)),
    )
    added = counted(entry)
    assert added[f"log:model:{'m' * NAME_LIMIT}"] == 1
    assert max(map(len, added)) <= NAME_LIMIT + len("log:provider:")
    assert {name: n for name, n in added.items() if "tokens" in name} == {
        "log:tokens:prompt": 3,
        "log:tokens:completion": 4,
        "log:tokens:cached": 2,
    }


def test_foreign_fields_are_passed_over() -> None:
    """Fields of the TypeScript app in the same hash, and ones nobody knows, count for nothing."""
    counts = summed(
        [{b"totalQueries": b"9", b"model:x": b"9", b"log:": b"x", b"other:count": b"x", b"log:count": b"1"}]
    )
    assert counts.plain == {"count": 1}
    assert counts.named == {}


def test_names_may_hold_colons() -> None:
    """A name is kept whole, colons and all, and summed over days."""
    day = {b"log:model:a:b:c": b"2", b"log:latency:bucket:-3": b"1"}
    counts = summed([day, day])
    assert counts.named == {"model": {"a:b:c": 4}}
    assert counts.buckets == {-3: 2}
