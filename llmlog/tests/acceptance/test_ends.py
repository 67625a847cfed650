"""How processes end, multiply and tell the time: nothing accepted is lost by any of it.

| scenario | test |
|---|---|
| SIGTERM while Redis is down | test_sigterm_while_redis_is_away[down] |
| SIGTERM while Redis hangs | test_sigterm_while_redis_is_away[hanging] |
| SIGTERM or the end of the interpreter, without close, with work to do | test_end_without_close |
| log after close | test_log_after_close |
| fork | test_forked_children |
| four processes on one data directory, one killed | test_four_processes_on_one_data_directory |
| the clock jumps back an hour | test_clock_set_back |
"""

from __future__ import annotations

import signal
from typing import Any

import msgspec
import pytest
from conftest import StartLogging
from oracle import assert_exactly_once, visible, wait_until_visible
from processes import RedisServer, wait_for

LONGEST_END_S = 4.0
"""llmlog promises 2 s; the rest is the interpreter on a busy machine."""
HOUR_S = 3600


@pytest.mark.parametrize("away", ["down", "hanging"])
def test_sigterm_while_redis_is_away(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, away: str
) -> None:
    """SIGTERM without a Redis: the host ends well and in time, and its logs arrive with the next process."""
    first = start_logging("first", redis_server.port)
    first.do("log 100 1000")
    wait_until_visible(redis_client, first.accepted)
    if away == "down":
        redis_server.kill()
    else:
        redis_server.signal(signal.SIGSTOP)
    first.do("log 200 1000")
    assert first.end(signal.SIGTERM) < LONGEST_END_S
    if away == "down":
        redis_server.start()
    else:
        redis_server.signal(signal.SIGCONT)
    successor = start_logging("successor", redis_server.port)
    assert_exactly_once(redis_client, first.accepted)
    successor.end()


@pytest.mark.parametrize("how", [None, signal.SIGTERM], ids=["end", "sigterm"])
def test_end_after_letting_go(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, how: signal.Signals | None
) -> None:
    """A host that let its service go and ends, just after logging: what is on the way is delivered all the same."""
    first = start_logging("first", redis_server.port)
    first.do("log 300")
    first.do("let_go")
    assert first.end(how) < LONGEST_END_S
    assert sorted(visible(redis_client).ids) == first.accepted
    assert_exactly_once(redis_client, first.accepted)


@pytest.mark.parametrize("how", [None, signal.SIGTERM], ids=["end", "sigterm"])
def test_end_without_close(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, how: signal.Signals | None
) -> None:
    """A host that ends without closing, just after logging: what is on the way is delivered on the way out."""
    first = start_logging("first", redis_server.port)
    first.do("log 300")
    assert first.end(how) < LONGEST_END_S
    assert sorted(visible(redis_client).ids) == first.accepted
    assert_exactly_once(redis_client, first.accepted)


def test_log_after_close(redis_server: RedisServer, redis_client: Any, start_logging: StartLogging) -> None:
    """Calls after close return as before; they are refused, and counted as `closed`."""
    logging = start_logging("first", redis_server.port)
    logging.do("call 50")
    logging.do("close")
    assert_exactly_once(redis_client, logging.accepted)
    logging.do("call 30")
    assert [call.entry_id for call in logging.calls[50:]] == [None] * 30
    assert logging.health().spool.dropped == {"closed": 30}
    logging.end()


def test_forked_children(redis_server: RedisServer, redis_client: Any, start_logging: StartLogging) -> None:
    """Children forked in the middle of logging, which end without any clean-up, log into spools of their own:
    theirs and the parent's arrive, once."""
    parent = start_logging("parent", redis_server.port)
    parent.do("log 100")
    parent.do("fork 1000")
    parent.do("log 100")
    redis_server.kill()
    redis_server.start()
    parent.do("log 100")
    assert len(parent.accepted) == 2_300
    assert_exactly_once(redis_client, parent.accepted)
    wait_for(lambda: parent.health().spool.stored == 2_300, "the ledgers to be settled")
    parent.end()


def test_four_processes_on_one_data_directory(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """Four processes log at once into one data directory; one is killed, and the others deliver what it left."""
    hosts = [start_logging(f"host-{number}", redis_server.port) for number in range(4)]
    for host in hosts:
        host.begin("log 1000 1000")
    wait_for(lambda: all(host.calls for host in hosts), "all four to log")
    hosts[0].kill()
    for host in hosts[1:]:
        host.wait()
    accepted = [entry_id for host in hosts for entry_id in host.accepted]
    assert 0 < len(hosts[0].accepted) < 1000
    maybe = [f"host-0-{len(hosts[0].calls):06d}"]
    seen = assert_exactly_once(redis_client, accepted, maybe=maybe)
    wait_for(lambda: hosts[1].health().spool.spooled == 0, "the ledgers to be settled")
    health = hosts[1].health()
    assert health.spool.accepted == health.spool.stored == len(seen.ids)
    for host in hosts[1:]:
        host.end()


def test_clock_set_back(redis_server: RedisServer, redis_client: Any, start_logging: StartLogging) -> None:
    """The wall clock jumps back an hour between calls: ids still sort in the order they were made, entries
    carry the clock's time, live as long as all others, and go on arriving at once."""
    logging = start_logging("first", redis_server.port)
    logging.do("call 50")
    wait_until_visible(redis_client, logging.accepted)
    logging.do(f"set_clock_back {HOUR_S}")
    logging.do("call 50")
    wait_until_visible(redis_client, logging.accepted, at_most_s=10)
    assert_exactly_once(redis_client, logging.accepted)
    assert logging.accepted == sorted(logging.accepted)
    before, after = logging.accepted[49], logging.accepted[50]
    (earlier, later) = (msgspec.json.decode(redis_client.hget(f"llm:log:{i}", "s")) for i in (before, after))
    assert HOUR_S - 60 < (earlier["timestamp"] - later["timestamp"]) / 1000 <= HOUR_S
    lifetimes = [redis_client.ttl(f"llm:log:{i}") for i in (before, after)]
    assert HOUR_S - 60 < lifetimes[0] - lifetimes[1] <= HOUR_S + 1
    logging.end()
