"""`llmlog drain`: shipping in a process of its own, and sending again what Redis lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import StartLogging
from oracle import assert_exactly_once, visible, wait_until_visible
from processes import RedisServer, wait_for

LEFT_TO_DRAIN = {"LLMLOG_SHIPPING": "drain"}


def drain(tmp_path: Path, port: int, *arguments: str) -> subprocess.Popen[str]:
    """Start `llmlog drain` on the data directory of the logging processes."""
    environment = {
        **os.environ,
        "LLMLOG_DATA_DIR": str(tmp_path / "data"),
        "LLMLOG_REDIS_URL": f"redis://127.0.0.1:{port}/0",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "llmlog.cli.main", "drain", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def draining(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """`llmlog drain`, ended as a service manager ends it."""
    process = drain(tmp_path, port)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_host_that_leaves_shipping_to_drain(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """Nothing is shipped by the host itself; drain ships while it lives, goes on when it is killed, and ends on
    TERM within 2 s with exit code 0."""
    host = start_logging("host", redis_server.port, environment=LEFT_TO_DRAIN)
    host.do("log 200")
    time.sleep(0.5)
    assert not visible(redis_client).ids
    process = drain(tmp_path, redis_server.port)
    wait_until_visible(redis_client, host.accepted)
    host.do("log 200")
    wait_until_visible(redis_client, host.accepted)
    host.begin("log 100000")
    time.sleep(0.5)
    host.kill()
    wait_until_visible(redis_client, host.accepted)
    assert_exactly_once(redis_client, host.accepted, maybe=visible(redis_client).ids)
    started_s = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=10)
    assert time.monotonic() - started_s < 4
    assert (process.returncode, errors) == (0, "")
    assert "Shipping" in output


def test_drain_once_ends_when_nothing_is_left(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """`--once` ships what dead processes left and ends; with Redis away it says so with exit code 3."""
    host = start_logging("host", redis_server.port, environment=LEFT_TO_DRAIN)
    host.do("log 300")
    host.kill()
    redis_server.kill()
    process = drain(tmp_path, redis_server.port, "--once")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "not answering since" in errors
    redis_server.start()
    process = drain(tmp_path, redis_server.port, "--once")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "every log accepted is in the store" in output
    with redis_server.client() as client:
        assert_exactly_once(client, host.accepted)


def test_two_drains_share_the_work(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """Two drains on one data directory do not disturb each other; when one ends the other takes over."""
    with draining(tmp_path, redis_server.port) as first, draining(tmp_path, redis_server.port):
        host = start_logging("host", redis_server.port, environment=LEFT_TO_DRAIN)
        host.do("log 300")
        wait_until_visible(redis_client, host.accepted)
        first.terminate()
        first.wait(10)
        host.do("log 300")
        wait_until_visible(redis_client, host.accepted)
    assert_exactly_once(redis_client, host.accepted)


def test_resend_brings_back_what_redis_lost(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """`--resend` restores logs and statistics that Redis had confirmed and forgot; what it kept stays."""
    host = start_logging("host", redis_server.port)
    host.do("log 300")
    wait_until_visible(redis_client, host.accepted)
    for log_id in host.accepted[100:200]:  # as after a failover: some of the newest writes are gone
        redis_client.delete(f"llm:log:{log_id}")
        for day in redis_client.scan_iter(match="llm:logs:*"):
            redis_client.zrem(day, log_id)
    process = drain(tmp_path, redis_server.port, "--resend", "5m")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert "300 logs on disk looked at; 100 were missing in Redis and are back." in output
    assert set(visible(redis_client).ids) == set(host.accepted)
    process = drain(tmp_path, redis_server.port, "--resend", "soon")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "“soon” is no time. Type how long ago (10m, 1h)" in errors


def test_a_wiped_redis_is_noticed(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """After FLUSHALL the next batch finds out: what is still on disk is sent again, and health says so."""
    host = start_logging("host", redis_server.port)
    host.do("log 500")
    wait_until_visible(redis_client, host.accepted)
    redis_client.flushall()
    host.do("log 10")
    wait_until_visible(redis_client, host.accepted)
    assert_exactly_once(redis_client, host.accepted)
    wait_for(lambda: "Redis had lost logs" in host.do("health"), "health to tell")


def test_a_redis_that_comes_back_empty(redis_server: RedisServer, start_logging: StartLogging) -> None:
    """Redis killed and started again without its data: the logs of the last minutes are there again."""
    host = start_logging("host", redis_server.port)
    host.do("log 500")
    with redis_server.client() as client:
        wait_until_visible(client, host.accepted)
    redis_server.kill()
    redis_server.lose_everything()
    host.do("log 50")
    redis_server.start()
    with redis_server.client() as client:
        wait_until_visible(client, host.accepted)
        assert_exactly_once(client, host.accepted)
