"""The index's aggregations: how they are asked for, and their answers as ours."""

from __future__ import annotations

import math
from typing import Any

from llmlog.query.answers import Figures, Latency

PERCENTS = [50, 95, 99]
LARGEST_GROUPS = 20

Asked = dict[str, Any]


def figures_asked() -> Asked:
    """What `figures_of` reads."""
    return {
        "status": {"terms": {"field": "status", "size": 10}},
        "in": {"sum": {"field": "in"}},
        "out": {"sum": {"field": "out"}},
        "tokens": {"sum": {"field": "tokens"}},
        "cost": {"stats": {"field": "cost"}},
        "latency": {"percentiles": {"field": "latency", "percents": PERCENTS}},
        "latency_mean": {"avg": {"field": "latency"}},
        "ttft": {"percentiles": {"field": "ttft", "percents": PERCENTS}},
        "ttft_mean": {"avg": {"field": "ttft"}},
    }


def brief_asked() -> Asked:
    """What `figures_of` reads for a step of time: percentiles of the whole call only, which are the costly part."""
    asked = figures_asked()
    for name in ("ttft", "ttft_mean", "in", "out"):
        del asked[name]
    asked["latency"] = {"percentiles": {"field": "latency", "percents": [50, 95]}}
    return asked


def groups_asked(field: str, size: int = LARGEST_GROUPS) -> Asked:
    """The figures of each of the most frequent values of a field."""
    return {"terms": {"field": field, "size": size}, "aggs": figures_asked()}


def steps_asked(start_ms: int, step_ms: int, inside: Asked) -> Asked:
    """Something for each step of time; steps begin at `start_ms`, those without a log are left out."""
    return {
        "histogram": {"field": "ts", "interval": step_ms, "offset": start_ms % step_ms, "min_doc_count": 1},
        "aggs": inside,
    }


def counts_of(answer: Any) -> dict[str, int]:
    """Logs by value, most frequent first."""
    return {str(bucket["key"]): int(bucket["doc_count"]) for bucket in answer["buckets"]}


def figures_of(answer: Any, count: int) -> Figures:
    """The answer to `figures_asked` for so many logs."""
    statuses = counts_of(answer["status"])
    known = int(answer["cost"]["count"])
    return Figures(
        count=count,
        errors=statuses.get("error", 0),
        fallbacks=statuses.get("fallback", 0),
        error_rate=round(statuses.get("error", 0) / count, 6) if count else None,
        prompt_tokens=_whole(answer.get("in")),
        completion_tokens=_whole(answer.get("out")),
        total_tokens=_whole(answer["tokens"]),
        cost_usd=round(float(answer["cost"]["sum"]), 9) if known else None,
        cost_unknown=count - known,
        latency=_latency(answer["latency"], answer["latency_mean"]),
        time_to_first_token=_latency(answer["ttft"], answer["ttft_mean"]) if "ttft" in answer else Latency(),
    )


def _latency(percentiles: Any, mean: Any) -> Latency:
    values = percentiles["values"]
    return Latency(
        mean=_number(mean["value"]),
        p50=_number(values["50.0"]),
        p95=_number(values["95.0"]),
        p99=_number(values.get("99.0")),
    )


def _whole(answer: Any) -> int:
    return round(answer["value"] or 0) if answer is not None else 0


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else round(float(value), 3)
