"""The daily counters: what one entry adds, and how sums and percentiles are read back.

Latency is counted in buckets of a sixteenth of an octave: bucket b holds latencies from 2^(b/16) ms. Any
percentile, of any merged days, is within 2.2 % (half a bucket's ratio of 2^(1/16)).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from llmlog.store.head import EntryHead

BUCKETS_PER_OCTAVE = 16
LOWEST_BUCKET = -160
NAME_LIMIT = 160
"""Characters of a name in a counter; model names come from the wire."""
NANO = 1_000_000_000


def increments(entry: EntryHead) -> dict[str, int]:
    """What one entry adds to the counters of its day. Entries of source `test` stand apart."""
    if entry.source == "test":
        return {"test:count": 1}
    request, response = entry.llm_request, entry.llm_response
    added = {"log:count": 1, f"log:status:{entry.status}": 1}
    names = {
        "stage": entry.stage,
        "model": request.model,
        "provider": request.provider,
        "flow": request.flow,
        "intent": intent_of(entry.interpretation),
    }
    for name, value in names.items():
        if value:
            added[f"log:{name}:{value[:NAME_LIMIT]}"] = 1
    cost = None
    if response is not None:
        cost = response.cost.usd if response.cost is not None else None
        added |= _latency(response.latency)
        usage = response.usage
        for kind in ("prompt", "completion", "total", "cached", "reasoning"):
            count = getattr(usage, f"{kind}_tokens") if usage is not None else None
            if count:
                added[f"log:tokens:{kind}"] = count
    if cost is None:
        added["log:cost:unknown"] = 1
    else:
        added["log:cost:known"] = 1
        added["log:cost:nanousd"] = round(cost * NANO)
    return added


def intent_of(interpretation: Any) -> str | None:
    """The intent an interpretation names, if it does."""
    intent = interpretation.get("intent") if isinstance(interpretation, dict) else None
    return intent if isinstance(intent, str) else None


def _latency(latency_ms: float | None) -> dict[str, int]:
    if latency_ms is None or not math.isfinite(latency_ms) or latency_ms < 0:
        return {}
    return {
        "log:latency:count": 1,
        "log:latency:microseconds": round(latency_ms * 1000),
        f"log:latency:bucket:{bucket_of(latency_ms)}": 1,
    }


def bucket_of(latency_ms: float) -> int:
    """The histogram bucket of a latency."""
    if latency_ms <= 0:
        return LOWEST_BUCKET
    return max(LOWEST_BUCKET, math.floor(BUCKETS_PER_OCTAVE * math.log2(latency_ms)))


def percentile(buckets: Mapping[int, int], share: float) -> float | None:
    """The latency in ms below which `share` (0 to 1) of the counted ones lie; None when there are none."""
    total = sum(buckets.values())
    if total == 0:
        return None
    wanted = max(1, math.ceil(share * total))
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= wanted:
            return round(2 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE), 4)
    return None


class DailyCounts(msgspec.Struct):
    """The counters of some days, summed."""

    plain: dict[str, int] = {}
    """Counters without a name of their own, e.g. `count`, `tokens:prompt`, `cost:nanousd`."""
    named: dict[str, dict[str, int]] = {}
    """By kind (`model`, `provider`, `flow`, `intent`, `status`, `stage`), then by name."""
    buckets: dict[int, int] = {}
    tests: int = 0


_NAMED = {"status", "stage", "model", "provider", "flow", "intent"}


def summed(days: Iterable[Mapping[bytes, bytes]]) -> DailyCounts:
    """Add up the raw hashes of some days. Fields that are not ours are passed over."""
    counts = DailyCounts()
    for fields in days:
        for field, value in fields.items():
            _add(counts, field.decode("utf-8", "replace"), value)
    return counts


def _add(counts: DailyCounts, field: str, value: bytes) -> None:
    space, _, rest = field.partition(":")
    if space not in ("log", "test") or not rest:
        return
    amount = int(value)
    if space == "test":
        counts.tests += amount if rest == "count" else 0
        return
    kind, _, name = rest.partition(":")
    if kind in _NAMED and name:
        names = counts.named.setdefault(kind, {})
        names[name] = names.get(name, 0) + amount
    elif rest.startswith("latency:bucket:"):
        bucket = int(rest.rpartition(":")[2])
        counts.buckets[bucket] = counts.buckets.get(bucket, 0) + amount
    else:
        counts.plain[rest] = counts.plain.get(rest, 0) + amount
