"""DJ Forge over real HTTP for tests: simulator, local rules or a scripted model, embedded Redis, people to be."""

from __future__ import annotations

import html
import os
import random
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import msgspec
import uvicorn
from starlette.applications import Starlette

from djforge.main import build, server_config
from djforge.settings import Settings
from djforge.spotify.simulator import RunningSimulator
from djforge.spotify.simulator.control import Simulator
from djforge.web.app import create_app
from llmlog import LLMLoggingService
from llmlog import Settings as LogSettings
from llmlog.clock import Clock, SystemClock

SEAL_KEY = bytes(range(32))
START_WITHIN_S = 10.0


@dataclass
class Serving:
    """A running DJ Forge."""

    address: str
    simulator: Simulator
    log: LLMLoggingService
    data_dir: Path
    settings: Settings
    asgi: Starlette
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def redis_pid(self) -> int:
        """Process id of the embedded server of the logs."""
        return int((self.data_dir / "redis" / "pid").read_text())

    def browser(self, **headers: str) -> httpx2.Client:
        """A client with cookies of its own that says where its requests come from, as a browser does."""
        client = httpx2.Client(
            base_url=self.address,
            headers={"origin": self.address, **headers},
            trust_env=False,
            verify=False,
            timeout=20,
        )
        self.clients.append(client)
        return client

    def signed_in(self, person: str = "dana", **headers: str) -> httpx2.Client:
        """A client whose person has signed in by way of the simulator's page."""
        client = self.browser(**headers)
        back = client.get(self.way_back(client, {"person": person}))
        assert (back.status_code, back.headers["location"]) == (303, "/"), back.text
        return client

    def way_back(self, client: httpx2.Client, choice: dict[str, str], return_to: str = "") -> str:
        """Leave for the simulator's sign-in page and press one of its buttons: the address it sends back to."""
        login = client.get("/api/auth/login", params={"return_to": return_to} if return_to else {})
        assert login.status_code == 303, login.text
        url = login.headers["location"]
        with httpx2.Client(trust_env=False, verify=False) as spotify:
            page = spotify.get(url)
            hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
            form = {name: html.unescape(value) for name, value in hidden}
            answer = spotify.post(url.split("?")[0], data={**form, **choice})
        assert answer.status_code == 303, answer.text
        location: str = answer.headers["location"]
        assert location.startswith(f"{self.address}/api/auth/callback?")
        return location


def state_of(address: str) -> str:
    """OAuth's `state` in an address."""
    return parse_qs(urlsplit(address).query)["state"][0]


@contextmanager
def serving(tmp_path: Path, clock: Clock | None = None, **environment: str) -> Iterator[Serving]:
    """Serve DJ Forge with these variables on a free port and a data directory of its own."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        simulator = stack.enter_context(RunningSimulator(SystemClock(), random.Random(20)))
        settings = _pointed(Settings.from_environment({"PORT": str(port), **environment}), simulator)
        log = stack.enter_context(LLMLoggingService.open(LogSettings(data_dir=tmp_path / "data")))
        app = create_app(build(settings, log, SEAL_KEY, clock or SystemClock()))
        stack.enter_context(_running(uvicorn.Server(server_config(app, settings)), listener))
        served = Serving(f"http://127.0.0.1:{port}", simulator.simulator, log, tmp_path / "data", settings, app)
        yield served
        for client in served.clients:
            client.close()


def _pointed(settings: Settings, simulator: RunningSimulator) -> Settings:
    """The settings with the simulator's addresses for Spotify's."""
    spotify = msgspec.structs.replace(
        settings.spotify, api_url=simulator.api_url, accounts_url=simulator.accounts_url
    )
    return msgspec.structs.replace(settings, spotify=spotify)


@contextmanager
def _running(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    eventually(lambda: server.started, START_WITHIN_S)
    yield
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def eventually(holds: Callable[[], Any], within_s: float = 10.0) -> Any:
    """Wait until something holds, and hand it out; fails when it does not in time."""
    deadline_s = time.monotonic() + within_s
    while True:
        value = holds()
        if value:
            return value
        assert time.monotonic() < deadline_s, f"did not hold within {within_s:g} s"
        time.sleep(0.02)


@contextmanager
def hung(pid: int) -> Iterator[None]:
    """A process that is there and does not answer, for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
