"""What is happening, in one sentence for a person."""

from __future__ import annotations

from datetime import UTC, datetime

from llmlog.health import ShippingHealth, SpoolHealth, State, StoreHealth

_REASONS = {
    "ConnectionError": "it cannot be reached",
    "TimeoutError": "it does not answer in time",
    "OOM": "it has no memory left",
    "OutOfMemoryError": "it has no memory left",
    "MISCONF": "it cannot save to its own disk",
    "LOADING": "it is loading its data",
    "BusyLoadingError": "it is loading its data",
    "READONLY": "it is a replica that may not be written",
    "ReadOnlyError": "it is a replica that may not be written",
    "MASTERDOWN": "its primary is away",
    "NOREPLICAS": "too few of its replicas are there",
    "BUSY": "a script keeps it busy",
    "NOAUTH": "it wants a password",
    "WRONGPASS": "it refuses the password",
    "AuthenticationError": "it refuses the password",
    "NOPERM": "it refuses the right",
    "NoPermissionError": "it refuses the right",
    "EmbeddedServerError": "the embedded server does not start",
}


def verdict(spool: SpoolHealth, store: StoreHealth, shipping: ShippingHealth, *, losing: bool) -> tuple[State, str]:
    """The state and its sentence. losing: entries were dropped within the last hour."""
    degraded, sentence = _way_to_the_store(spool, store, shipping)
    if not losing:
        return ("degraded" if degraded else "ok"), sentence
    dropped = sum(spool.dropped.values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in spool.dropped.items())
    return "losing", f"{dropped:,} logs were dropped ({reasons}). {sentence}"


def away(since_ms: int | None, reason: str | None, spooled: int) -> str:
    """The log store is away."""
    return f"The log store is not answering{_since(since_ms)}{_because(reason)}. {_count(spooled)} safe on disk."


def moment(timestamp_ms: int) -> str:
    """A time of day."""
    return f"{datetime.fromtimestamp(timestamp_ms / 1000, tz=UTC):%H:%M} UTC"


def _way_to_the_store(spool: SpoolHealth, store: StoreHealth, shipping: ShippingHealth) -> tuple[bool, str]:
    """Whether something is wrong on the way from disk to Redis, and the sentence."""
    if not store.answering:
        return True, away(store.not_answering_since, store.last_error, spool.spooled)
    waiting = _count(spool.spooled)
    if shipping.refused_since is not None and spool.spooled:
        why = f"{_since(shipping.refused_since)}{_because(shipping.refusal)}"
        return True, f"The log store answers but takes no logs{why}. {waiting} safe on disk."
    if store.breaker != "closed" and spool.spooled:
        return True, f"The log store is slow; shipping pauses between tries. {waiting} safe on disk."
    if shipping.by == "nobody" and spool.spooled:
        return True, f"{waiting} waiting on disk: shipping is left to `llmlog drain`, and none is running."
    if spool.spooled:
        by = ", shipped by `llmlog drain`" if shipping.by == "drain" else ""
        return False, f"Capturing; {waiting} on the way from disk to the store{by}."
    return False, f"Capturing; every log accepted is in the store{_exceptions(spool)}."


def _exceptions(spool: SpoolHealth) -> str:
    parts = []
    if spool.dead_lettered:
        parts.append(f"{spool.dead_lettered:,} that it refused for their data (dead letters)")
    if spool.expired:
        parts.append(f"{spool.expired:,} too old to be kept")
    return f" but {' and '.join(parts)}" if parts else ""


def _because(reason: str | None) -> str:
    if reason is None:
        return ""
    return f": {_REASONS.get(reason, reason)}"


def _since(since_ms: int | None) -> str:
    return f" since {moment(since_ms)}" if since_ms is not None else ""


def _count(count: int) -> str:
    return "1 log is" if count == 1 else f"{count:,} logs are"
