"""What logging adds to DJ Forge's command route: the same app with and without it, request by request in turn.

Each app is a process of its own (uvicorn, simulator, local rules, embedded Redis); the one without logging has
the same service, but its interactions and calls go nowhere. Run by `make bench NAME=command_route`; one server
alone: `python -m benchmarks.command_route on|off PORT DIRECTORY`.
"""

from __future__ import annotations

import html
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2

from djforge.main import build, server_config
from djforge.settings import Settings
from djforge.spotify.simulator import RunningSimulator
from djforge.web.app import create_app
from llmlog import LlmCall, LLMLoggingService
from llmlog import Settings as LogSettings
from llmlog.clock import SystemClock

REQUESTS = 600
WARM_UP = 40
COMMANDS = ("what is playing?", "set the volume to 40", "turn it up a little", "who are you?", "play some jazz")


class _SilentTurn:
    """Takes what an interaction takes, and keeps nothing."""

    log_ids: tuple[str, ...] = ()
    interpretation: Any = None

    def __init__(self) -> None:
        self.tags: dict[str, Any] = {}

    def __enter__(self) -> _SilentTurn:
        return self

    def __exit__(self, *_: object) -> None:
        """Go on."""

    @contextmanager
    def step(self, name: str, detail: Any = None) -> Iterator[None]:
        """Not timed."""
        yield

    def result(self, **_: Any) -> None:
        """Not kept."""

    def fail(self, **_: Any) -> None:
        """Not kept."""

    def add_step(self, step: Any) -> None:
        """Not kept."""


class _Unlogged:
    """The service, but what is logged goes nowhere."""

    def __init__(self, service: LLMLoggingService) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def interaction(self, **_: Any) -> _SilentTurn:
        """Not logged."""
        return _SilentTurn()

    def record_call(self, call: LlmCall) -> None:
        """Not logged."""


def serve(mode: str, port: int, directory: Path) -> None:
    """Serve DJ Forge until killed."""
    import msgspec
    import uvicorn

    with ExitStack() as stack:
        simulator = stack.enter_context(RunningSimulator(SystemClock(), random.Random(20)))
        settings = Settings.from_environment({"PORT": str(port)})
        urls = {"api_url": simulator.api_url, "accounts_url": simulator.accounts_url}
        settings = msgspec.structs.replace(settings, spotify=msgspec.structs.replace(settings.spotify, **urls))
        service = stack.enter_context(LLMLoggingService.open(LogSettings(data_dir=directory)))
        log: Any = service if mode == "on" else _Unlogged(service)
        app = create_app(build(settings, log, bytes(range(32)), SystemClock()))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        uvicorn.Server(server_config(app, settings)).run(sockets=[listener])


class _App:
    """A running app with somebody signed in."""

    def __init__(self, stack: ExitStack, mode: str) -> None:
        directory = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "benchmarks.command_route", mode, str(port), directory]
        process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        stack.callback(process.terminate)
        address = f"http://127.0.0.1:{port}"
        self.took_ms: list[float] = []
        self._client = stack.enter_context(
            httpx2.Client(base_url=address, headers={"origin": address}, trust_env=False, timeout=20)
        )
        self._sign_in()

    def request(self, command: str) -> float:
        """The milliseconds one command takes."""
        started_s = time.perf_counter()
        answer = self._client.post("/api/llm/simple/command", json={"command": command})
        took_ms = (time.perf_counter() - started_s) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"{command}: {answer.status_code} {answer.text}")
        return took_ms

    def _sign_in(self) -> None:
        url = self._login_url()
        with httpx2.Client(trust_env=False) as spotify:
            page = spotify.get(url).text
            hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
            form = {name: html.unescape(value) for name, value in hidden}
            back = spotify.post(url.split("?")[0], data={**form, "person": "dana"}).headers["location"]
        self._client.get(back)

    def _login_url(self) -> str:
        for _ in range(400):
            try:
                location: str = self._client.get("/api/auth/login").headers["location"]
            except httpx2.ConnectError:
                time.sleep(0.05)
            else:
                return location
        raise RuntimeError("DJ Forge did not start")


def run() -> str:
    """Both apps, request by request; a table in Markdown."""
    with ExitStack() as stack:
        apps = {mode: _App(stack, mode) for mode in ("off", "on")}
        for number in range(WARM_UP + REQUESTS):
            command = COMMANDS[number // 2 % len(COMMANDS)]
            for mode in ("off", "on") if number % 2 else ("on", "off"):
                took_ms = apps[mode].request(command)
                if number >= WARM_UP:
                    apps[mode].took_ms.append(took_ms)
    lines = [
        "## command_route: DJ Forge's command route, milliseconds",
        "",
        f"{REQUESTS} requests each, in turn; real HTTP, simulator and local rules.",
        "",
        "| logging | p50 | p95 | p99 |",
        "|---|---|---|---|",
    ]
    rows = {mode: _percentiles(app.took_ms) for mode, app in apps.items()}
    lines += [f"| {mode} | " + " | ".join(f"{value:.2f}" for value in row) + " |" for mode, row in rows.items()]
    added = [on - off for on, off in zip(rows["on"], rows["off"], strict=True)]
    lines.append("| added | " + " | ".join(f"{value:+.2f}" for value in added) + " |")
    return "\n".join(lines)


def _percentiles(values: list[float]) -> list[float]:
    values = sorted(values)
    return [values[int(len(values) * share / 100)] for share in (50, 95, 99)]


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
