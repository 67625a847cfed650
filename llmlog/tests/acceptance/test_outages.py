"""Redis is away, slow, silent or starts anew: callers notice nothing, and everything arrives, once, in order.

| scenario | test |
|---|---|
| Redis is down when the host starts | test_redis_down_at_the_start |
| Redis dies under load and returns | test_redis_away_under_load |
| Redis hangs (SIGSTOP) | test_redis_that_hangs |
| half-open connections: accepted, never answered | test_half_open_connections |
| Redis answers slowly | test_slow_redis |
| the first connections are reset in the handshake | test_reconnect_cut_in_the_handshake |
| Redis is restarted empty | test_redis_restarted_empty |
| a burst of fifty times the usual load | test_burst_of_fifty_times_the_load |
"""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import StartLogging
from oracle import assert_exactly_once, wait_until_visible
from processes import LoggingProcess, RedisServer, wait_for
from tcp_proxy import TcpProxy

from llmlog import LLMLoggingService, Settings
from llmlog.settings import StoreSettings

BLOCKED_US = 500_000
"""A call that took this long was waiting for something."""
USUAL_P99_US = 20_000
"""Far above what a call takes, far below any wait for Redis: the machine may be busy."""

AWAY_S = [pytest.param(4, id="4s"), pytest.param(75, id="75s", marks=pytest.mark.long)]
BURST = [pytest.param(3, id="3s"), pytest.param(60, id="60s", marks=pytest.mark.long)]


def assert_unhindered(process: LoggingProcess) -> None:
    """No caller ever waited for Redis."""
    durations_us = sorted(call.duration_us for call in process.calls)
    assert durations_us[-1] < BLOCKED_US
    assert durations_us[len(durations_us) * 99 // 100] < USUAL_P99_US


def test_redis_down_at_the_start(redis_server: RedisServer, redis_client: Any, start_logging: StartLogging) -> None:
    """Without Redis the host starts, health says degraded and how many logs are safe, and they arrive later."""
    redis_server.kill()
    logging = start_logging("first", redis_server.port)
    logging.do("log 100 200")
    health = logging.health()
    assert (health.state, health.spool.spooled) == ("degraded", 100)
    assert "100 logs are safe on disk" in health.sentence
    assert_unhindered(logging)
    redis_server.start()
    seen = assert_exactly_once(redis_client, logging.accepted)
    assert seen.arrivals == logging.accepted
    assert logging.health().state == "ok"
    logging.end()


@pytest.mark.parametrize("away_s", AWAY_S)
def test_redis_away_under_load(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, away_s: int
) -> None:
    """Redis dies under 100 logs a second and returns: nobody waits, all arrive in the order they were logged."""
    logging = start_logging("first", redis_server.port)
    logging.begin(f"log {100 * (away_s + 3)} 100")
    time.sleep(1)
    redis_server.kill()
    time.sleep(away_s)
    redis_server.start()
    logging.wait(away_s + 60)
    seen = assert_exactly_once(redis_client, logging.accepted)
    assert seen.arrivals == logging.accepted
    assert_unhindered(logging)
    logging.end()


def test_redis_that_hangs(redis_server: RedisServer, redis_client: Any, start_logging: StartLogging) -> None:
    """Redis is stopped with SIGSTOP: callers do not notice, threads do not pile up, health says degraded, and
    everything arrives after SIGCONT."""
    logging = start_logging("first", redis_server.port)
    logging.do("log 50 200")
    wait_until_visible(redis_client, logging.accepted)
    threads = logging.status("Threads")
    redis_server.signal(signal.SIGSTOP)
    try:
        logging.do("log 400 100")
        assert logging.health().state == "degraded"
        assert logging.status("Threads") <= threads
    finally:
        redis_server.signal(signal.SIGCONT)
    assert_unhindered(logging)
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


def test_half_open_connections(redis_client: Any, proxy: TcpProxy, start_logging: StartLogging) -> None:
    """Connections that are accepted and never answered: each try ends by its time limit, tries become rare, and
    everything arrives once the network is whole again."""
    logging = start_logging("first", proxy.port)
    logging.do("log 50 200")
    wait_until_visible(redis_client, logging.accepted)
    proxy.silent = True
    before = proxy.connections
    logging.do("log 600 100")
    tries = proxy.connections - before
    assert 1 <= tries <= 12, f"{tries} connections in 6 s"
    proxy.silent = False
    assert_unhindered(logging)
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


def test_slow_redis(redis_client: Any, proxy: TcpProxy, start_logging: StartLogging) -> None:
    """Every reply takes 400 ms: callers are not slower, memory stays bounded, nothing is sent to be counted
    twice."""
    proxy.delay_s = 0.4
    logging = start_logging("first", proxy.port)
    logging.do("log 50 100")
    usual_kb = logging.status("VmHWM")
    logging.do("log 1000 300")
    assert logging.status("VmHWM") - usual_kb < 64 * 1024
    assert_unhindered(logging)
    proxy.delay_s = 0.0
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


def test_reconnect_cut_in_the_handshake(redis_client: Any, proxy: TcpProxy, start_logging: StartLogging) -> None:
    """The connection breaks, and the next one is reset while it is being made: the one after it delivers."""
    logging = start_logging("first", proxy.port)
    logging.do("log 50 200")
    wait_until_visible(redis_client, logging.accepted)
    proxy.resets_left = 1
    proxy.reply_bytes_left = 1
    logging.do("log 20")
    wait_for(lambda: proxy.resets_left == 0, "the reconnect to be reset")
    proxy.reply_bytes_left = None
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


def test_redis_restarted_empty(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """Redis comes back without its volume: what is logged from then on can be read whole (script, prompts and
    dictionary are sent anew), and what it had lost of the last minutes is given to it again."""
    logging = start_logging("first", redis_server.port)
    logging.do("log 1500")
    wait_until_visible(redis_client, logging.accepted)
    redis_server.kill()
    redis_server.lose_everything()
    redis_server.start()
    logging.do("log 200")
    assert_exactly_once(redis_client, logging.accepted)
    store = StoreSettings(redis_url=f"redis://127.0.0.1:{redis_server.port}/0")
    with LLMLoggingService.open_reader(Settings(data_dir=tmp_path / "data", store=store)) as reader:
        for entry_id in logging.accepted[::50]:
            entry = reader.get_log(entry_id)
            assert entry is not None and entry.llm_response is not None
            assert entry.llm_request.messages[0]["content"] == "You turn words into music. " * 60
            assert entry.llm_response.content == "{}" * 200
    logging.end()


@pytest.mark.parametrize("burst_s", BURST)
def test_burst_of_fifty_times_the_load(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, burst_s: int
) -> None:
    """20 logs a second become 1,000: no call waits, memory stays bounded, all arrive in order."""
    logging = start_logging("first", redis_server.port)
    logging.do("log 20 20")
    usual_kb = logging.status("VmHWM")
    logging.do(f"log {1000 * burst_s} 1000", at_most_s=burst_s * 2 + 30)
    assert logging.status("VmHWM") - usual_kb < 64 * 1024
    assert_unhindered(logging)
    seen = assert_exactly_once(redis_client, logging.accepted)
    assert seen.ids == logging.accepted
    logging.end()
