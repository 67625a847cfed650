"""What is happening, in one sentence, in every state there is."""

from __future__ import annotations

import pytest

from llmlog.health import ShippingHealth, SpoolHealth, StoreHealth
from llmlog.verdict import verdict

SINCE_MS = 1_795_444_260_000  # 14:31 UTC

SAFE = "214 logs are safe on disk."
NOT_ANSWERING = {
    "ConnectionError": "it cannot be reached",
    "TimeoutError": "it does not answer in time",
    "LOADING": "it is loading its data",
}
REFUSING = {
    "OOM": "it has no memory left",
    "MISCONF": "it cannot save to its own disk",
    "READONLY": "it is a replica that may not be written",
    "XYZ": "XYZ",
}


def spool(**more: object) -> SpoolHealth:
    """A ledger with 214 logs on the way, or what is given."""
    return SpoolHealth(**{"directory": "/d", "accepted": 1_000, "stored": 786, "spooled": 214, **more})


ANSWERING = StoreHealth(answering=True, where="redis")


@pytest.mark.parametrize("reason", NOT_ANSWERING)
def test_the_store_is_away(reason: str) -> None:
    """Since when, why, and what is safe."""
    store = StoreHealth(answering=False, where="redis", not_answering_since=SINCE_MS, last_error=reason)
    assert verdict(spool(), store, ShippingHealth(), losing=False) == (
        "degraded",
        f"The log store is not answering since 14:31 UTC: {NOT_ANSWERING[reason]}. {SAFE}",
    )


@pytest.mark.parametrize("reason", REFUSING)
def test_the_store_refuses(reason: str) -> None:
    """Reading works, writing does not: since when, and why."""
    shipping = ShippingHealth(refused_since=SINCE_MS, refusal=reason)
    assert verdict(spool(), ANSWERING, shipping, losing=False) == (
        "degraded",
        f"The log store answers but takes no logs since 14:31 UTC: {REFUSING[reason]}. {SAFE}",
    )


def test_the_store_is_slow() -> None:
    """The breaker is open though nothing failed."""
    slow = StoreHealth(answering=True, where="redis", breaker="open")
    state, sentence = verdict(spool(), slow, ShippingHealth(), losing=False)
    assert state == "degraded"
    assert sentence == "The log store is slow; shipping pauses between tries. 214 logs are safe on disk."


def test_shipping_is_left_to_others() -> None:
    """With a drain it goes on; without one somebody has to start it."""
    state, sentence = verdict(spool(spooled=1), ANSWERING, ShippingHealth(by="nobody"), losing=False)
    assert state == "degraded"
    assert sentence == "1 log is waiting on disk: shipping is left to `llmlog drain`, and none is running."
    state, sentence = verdict(spool(), ANSWERING, ShippingHealth(by="drain"), losing=False)
    assert state == "ok"
    assert sentence == "Capturing; 214 logs are on the way from disk to the store, shipped by `llmlog drain`."


@pytest.mark.parametrize("reason", ["spool_full", "disk_full", "spool_unavailable", "busy", "closed"])
def test_logs_are_dropped(reason: str) -> None:
    """A loss comes first, with its reason, and what else is wrong after it."""
    state, sentence = verdict(spool(spooled=0, dropped={reason: 37}), ANSWERING, ShippingHealth(), losing=True)
    assert state == "losing"
    assert sentence.startswith(f"37 logs were dropped (37 {reason}). ")


def test_all_is_well() -> None:
    """The ordinary states: on the way, all there, all there but some."""
    assert verdict(spool(), ANSWERING, ShippingHealth(), losing=False) == (
        "ok",
        "Capturing; 214 logs are on the way from disk to the store.",
    )
    assert verdict(spool(spooled=0), ANSWERING, ShippingHealth(), losing=False) == (
        "ok",
        "Capturing; every log accepted is in the store.",
    )
    _, sentence = verdict(spool(spooled=0, dead_lettered=2, expired=1), ANSWERING, ShippingHealth(), losing=False)
    assert sentence == (
        "Capturing; every log accepted is in the store but 2 that it refused for their data (dead letters) and 1 "
        "too old to be kept."
    )
