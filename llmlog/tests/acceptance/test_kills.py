"""SIGKILL of the logging process or of Redis, at any moment: what was accepted becomes visible, once.

| scenario | test |
|---|---|
| the process is killed while Redis is up | test_thousand_entries_survive_kill_9 (embedded server) |
| … at random moments, also while a frame is written | test_kill_9_at_a_random_moment |
| … between Redis's write and our note of it | test_kill_9_between_the_write_and_the_acknowledgement |
| a reply is cut in the middle | test_replies_cut_in_the_middle |
| Redis is killed in the middle of batches | test_redis_killed_while_batches_flow |
| both are killed in the middle of batches | test_both_killed_while_batches_flow |
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from conftest import StartLogging
from oracle import assert_exactly_once, visible, wait_until_visible
from processes import LoggingProcess, RedisServer, wait_for
from tcp_proxy import TcpProxy

from llmlog.store import EmbeddedServer

KILLS = [pytest.param(seed, marks=[pytest.mark.long] if seed >= 4 else []) for seed in range(50)]
SERVER_KILLS = [pytest.param(seed, marks=[pytest.mark.long] if seed >= 1 else []) for seed in range(10)]


def under_way(process: LoggingProcess) -> list[str]:
    """The id of the call that a kill may have caught before it returned."""
    return [f"{process.journal.stem}-{len(process.calls):06d}"]


def test_thousand_entries_survive_kill_9(tmp_path: Path, start_logging: StartLogging) -> None:
    """1,000 entries logged with nothing configured, then `kill -9`: the next process delivers every one, once."""
    first = start_logging("first")
    first.do("log 1000")
    first.kill()
    successor = start_logging("successor")
    successor.do("health")
    with redis.Redis(
        unix_socket_path=str(EmbeddedServer(tmp_path / "data").socket_path), decode_responses=True
    ) as client:
        assert_exactly_once(client, first.accepted)
    assert len(first.accepted) == 1000
    successor.end()


@pytest.mark.parametrize("seed", KILLS)
def test_kill_9_at_a_random_moment(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, seed: int
) -> None:
    """Killed from outside at a random moment: everything accepted before arrives, nothing twice; only the
    call under way at that moment may arrive without having returned."""
    first = start_logging("first", redis_server.port)
    first.begin("log 100000")
    wait_for(lambda: first.journal.stat().st_size, "its first entry")
    time.sleep(random.Random(seed).uniform(0.0, 0.8))
    first.kill()
    start_logging("successor", redis_server.port)
    assert_exactly_once(redis_client, first.accepted, maybe=under_way(first))


def test_kill_9_between_the_write_and_the_acknowledgement(
    redis_server: RedisServer, redis_client: Any, proxy: TcpProxy, start_logging: StartLogging
) -> None:
    """Redis has a batch, the process never learnt it and is killed: the batch is sent again and changes
    nothing, statistics included."""
    first = start_logging("first", proxy.port)
    first.do("log 20")
    wait_until_visible(redis_client, first.accepted)
    proxy.swallows_replies = True
    first.do("log 60")
    wait_until_visible(redis_client, first.accepted[:21])
    first.kill()
    successor = start_logging("successor", redis_server.port)
    assert_exactly_once(redis_client, first.accepted)
    successor.end()


def test_replies_cut_in_the_middle(redis_client: Any, proxy: TcpProxy, start_logging: StartLogging) -> None:
    """Replies cut by a reset after 1, 2, 3, … bytes while logs flow: each batch counts once."""
    logging = start_logging("first", proxy.port)
    for allowed in range(1, 13):
        proxy.reply_bytes_left = allowed
        logging.do("log 20 400")
    proxy.reply_bytes_left = None
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


@pytest.mark.parametrize("seed", SERVER_KILLS)
def test_redis_killed_while_batches_flow(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, seed: int
) -> None:
    """Redis killed three times with SIGKILL in the middle of batches, and started again on its append-only
    file: nothing lost, nothing twice."""
    chance = random.Random(seed)
    logging = start_logging("first", redis_server.port)
    logging.begin("log 4000 1000")
    for _ in range(3):
        time.sleep(chance.uniform(0.2, 0.9))
        redis_server.kill()
        time.sleep(chance.uniform(0.0, 0.3))
        redis_server.start()
    logging.wait()
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


@pytest.mark.parametrize("seed", SERVER_KILLS)
def test_both_killed_while_batches_flow(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, seed: int
) -> None:
    """Process and Redis killed together in the middle of batches: after both are back, nothing lost,
    nothing twice."""
    logging = start_logging("first", redis_server.port)
    logging.begin("log 100000 3000")
    wait_for(lambda: visible(redis_client).ids, "the first batch")
    time.sleep(random.Random(seed).uniform(0.0, 0.5))
    redis_server.kill()
    logging.kill()
    redis_server.start()
    start_logging("successor", redis_server.port)
    assert_exactly_once(redis_client, logging.accepted, maybe=under_way(logging))
