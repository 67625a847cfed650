"""Daily counters to statistics: sums of sums, percentiles of merged histograms, never averages of averages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmlog.query.results import Statistics
from llmlog.store.counters import NANO, percentile, summed


def statistics_of(counters: Sequence[Mapping[bytes, bytes]], days: Sequence[str]) -> Statistics:
    """The statistics of some days from their raw counters. `days`: newest first."""
    counts = summed(counters)
    plain, named = counts.plain, counts.named
    total = plain.get("count", 0)
    timed = plain.get("latency:count", 0)
    errors = named.get("status", {}).get("error", 0)
    return Statistics(
        total_queries=total,
        model_distribution=_largest_first(named.get("model", {})),
        avg_latency=round(plain["latency:microseconds"] / timed / 1000, 3) if timed else None,
        provider_distribution=_largest_first(named.get("provider", {})),
        flow_distribution=_largest_first(named.get("flow", {})),
        intent_distribution=_largest_first(named.get("intent", {})),
        status_distribution=_largest_first(named.get("status", {})),
        stage_distribution=_largest_first(named.get("stage", {})),
        error_rate=round(errors / total, 4) if total else None,
        p50_latency=percentile(counts.buckets, 0.50),
        p95_latency=percentile(counts.buckets, 0.95),
        p99_latency=percentile(counts.buckets, 0.99),
        prompt_tokens=plain.get("tokens:prompt", 0),
        completion_tokens=plain.get("tokens:completion", 0),
        total_tokens=plain.get("tokens:total", 0),
        cost_usd=plain.get("cost:nanousd", 0) / NANO if plain.get("cost:known") else None,
        cost_unknown=plain.get("cost:unknown", 0),
        test_queries=counts.tests,
        from_day=days[-1] if days else None,
        to_day=days[0] if days else None,
    )


def _largest_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
