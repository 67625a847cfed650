"""Real processes: a logging one, and a Redis on TCP that can be killed, stopped and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from llmlog import LLMLoggingService, QueryOptions, Settings, StoreUnavailable
from llmlog.store.engine import find_engine

SCRIPT = Path(__file__).with_name("logging_process.py")


class RedisServer:
    """A server of its own on a free port of the loopback, with its data kept across restarts."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self._directory), "appendonly": "yes"}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        program = find_engine().program
        self._process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, "the Redis server to answer")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with redis.Redis(port=self.port, socket_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


def start_logging(data_dir: Path, *arguments: str, redis_url: str = "") -> subprocess.Popen[bytes]:
    """Start the logging process on a data directory."""
    environment = {**os.environ, "LLMLOG_DATA_DIR": str(data_dir), "LLMLOG_REDIS_URL": redis_url}
    return subprocess.Popen([sys.executable, str(SCRIPT), *arguments], env=environment, stdout=subprocess.PIPE)


def accepted_lines(output: bytes) -> tuple[list[int], list[int]]:
    """(sequence numbers, call durations in microseconds) of what a logging process accepted."""
    rows = [line.split() for line in output.decode().splitlines() if line.count(" ") == 1]
    return [int(row[0]) for row in rows], [int(row[1]) for row in rows]


def stored_commands(data_dir: Path, redis_url: str | None, expected: int) -> tuple[list[str], int]:
    """Open the data directory again, wait until all is stored; (commands of all logs, total of statistics)."""
    from llmlog.settings import StoreSettings

    settings = Settings(data_dir=data_dir, store=StoreSettings(redis_url=redis_url))
    with LLMLoggingService.open(settings) as log:

        def arrived() -> bool:
            try:
                return log.get_logs(QueryOptions(limit=1)).pagination.total >= expected and not (
                    log.health().spool.spooled
                )
            except StoreUnavailable:
                return False

        wait_for(arrived, f"{expected} logs to arrive")
        commands: list[str] = []
        cursor = None
        while True:
            page = log.get_logs(QueryOptions(limit=500, cursor=cursor))
            commands += [entry.command or "" for entry in page.logs]
            cursor = page.pagination.next
            if cursor is None:
                break
        stats = log.statistics()
        assert sum(stats.model_distribution.values()) == stats.total_queries
        return commands, stats.total_queries


def wait_for(condition: object, what: str, at_most_s: float = 60) -> None:
    """Wait until a condition holds; fail with what was waited for."""
    assert callable(condition)
    until_s = time.monotonic() + at_most_s
    while not condition():
        if time.monotonic() > until_s:
            pytest.fail(f"waited {at_most_s} s for {what}")
        time.sleep(0.05)
