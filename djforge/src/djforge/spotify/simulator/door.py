"""What every Web API request passes: a good token with the right scopes, then its handler under the lock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from djforge.spotify.simulator.music.shapes import MusicShapes
from djforge.spotify.simulator.refusals import ApiRefusal
from djforge.spotify.simulator.sign_in.people import DemoPerson
from djforge.spotify.simulator.world import Account, World

API_PREFIX = "/v1"


class Visit(msgspec.Struct, frozen=True):
    """One authorised request, its body read."""

    request: Request
    body: bytes
    person: DemoPerson
    account: Account
    shapes: MusicShapes

    def query(self, name: str) -> str | None:
        """A query parameter; empty counts as absent."""
        return self.request.query_params.get(name) or None

    def whole_number(self, name: str, default: int | None, low: int, high: int) -> int:
        """A number within bounds. Raises ApiRefusal."""
        given = self.query(name)
        if given is None:
            if default is None:
                raise ApiRefusal(400, f"Missing parameter {name}")
            return default
        digits = given.removeprefix("-")
        # isdecimal first: int() also takes spaces and underscores; 15 digits: int() refuses endless ones.
        number = int(given) if digits.isdecimal() and len(digits) <= 15 else low - 1
        if not low <= number <= high:
            raise ApiRefusal(400, f"Invalid {name}")
        return number

    def json(self) -> dict[str, Any]:
        """The body as an object; no body counts as an empty one. Raises ApiRefusal."""
        if not self.body.strip():
            return {}
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            raise ApiRefusal(400, "Malformed json") from None


Handler = Callable[[Visit], object]


class Door:
    """Makes endpoints of handlers. A handler returns the JSON to answer with, or None for 204."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoint(self, handler: Handler, *scopes: str) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that needs these scopes."""

        async def answer(request: Request) -> Response:
            body = await request.body()
            try:
                with self._world.lock:
                    told = handler(self._admit(request, body, scopes))
            except ApiRefusal as refusal:
                return refusal.response()
            return Response(status_code=204) if told is None else JSONResponse(told)

        return answer

    def _admit(self, request: Request, body: bytes, scopes: tuple[str, ...]) -> Visit:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise ApiRefusal(401, "No token provided")
        grant = self._world.grants.of_token(token)
        if not set(scopes) <= set(grant.scope.split()):
            raise ApiRefusal(403, "Insufficient client scope")
        return Visit(
            request=request,
            body=body,
            person=self._world.people[grant.person_id],
            account=self._world.accounts[grant.person_id],
            shapes=MusicShapes(self._world.catalogue, str(request.base_url).rstrip("/") + API_PREFIX),
        )
