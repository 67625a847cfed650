"""The embedded server: shared, stopped by the last, started again after a kill, never two on the same data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from llmlog import LLMLoggingService, LlmRequest, LogEntry, Settings
from llmlog.clock import SystemClock
from llmlog.errors import EmbeddedServerError, StoreUnavailable
from llmlog.store import EmbeddedServer, RedisConnection

USER = """
import sys
from pathlib import Path
from typing import Any
from llmlog.store import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.ensure_running()
print(server.pid, flush=True)
sys.stdin.readline()
server.leave()
"""


def until(condition: Callable[[], object]) -> None:
    """Wait for something."""
    until_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Whether a process lives (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class User:
    """Another process that uses the server of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def server_pid(self) -> int:
        """The server it found or started."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def leave(self) -> None:
        """Have it stop using the server, and end."""
        self.process.communicate("\n", timeout=30)
        assert self.process.returncode == 0

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture(name="start")
def _start(tmp_path: Path) -> Iterator[Callable[[], User]]:
    """Starts users of `tmp_path`; at the end nothing of them is left running."""
    users: list[User] = []

    def start() -> User:
        users.append(User(tmp_path))
        return users[-1]

    yield start
    for user in users:
        if user.process.returncode is None:
            user.kill()
    server = EmbeddedServer(tmp_path)
    server.ensure_running()
    server.leave()


def test_processes_share_it_and_the_last_one_stops_it(tmp_path: Path, start: Callable[[], User]) -> None:
    """Six processes that start at once find one server; it runs until the last leaves, which removes the socket's
    directory."""
    users = [start() for _ in range(6)]
    pids = {user.server_pid() for user in users}
    assert len(pids) == 1
    [pid] = pids
    server = EmbeddedServer(tmp_path)
    assert server.socket_path.parent.stat().st_mode & 0o777 == 0o700
    for user in users[:-1]:
        user.leave()
        assert runs(pid)
    users[-1].leave()
    until(lambda: not runs(pid))
    assert server.pid is None
    assert not server.socket_path.parent.exists()


def test_it_outlives_a_killed_user(tmp_path: Path, start: Callable[[], User]) -> None:
    """The kill of its only user does not stop it; the next user finds it, data and all, and stops it."""
    first = start()
    pid = first.server_pid()
    first.kill()
    assert runs(pid)
    second = start()
    assert second.server_pid() == pid
    second.leave()
    until(lambda: not runs(pid))
    assert not EmbeddedServer(tmp_path).socket_path.parent.exists()


def test_a_killed_server_is_started_again_with_its_data(tmp_path: Path) -> None:
    """After SIGKILL of the server a reading process has it running again, with what was stored."""
    with LLMLoggingService.open(Settings(data_dir=tmp_path)) as service:
        service.log_interaction(LogEntry(id="entry-000001", llm_request=LlmRequest(model="m")))
        until(lambda: service.get_log("entry-000001"))
        time.sleep(1.2)  # its disk is synced every second
    with LLMLoggingService.open_reader(Settings(data_dir=tmp_path)) as reader:
        server = EmbeddedServer(tmp_path)
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        until(lambda: not runs(killed))
        with pytest.raises(StoreUnavailable):
            reader.get_logs()
        until(lambda: reader.health().store.answering)  # it may have to load first
        assert server.pid != killed
        assert [one.id for one in reader.get_logs().logs] == ["entry-000001"]
    assert not server.socket_path.parent.exists()
    assert not reader.health().store.answering, "asking a closed service starts nothing"
    assert not server.socket_path.parent.exists()


def test_leaving_after_a_kill_cleans_up(tmp_path: Path) -> None:
    """When the server was killed and nobody started it again, the last user still removes the socket."""
    server = EmbeddedServer(tmp_path)
    server.ensure_running()
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not runs(pid))
    server.leave()
    server.leave()
    assert not server.socket_path.parent.exists()
    assert server.pid is None


def loaded(client: Any) -> bool:
    """Whether a server that was just started has read its data."""
    try:
        return bool(client.ping())
    except redis.exceptions.BusyLoadingError:
        return False


def test_there_is_never_a_second_server_on_the_same_data(tmp_path: Path) -> None:
    """A server whose socket was removed is stopped before another starts: what it had is there, and it is gone."""
    with LLMLoggingService.open_reader(Settings(data_dir=tmp_path)) as first:
        client = first.redis_client(5)
        client.set("llm:test", "kept", px=60_000)
        server = EmbeddedServer(tmp_path)
        pid = server.pid
        assert pid is not None
        server.socket_path.unlink()
        server.socket_path.parent.rmdir()
        with LLMLoggingService.open_reader(Settings(data_dir=tmp_path)) as second:
            until(lambda: not runs(pid))
            until(lambda: loaded(second.redis_client(5)))
            assert second.redis_client(5).get("llm:test") == b"kept"
            assert server.pid != pid
    assert not server.socket_path.parent.exists()


def test_a_server_that_cannot_be_stopped_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the old server does not end, the new one does not start, and the sentence says which process to end."""
    monkeypatch.setattr("llmlog.store.embedded.STOP_TIMEOUT_S", 0.3)
    server = EmbeddedServer(tmp_path)
    server.ensure_running()
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        server.socket_path.unlink()
        other = EmbeddedServer(tmp_path)
        with pytest.raises(EmbeddedServerError, match=f"process {pid}"):
            other.ensure_running()
        other.leave()
    finally:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not runs(pid))
    server.leave()
    assert not server.socket_path.parent.exists()


