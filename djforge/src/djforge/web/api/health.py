"""`/api/health`: whether DJ Forge is up, for whoever watches it. Says nothing about anybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from djforge.listener.door import RedisDoor
from djforge.web.policies import Policies
from llmlog.clock import Clock


class HealthApi:
    """The one route. DJ Forge is `ok` without Redis too: sessions then live in the process."""

    def __init__(self, door: RedisDoor, clock: Clock) -> None:
        self._door = door
        self._clock = clock

    def routes(self, policies: Policies) -> Sequence[Route]:
        """All routes with their policies."""
        return [policies.open("GET", "/api/health", self.health)]

    async def health(self, request: Request) -> Response:
        """`{status, timestamp, sessionStore, redis}`."""
        answering = await self._door.probe()
        return JSONResponse(
            {
                "status": "ok",
                "timestamp": iso(self._clock.now_ms()),
                "sessionStore": "redis" if answering else "memory",
                "redis": answering,
            }
        )


def iso(timestamp_ms: int) -> str:
    """A moment as ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(timestamp_ms / 1000, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
