"""The simulator as a server of its own: a thread with an address on this machine."""

from __future__ import annotations

import random
import socket
import threading
import time
from types import TracebackType
from typing import Final, Self

import uvicorn

from djforge.spotify.simulator.app import create_simulator
from djforge.spotify.simulator.control import Simulator
from llmlog.clock import Clock

HOST: Final = "127.0.0.1"
START_WITHIN_S: Final = 10.0
STOP_WITHIN_S: Final = 2.0


class RunningSimulator:
    """Runs a simulator while the context lasts.

    port: 0 picks a free one. Entering raises OSError when the port is taken, RuntimeError when the server does
    not start.
    """

    def __init__(self, clock: Clock, rng: random.Random, port: int = 0) -> None:
        app, self.simulator = create_simulator(clock, rng)
        self._port = port
        # Logging, signals and lifespan stay the host's own.
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    simulator: Simulator

    @property
    def url(self) -> str:
        """Base of the accounts service, e.g. `http://127.0.0.1:41234`."""
        return f"http://{HOST}:{self._port}"

    @property
    def accounts_url(self) -> str:
        """Takes the place of `https://accounts.spotify.com`."""
        return self.url

    @property
    def api_url(self) -> str:
        """Takes the place of `https://api.spotify.com/v1`."""
        return f"{self.url}/v1"

    def __enter__(self) -> Self:
        listener = socket.create_server((HOST, self._port))
        self._port = listener.getsockname()[1]
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [listener]},
            name="spotify-simulator",
            daemon=True,
        )
        self._thread.start()
        deadline_s = time.monotonic() + START_WITHIN_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline_s:
                listener.close()
                raise RuntimeError("the Spotify simulator did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_WITHIN_S)
