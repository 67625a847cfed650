"""Real processes: one that logs and does as it is told, and a Redis that can be killed, stopped and emptied."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from llmlog.health import Health
from llmlog.store.engine import find_engine

SCRIPT = Path(__file__).with_name("logging_process.py")


class Call(NamedTuple):
    """One call of the logging process, as it noted it after the call had returned."""

    entry_id: str | None
    """None: it was refused."""
    duration_us: int


class LoggingProcess:
    """A running `logging_process.py`, and the journal of what it had accepted."""

    def __init__(
        self, directory: Path, name: str, environment: dict[str, str], wrapper: Sequence[str] = ()
    ) -> None:
        """directory: for journal and stderr. wrapper: words before the program, e.g. `unshare -m …`."""
        self.journal = directory / f"{name}.journal"
        self._stderr = directory / f"{name}.stderr"
        self._sent = 0
        self.journal.touch()
        with self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*wrapper, sys.executable, str(SCRIPT), name, str(self.journal)],
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stderr=stderr,
            )

    def begin(self, command: str) -> None:
        """Have it do something without waiting for the end."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n".encode())
        self.process.stdin.flush()
        self._sent += 1

    def wait(self, at_most_s: float = 60) -> str:
        """Wait until all it was told is done; the last answer."""
        wait_for(
            lambda: len(self._answers()) >= self._sent or self.process.poll() is not None, "its end", at_most_s
        )
        answers = self._answers()
        assert len(answers) == self._sent, f"ended with {self.process.poll()}: {self.stderr}"
        return answers[-1]

    def do(self, command: str, at_most_s: float = 60) -> str:
        """Have it do something, to the end; the answer."""
        self.begin(command)
        return self.wait(at_most_s)

    def health(self) -> Health:
        """What it says about its own state."""
        return msgspec.json.decode(self.do("health"), type=Health)

    @property
    def calls(self) -> list[Call]:
        """Every call that returned; a line cut by a kill is none."""
        rows = [line.split() for line in self._lines() if not line.startswith("done")]
        return [Call(None if what == "refused" else entry_id, int(us)) for what, entry_id, us in rows]

    @property
    def accepted(self) -> list[str]:
        """Ids of what it had accepted, in order."""
        return [call.entry_id for call in self.calls if call.entry_id is not None]

    @property
    def stderr(self) -> str:
        """What it told on stderr."""
        return self._stderr.read_text()

    def end(self, signal_number: signal.Signals | None = None) -> float:
        """End it by a signal, or by the end of its stdin; the seconds it took. Fails unless it ends well."""
        started_s = time.monotonic()
        if signal_number is not None:
            self.process.send_signal(signal_number)
        else:
            self._close_stdin()
        code = self.process.wait(timeout=30)
        assert (code, "Traceback" in self.stderr) == (0, False), self.stderr
        return time.monotonic() - started_s

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.wait()
        self._close_stdin()

    def status(self, name: str) -> int:
        """A figure of /proc/<pid>/status, e.g. `Threads` or `VmHWM` (KiB)."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))

    def _close_stdin(self) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it died with a command unread

    def _lines(self) -> list[str]:
        whole, _, _ = self.journal.read_text().rpartition("\n")
        return whole.splitlines()

    def _answers(self) -> list[str]:
        return [line.removeprefix("done ") for line in self._lines() if line.startswith("done")]


class RedisServer:
    """A server of its own on a free port of the loopback, with its data kept across restarts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True, **options: str) -> None:
        """Start it and wait until it answers. options: further ones of redis.conf, `_` for `-`."""
        fixed = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.directory), "appendonly": "yes"}
        pairs = {**fixed, **{name.replace("_", "-"): value for name, value in options.items()}}
        words = [word for name, value in pairs.items() for word in (f"--{name}", value)]
        program = find_engine().program
        self._process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if wait:
            wait_for(self._answers, "the Redis server to answer")

    def client(self) -> Any:
        """A client of its own; a context manager."""
        return redis.Redis(port=self.port, socket_timeout=5, retry=Retry(NoBackoff(), 0), decode_responses=True)

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

    def lose_everything(self) -> None:
        """Its volume is gone; it must be dead."""
        assert self._process is None
        shutil.rmtree(self.directory)
        self.directory.mkdir()

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:  # a server that loads is one, too
                return False


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], object], what: str, at_most_s: float = 60) -> None:
    """Wait until a condition holds; fail with what was waited for."""
    until_s = time.monotonic() + at_most_s
    while not condition():
        if time.monotonic() > until_s:
            pytest.fail(f"waited {at_most_s} s for {what}")
        time.sleep(0.02)
