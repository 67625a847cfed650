"""The embedded server: one Redis or Valkey per data directory, shared by all its processes.

    <data>/redis/          its working directory: appendonlydir, log
    <data>/redis/engine    which server wrote the data; another family or an older version is refused
    <data>/redis/lock      flock while starting or stopping it
    <data>/redis/users     shared flock held by every process that uses it
    <data>/redis/running   flock held by the server itself, so that there is never a second one on the same data
    <runtime>/llmlog-<hash>/redis.sock   private unix socket (paths of sockets end at 108 bytes)

Whoever needs it first starts it, detached, under the lock; whoever leaves last, and so can take the users lock
for itself, stops it and removes the socket's directory. After a kill of the last user the server stays up, data
intact, until the next user leaves. A server that lost its socket (somebody cleaned the runtime directory) is
stopped before another is started.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from llmlog.errors import EmbeddedServerError
from llmlog.store.engine import Engine, find_engine

START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
SOCKET_PATH_LIMIT = 100
_ENGINE_LINE = re.compile(r"(\w+) (\d+)\.(\d+)\.(\d+)")


class EmbeddedServer:
    """The server of one data directory. `ensure_running` may be called any number of times."""

    def __init__(self, data_dir: Path, max_bytes: int | None = None) -> None:
        self._directory = data_dir / "redis"
        self._max_bytes = max_bytes
        self._users_fd: int | None = None
        self._engine: Engine | None = None
        self.socket_path = _socket_path(self._directory)

    @property
    def description(self) -> str:
        """What runs, e.g. `valkey 9.1.2`."""
        path = self._directory / "engine"
        return path.read_text().strip() if path.exists() else "not started yet"

    def ensure_running(self) -> None:
        """Attach to the running server or start it. Raises EmbeddedServerError, OSError."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked():
            self._make_runtime_directory()
            self._enter()
            if not self._answers():
                self._start()

    def leave(self) -> None:
        """Stop using it; the last one stops the server, its data saved."""
        if self._users_fd is None:
            return
        with self._locked():
            try:
                fcntl.flock(self._users_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                last = True
            except BlockingIOError:
                last = False
            if last:
                self._stop()
            os.close(self._users_fd)
            self._users_fd = None

    def forget_inherited(self) -> None:
        """In a forked child: let the parent's lock go; the child takes one of its own when it connects."""
        if self._users_fd is not None:
            os.close(self._users_fd)
            self._users_fd = None

    @property
    def in_use(self) -> bool:
        """Whether this process uses it: from `ensure_running` to `leave`."""
        return self._users_fd is not None

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        try:
            return int((self._directory / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _make_runtime_directory(self) -> None:
        directory = self.socket_path.parent
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if directory.stat().st_uid != os.getuid():
            raise EmbeddedServerError(f"{directory} belongs to another user.")

    def _enter(self) -> None:
        if self._users_fd is None:
            fd = os.open(self._directory / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_SH)
            self._users_fd = fd

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fd = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _answers(self) -> bool:
        """Whether something listens on the socket. A server that loads or hangs counts: it is there."""
        client = redis.Redis(
            unix_socket_path=str(self.socket_path),
            socket_timeout=0.5,
            socket_connect_timeout=0.5,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
        )
        try:
            return bool(client.ping())
        except (redis.TimeoutError, redis.exceptions.BusyLoadingError):
            return True
        except redis.ConnectionError:
            return False
        finally:
            client.close()

    def _start(self) -> None:
        if self._engine is None:
            self._engine = find_engine()
        self._check_engine(self._engine)
        running_fd = self._only_one()
        try:
            self.socket_path.unlink(missing_ok=True)
            with (self._directory / "server.log").open("ab") as log:
                process = subprocess.Popen(
                    self._command(self._engine),
                    cwd=self._directory,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=(running_fd,),
                )
        finally:
            os.close(running_fd)
        (self._directory / "pid").write_text(str(process.pid))
        self._await_answer(process, self._engine)
        (self._directory / "engine").write_text(f"{self._engine.name}\n")
        process.returncode = 0  # detached on purpose: it outlives this process, nobody waits for it

    def _await_answer(self, process: subprocess.Popen[bytes], engine: Engine) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"The embedded {engine.name} did not start. See {self._directory / 'server.log'}"
                )
            time.sleep(0.005)

    def _only_one(self) -> int:
        """The lock the new server will hold. One that runs without its socket is stopped first."""
        fd = os.open(self._directory / "running", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        asked = False
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return fd
            except BlockingIOError:
                pid = self.pid
            if pid is not None and not asked:
                asked = True
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            if time.monotonic() > deadline:
                os.close(fd)
                raise EmbeddedServerError(
                    f"A server that cannot be reached runs on {self._directory} (process {pid}). End it first."
                )
            time.sleep(0.005)

    def _command(self, engine: Engine) -> list[str]:
        packed = "hash-max-listpack-value"
        if engine.family == "redis" and int(engine.version.split(".")[0]) < 7:
            packed = "hash-max-ziplist-value"  # the name before Redis 7
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self._directory),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",  # a log store must refuse, not forget
            packed: "8192",
        }
        if self._max_bytes is not None:
            settings["maxmemory"] = str(self._max_bytes)
        command = [engine.program]
        for name, value in settings.items():
            command += [f"--{name}", value]
        return command

    def _check_engine(self, engine: Engine) -> None:
        path = self._directory / "engine"
        match = _ENGINE_LINE.match(path.read_text()) if path.exists() else None
        if match is None:
            return
        wrote = (int(match[2]), int(match[3]))
        major, minor, _ = map(int, engine.version.split("."))
        if match[1] != engine.family or (major, minor) < wrote:
            raise EmbeddedServerError(
                f"The logs in {self._directory} were written by {match[0]}; {engine.name} cannot be trusted "
                f"to read them. Install {match[1]} {match[2]}.{match[3]} or newer, or set LLMLOG_DATA_DIR to "
                "another directory."
            )

    def _stop(self) -> None:
        pid = self.pid
        if pid is not None and self._answers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while self.socket_path.exists() and time.monotonic() < deadline:
                time.sleep(0.005)
        if not self._answers():
            self.socket_path.unlink(missing_ok=True)  # one that was killed leaves its socket
            (self._directory / "pid").unlink(missing_ok=True)
            with suppress(OSError):  # something else lies there, or it is gone
                self.socket_path.parent.rmdir()


def _socket_path(directory: Path) -> Path:
    """A short private path for the socket: it must stay under 108 bytes, wherever the data lies."""
    digest = hashlib.sha256(str(directory.absolute()).encode()).hexdigest()[:16]
    candidates = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]
    for base in candidates:
        if base and Path(base).is_dir():
            path = Path(base) / f"llmlog-{os.getuid()}-{digest}" / "redis.sock"
            if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
                return path
    raise EmbeddedServerError("No directory with a path short enough for a unix socket was found.")
