"""Fixtures of the acceptance tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import LoggingProcess, RedisServer
from tcp_proxy import TcpProxy

StartLogging = Callable[..., LoggingProcess]


@pytest.fixture(name="redis_server")
def _redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis-server")
    server.start()
    yield server
    server.kill()


@pytest.fixture(name="redis_client")
def _redis_client(redis_server: RedisServer) -> Iterator[Any]:
    with redis_server.client() as client:
        yield client


@pytest.fixture(name="proxy")
def _proxy(redis_server: RedisServer) -> Iterator[TcpProxy]:
    with TcpProxy(redis_server.port) as proxy:
        yield proxy


@pytest.fixture(name="start_logging")
def _start_logging(tmp_path: Path) -> Iterator[StartLogging]:
    """Starts logging processes on `tmp_path/data`; what still runs at the end is killed."""
    started: list[LoggingProcess] = []

    def start(name: str, redis_port: int | None = None, **more: Any) -> LoggingProcess:
        environment = {
            "LLMLOG_DATA_DIR": str(tmp_path / "data"),
            "LLMLOG_REDIS_URL": f"redis://127.0.0.1:{redis_port}/0" if redis_port is not None else "",
            **more.pop("environment", {}),
        }
        process = LoggingProcess(tmp_path, name, environment, **more)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
    embedded = tmp_path / "data" / "redis" / "pid"
    if embedded.exists():  # its last user was killed, so nobody stopped it
        os.kill(int(embedded.read_text()), signal.SIGKILL)