@pytest.mark.parametrize("wrote", ["redis 7.2.4", "valkey 99.0.0", "keydb 6.3.4"])
def test_another_engine_is_refused_with_one_sentence(tmp_path: Path, wrote: str) -> None:
    """Data of another family or of a newer version is not opened; the sentence says what to do; the data stays."""
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "engine").write_text(f"{wrote}\n")
    server = EmbeddedServer(tmp_path)
    with pytest.raises(EmbeddedServerError) as caught:
        server.ensure_running()
    assert f"were written by {wrote};" in str(caught.value)
    assert "or set LLMLOG_DATA_DIR to another directory." in str(caught.value)
    server.leave()
    assert not server.socket_path.parent.exists()
    assert (tmp_path / "redis" / "engine").read_text() == f"{wrote}\n"
    connection = RedisConnection(SystemClock(), embedded=EmbeddedServer(tmp_path))
    with pytest.raises(StoreUnavailable) as unavailable:
        connection.ensure_running()
    assert unavailable.value.reason == "EmbeddedServerError"
    connection.close()


def test_an_older_version_of_the_engine_is_fine(tmp_path: Path) -> None:
    """Data of an older version of the same family is opened, and from then on belongs to the newer one."""
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "engine").write_text("valkey 7.2.0\n")
    server = EmbeddedServer(tmp_path)
    server.ensure_running()
    assert server.description.startswith("valkey ")
    assert server.description != "valkey 7.2.0"
    server.leave()


def test_a_long_data_directory_gets_a_short_socket(tmp_path: Path) -> None:
    """However deep the data lies, the socket's path stays within the system's limit."""
    deep = tmp_path.joinpath(*["a-rather-long-name-of-a-directory"] * 6)
    server = EmbeddedServer(deep)
    assert len(os.fsencode(server.socket_path)) <= 100
    server.ensure_running()
    assert server.pid is not None
    server.leave()


def test_it_listens_on_nothing_but_its_socket(tmp_path: Path) -> None:
    """No TCP port, a socket for its user only, and settings that refuse rather than forget."""
    with LLMLoggingService.open_reader(Settings(data_dir=tmp_path)) as service:
        client = service.redis_client(5)
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert EmbeddedServer(tmp_path).socket_path.stat().st_mode & 0o777 == 0o700
