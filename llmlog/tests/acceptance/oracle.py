"""What is visible in Redis, read without llmlog, and compared with what was accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any, NamedTuple

import pytest
import redis
from processes import wait_for

EVENTS_KEPT = 10_000
"""The stream of arrivals is capped about here; below, it names every entry."""


class Visible(NamedTuple):
    """The store by its own keys (docs/redis-keys.md)."""

    ids: list[str]
    """Of all days' sorted sets."""
    with_body: set[str]
    """Of all hashes."""
    counted: int
    """Sum of all days' `log:count`."""
    arrivals: list[str]
    """The stream, oldest first."""


def visible(client: Any) -> Visible:
    """Read everything."""
    keys = list(client.scan_iter(count=1000))
    days = [key for key in keys if key.startswith("llm:logs:")]
    hashes = {key.removeprefix("llm:log:") for key in keys if key.startswith("llm:log:")}
    counters = [key for key in keys if key.startswith("llm:stats:daily:")]
    return Visible(
        [entry_id for day in sorted(days) for entry_id in client.zrange(day, 0, -1)],
        hashes,
        sum(int(client.hget(key, "log:count") or 0) for key in counters),
        [fields["id"] for _, fields in client.xrange("llm:events")],
    )


def wait_until_visible(client: Any, ids: Collection[str], at_most_s: float = 60) -> None:
    """Wait until every id stands in a day's sorted set; fail with what is missing."""
    missing = set(ids)

    def all_there() -> bool:
        nonlocal missing
        try:
            days = list(client.scan_iter(match="llm:logs:*", count=1000))
            missing = set(ids).difference(*(client.zrange(day, 0, -1) for day in days))
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        return not missing

    try:
        wait_for(all_there, f"{len(ids)} logs in Redis", at_most_s)
    except pytest.fail.Exception as failure:
        raise AssertionError(f"{failure}; missing {len(missing)}, e.g. {sorted(missing)[:5]}") from None


def assert_exactly_once(client: Any, accepted: Collection[str], maybe: Collection[str] = ()) -> Visible:
    """Everything accepted becomes visible, once, is counted once, and nothing else is there.

    maybe: ids of calls that a kill caught before they returned.
    """
    assert accepted, "nothing was accepted: the test shows nothing"
    wait_until_visible(client, accepted)
    seen = visible(client)
    twice = [entry_id for entry_id, count in Counter(seen.ids).items() if count > 1]
    assert not twice, f"in more than one day: {twice[:5]}"
    invented = set(seen.ids) - set(accepted) - set(maybe)
    assert not invented, f"never accepted: {sorted(invented)[:5]}"
    assert seen.with_body == set(seen.ids)
    assert seen.counted == len(seen.ids), "the daily statistics differ from the number of logs"
    if len(seen.ids) < EVENTS_KEPT:
        assert sorted(seen.arrivals) == sorted(seen.ids)
    return seen
