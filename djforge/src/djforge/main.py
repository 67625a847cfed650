"""Builds everything once, mounts llmlog's admin, serves, and closes in reverse. `djforge` on the command line."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import redis
import uvicorn
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from djforge import __version__
from djforge.commands import Commands, HandleCommand, Memory
from djforge.commands.models import Models, offered_models
from djforge.interpreter import Interpreter
from djforge.listener.conversation import Conversations
from djforge.listener.door import RedisDoor
from djforge.listener.pending import PendingActions
from djforge.listener.preferences import Preferences
from djforge.listener.profile import Profiles
from djforge.listener.sealing import KeyUnusable, Seal, load_or_create_key
from djforge.listener.store import ListenerStore
from djforge.llm import LLMOrchestrator
from djforge.settings import Settings, SettingsError, environment_of
from djforge.spotify.accounts import SpotifyAccounts
from djforge.spotify.models import Profile
from djforge.spotify.simulator import RunningSimulator
from djforge.web.administrator import demo_administrator_allowed
from djforge.web.api.auth import AuthApi, AuthParts
from djforge.web.api.chat import ChatApi
from djforge.web.api.control import ControlApi
from djforge.web.api.health import HealthApi
from djforge.web.api.preferences import PreferencesApi
from djforge.web.app import AppParts, create_app
from djforge.web.callers import Callers
from djforge.web.connections import Connections
from djforge.web.forgetting import Forgetting
from djforge.web.pages.chat import PageParts
from djforge.web.sessions import Sessions
from djforge.web.sign_ins import SignIns
from llmlog import LLMLoggingService
from llmlog import Settings as LogSettings
from llmlog.admin import Viewer, create_admin
from llmlog.clock import Clock, SystemClock
from llmlog.errors import LlmlogError

SIMULATED_CLIENT_ID = "djforge-demo"
REDIS_TIMEOUT_S = 0.5


class ListenerAccess:
    """Who is asking for logs: the person signed in to DJ Forge."""

    sign_in_url = "/api/auth/login?return_to=/llmlog"

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        """The viewer; administrator rights are worked out at each request."""
        caller = await self._callers.identify(connection)
        if caller is None:
            return None
        person = caller.session.person
        return Viewer(user_id=person.id, display_name=person.display_name, is_administrator=caller.is_administrator)


def _redis_of(settings: Settings, log: LLMLoggingService) -> Any:
    """The Redis of sessions: one of its own, or that of the logs."""
    if settings.redis_url is None:
        return log.redis_client(REDIS_TIMEOUT_S)
    return redis.Redis.from_url(settings.redis_url, socket_timeout=REDIS_TIMEOUT_S)


def build(settings: Settings, log: LLMLoggingService, seal_key: bytes, clock: Clock) -> AppParts:
    """The parts of the app, wired."""
    seal = Seal(seal_key, os.urandom)
    door = RedisDoor(_redis_of(settings, log), clock)
    store = ListenerStore(door, clock)
    sessions = Sessions(store, seal, clock, os.urandom)
    callers = Callers(settings, sessions)
    http = httpx2.AsyncClient(trust_env=not settings.uses_simulator)  # no proxy leads to the simulator
    spotify = settings.spotify
    accounts = SpotifyAccounts(
        http, spotify.accounts_url, spotify.client_id or SIMULATED_CLIENT_ID, spotify.redirect_uri, clock
    )
    profiles = Profiles(store, seal, Profile)
    connections = Connections(sessions, accounts, profiles, http, spotify.api_url, clock, log.pseudonym)
    orchestrator = LLMOrchestrator.open(settings.llm, log, clock)
    models = Models(offered_models(settings.llm, orchestrator.default_model), Preferences(store, seal))
    conversations = Conversations(door, seal)
    forgetting = Forgetting(store, sessions, conversations, log.pseudonyms_of)
    memory = Memory(conversations=conversations, pending=PendingActions(store, seal), models=models)
    interpreter, tell = Interpreter(orchestrator, clock), settings.llm.tell_what_plays
    handle = HandleCommand(log, interpreter, memory, clock, tell_what_plays=tell)
    commands = Commands(handle, memory, log.statistics)

    async def close() -> None:
        await orchestrator.aclose()
        await http.aclose()

    return AppParts(
        settings=settings,
        retention_days=log.settings.store.retention_days,
        callers=callers,
        auth=AuthApi(
            AuthParts(
                settings=settings,
                sessions=sessions,
                sign_ins=SignIns(store, seal),
                callers=callers,
                connections=connections,
                accounts=accounts,
                random_bytes=os.urandom,
                clock=clock,
            )
        ),
        chat=ChatApi(commands, connections, clock),
        control=ControlApi(connections),
        preferences=PreferencesApi(models, connections),
        health=HealthApi(door, clock),
        pages=PageParts(callers=callers, commands=commands, connections=connections),
        log_app=create_admin(log, ListenerAccess(callers), app_name="DJ Forge", forget=forgetting.forget),
        close=close,
    )


def serve(settings: Settings, environment: dict[str, str]) -> None:
    """Open everything, serve until told to stop, close in reverse.

    Raises SettingsError, LlmlogError, KeyUnusable, OSError.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((settings.host, settings.port)))
        if settings.uses_simulator:
            simulator = stack.enter_context(RunningSimulator(SystemClock(), random.SystemRandom()))
            spotify = msgspec.structs.replace(
                settings.spotify, api_url=simulator.api_url, accounts_url=simulator.accounts_url
            )
            settings = msgspec.structs.replace(settings, spotify=spotify)
        log_settings = LogSettings.from_environment(environment)
        secrets = [key for key in (settings.llm.openrouter.api_key, settings.llm.openai.api_key) if key]
        log = stack.enter_context(
            LLMLoggingService.open(log_settings, known_secrets=secrets, app_version=__version__)
        )
        log.finder.keep_index()
        key = settings.session_key or load_or_create_key(log_settings.data_dir, os.urandom)[0]
        parts = build(settings, log, key, SystemClock())
        print(greeting(settings, log), flush=True)
        uvicorn.Server(server_config(create_app(parts), settings)).run(sockets=[listener])


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How the app is served: X-Forwarded-* headers are believed from the trusted proxies and nobody else."""
    return uvicorn.Config(
        app,
        log_level="warning",
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxy),
        forwarded_allow_ips=list(settings.trusted_proxy),
    )


def _stop(number: int, frame: object) -> None:
    """SIGTERM ends the process like any other exit, so that everything is closed on the way."""
    raise SystemExit(0)


def greeting(settings: Settings, log: LLMLoggingService) -> str:
    """What a person should know at the start."""
    address = f"http://{settings.host}:{settings.port}"
    health = log.health()
    lines = [f"DJ Forge is on {address}", f"Logs: {address}/llmlog, kept in {health.store.where}"]
    demo_administrator = demo_administrator_allowed(settings)
    if settings.uses_simulator:
        dana = "Dana Demo, who is the demo's administrator," if demo_administrator else "Dana Demo"
        lines.append(f"Spotify is simulated; sign in as {dana} or Lee Listener.")
        lines.append("To go real: SPOTIFY_CLIENT_ID, a key such as OPENROUTER_API_KEY, ADMIN_SPOTIFY_ID in .env")
    return "\n".join(lines if demo_administrator else [*lines, *settings.notices])


def run() -> int:
    """The console entry; gives the exit code."""
    signal.signal(signal.SIGTERM, _stop)  # uvicorn puts its own in front, and hands the signal on to ours
    try:
        environment = environment_of(os.environ, Path.cwd())
        serve(Settings.from_environment(environment), environment)
    except (SettingsError, LlmlogError, KeyUnusable) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"DJ Forge could not start: {error.strerror or error}. Another PORT may help, e.g. PORT=4101",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(run())
