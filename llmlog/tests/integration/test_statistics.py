"""Statistics from the daily counters equal what counting the entries by hand gives."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored_logs import StoredLogs, stored_logs

from llmlog import BadRequest, Cost, LlmRequest, LlmResponse, LogEntry, Statistics, Usage
from llmlog.clock import utc_day
from llmlog.store.keys import DAY_MS

EXAMPLES = 40
PERCENTILE_ERROR = 0.022

counts = st.none() | st.integers(0, 200_000)
names = st.none() | st.sampled_from(
    ["openai", "anthropic", "local/rules-1", "a:b:c", "é:*", "count", "latency:count"]
)
costs = st.none() | st.builds(Cost, usd=st.none() | st.floats(0, 2), source=st.just("prices"))
responses = st.none() | st.builds(
    LlmResponse,
    usage=st.none() | st.builds(Usage, prompt_tokens=counts, completion_tokens=counts, total_tokens=counts),
    latency=st.none() | st.floats(1, 100_000),
    cost=costs,
)
entries = st.builds(
    LogEntry,
    timestamp=st.integers(0, 2 * DAY_MS - 1),
    llm_request=st.builds(LlmRequest, model=names.map(lambda name: name or ""), provider=names, flow=names),
    llm_response=responses,
    interpretation=st.none() | st.builds(lambda intent: {"intent": intent}, names),
    status=st.sampled_from(["ok", "fallback", "error"]),
    stage=st.none() | st.sampled_from(["model", "parse", "schema", "action"]),
    source=st.sampled_from(["chat", "chat", "chat", "api", "import", "test"]),
)


@pytest.fixture(name="logs", scope="module")
def _logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLogs]:
    with stored_logs(tmp_path_factory.mktemp("data")) as logs:
        yield logs


@pytest.fixture(name="turn", scope="module")
def _turn() -> Iterator[int]:
    return itertools.count(1)


def tally(names: Iterator[str | None]) -> dict[str, int]:
    """How often each name occurs, largest first, then by name; nothing for no name."""
    found = Counter(name for name in names if name)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def tokens(answers: list[LlmResponse], kind: str) -> int:
    """The sum of one kind of tokens."""
    return sum(getattr(answer.usage, f"{kind}_tokens") or 0 for answer in answers if answer.usage is not None)


def by_hand(logged: list[LogEntry], days: list[str]) -> Statistics:
    """The statistics but for the percentiles, which the test compares by themselves."""
    real = [one for one in logged if one.source != "test"]
    answers = [one.llm_response for one in real if one.llm_response is not None]
    latencies = [answer.latency for answer in answers if answer.latency is not None]
    costs = [answer.cost.usd for answer in answers if answer.cost is not None and answer.cost.usd is not None]
    states = tally(one.status for one in real)
    intents = ((one.interpretation or {}).get("intent") for one in real)
    return Statistics(
        total_queries=len(real),
        model_distribution=tally(one.llm_request.model for one in real),
        provider_distribution=tally(one.llm_request.provider for one in real),
        flow_distribution=tally(one.llm_request.flow for one in real),
        intent_distribution=tally(intents),
        status_distribution=states,
        stage_distribution=tally(one.stage for one in real),
        avg_latency=pytest.approx(sum(latencies) / len(latencies), abs=0.002) if latencies else None,  # type: ignore[arg-type]
        error_rate=round(states.get("error", 0) / len(real), 4) if real else None,
        prompt_tokens=tokens(answers, "prompt"),
        completion_tokens=tokens(answers, "completion"),
        total_tokens=tokens(answers, "total"),
        cost_usd=pytest.approx(sum(costs), abs=1e-7) if costs else None,  # type: ignore[arg-type]
        cost_unknown=len(real) - len(costs),
        test_queries=len(logged) - len(real),
        from_day=days[0],
        to_day=days[-1],
    )


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(entries, max_size=40))
def test_statistics_equal_counting_by_hand(logs: StoredLogs, turn: Iterator[int], drawn: list[LogEntry]) -> None:
    """Every figure over two days is what counting gives; percentiles are within 2.2 % of the exact ones."""
    number = next(turn)
    midnight = logs.now_ms // DAY_MS * DAY_MS + 2 * number * DAY_MS  # days of its own for each example
    logged = [
        LogEntry(**{**fields(one), "id": f"turn-{number:06d}-{n}", "timestamp": midnight + one.timestamp})
        for n, one in enumerate(drawn)
    ]
    logs.write(logged[::2])
    logs.write(logged[1::2])
    days = [utc_day(midnight), utc_day(midnight + DAY_MS)]
    found = logs.service.statistics(*days)
    wanted = by_hand(logged, days)
    for name in wanted.__struct_fields__:
        if not name.startswith("p") or name == "prompt_tokens" or name == "provider_distribution":
            assert getattr(found, name) == getattr(wanted, name), name
    latencies = sorted(
        one.llm_response.latency
        for one in logged
        if one.source != "test" and one.llm_response is not None and one.llm_response.latency is not None
    )
    for share, figure in ((0.5, found.p50_latency), (0.95, found.p95_latency), (0.99, found.p99_latency)):
        if not latencies:
            assert figure is None
        else:
            exact = latencies[math.ceil(share * len(latencies)) - 1]
            assert figure == pytest.approx(exact, rel=PERCENTILE_ERROR)
    one_day = [one for one in logged if one.timestamp < midnight + DAY_MS and one.source != "test"]
    assert logs.service.statistics(days[0], days[0]).total_queries == len(one_day)


def fields(one: LogEntry) -> dict[str, object]:
    """Its fields by name."""
    return {name: getattr(one, name) for name in one.__struct_fields__}


def test_statistics_without_logs_know_nothing(logs: StoredLogs) -> None:
    """No logs: counts are 0, and what cannot be known is None, never 0."""
    stats = logs.service.statistics("2020-01-01", "2020-01-31")
    assert (stats.total_queries, stats.total_tokens, stats.model_distribution) == (0, 0, {})
    unknown = (stats.avg_latency, stats.error_rate, stats.p50_latency, stats.p99_latency, stats.cost_usd)
    assert unknown == (None,) * 5
    assert (stats.from_day, stats.to_day) == ("2020-01-01", "2020-01-31")


def test_thirty_days_are_the_default(logs: StoredLogs) -> None:
    """Nothing given: the last thirty days, today included."""
    stats = logs.service.statistics()
    today = logs.now_ms
    assert (stats.from_day, stats.to_day) == (utc_day(today - 29 * DAY_MS), utc_day(today))


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [("2026-13-01", None, "from"), (None, "today", "to"), ("2026-11-24", "2026-11-23", "from")],
)
def test_days_that_are_none_are_refused(logs: StoredLogs, first: str | None, last: str | None, field: str) -> None:
    """A day that does not exist, or a span that ends before it begins, is refused by name."""
    with pytest.raises(BadRequest) as caught:
        logs.service.statistics(first, last)
    assert caught.value.field == field
