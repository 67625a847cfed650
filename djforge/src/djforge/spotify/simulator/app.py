"""The simulator as one ASGI app: the accounts service at the root, the Web API below `/v1`."""

from __future__ import annotations

import random

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from djforge.spotify.simulator.control import Simulator
from djforge.spotify.simulator.door import Door
from djforge.spotify.simulator.music.catalogue import load_catalogue
from djforge.spotify.simulator.music.routes import MusicRoutes
from djforge.spotify.simulator.playback.routes import PlayerRoutes
from djforge.spotify.simulator.refusals import api_refusal
from djforge.spotify.simulator.sign_in.authorize import AuthorizePage
from djforge.spotify.simulator.sign_in.token import TokenEndpoint
from djforge.spotify.simulator.trouble import TroubleMiddleware
from djforge.spotify.simulator.world import World
from llmlog.clock import Clock


def create_simulator(clock: Clock, rng: random.Random) -> tuple[Starlette, Simulator]:
    """A simulator with its own state, and the door to control it.

    rng: makes codes and tokens; `random.SystemRandom()` where anyone else can reach the address.
    """
    world = World(load_catalogue(), clock, rng)
    door = Door(world)
    page = AuthorizePage(world.people, world.grants, rng)
    app = Starlette(
        routes=[
            Route("/authorize", page.show, methods=["GET"]),
            Route("/authorize", page.answer, methods=["POST"]),
            Route("/api/token", TokenEndpoint(world.grants).answer, methods=["POST"]),
            *MusicRoutes(world, door).routes(),
            *PlayerRoutes(world, door).routes(),
        ],
        middleware=[Middleware(TroubleMiddleware, world=world)],
        exception_handlers={HTTPException: _no_such_route},
    )
    return app, Simulator(world)


async def _no_such_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = "Service not found" if status == 404 else "Method not allowed"
    return api_refusal(status, words, None)
