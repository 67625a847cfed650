"""Who may see what. Access is a policy the host passes in; every route states which right it needs.

Rights: `administrator`, `signed-in` (one's own logs), `open` (no logs at all). Deny by default: a route can only be
made through `Gate.route`, which asks for the right.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Literal, Protocol

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

Right = Literal["administrator", "signed-in", "open"]

TOKEN_COOKIE = "llmlog_admin"


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """The person behind a request."""

    user_id: str
    """Raw id, as given to `interaction(user_id=…)`; only used to look up the person's own logs."""
    display_name: str
    is_administrator: bool


class Access(Protocol):
    """The host's policy."""

    sign_in_url: str
    """Where a person who is not signed in is sent."""

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        """Who makes this request; None when nobody is signed in. Asked anew for each request."""
        ...


class TokenAccess:
    """For `llmlog serve` alone: whoever has the token is administrator.

    The token comes as `Authorization: Bearer …`, or, after the sign-in form, as a cookie that holds its hash.
    """

    sign_in_url = "/llmlog/sign-in"

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._cookie = sha256(b"llmlog-admin-cookie:" + self._token).hexdigest()

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        """The administrator, when the token is right."""
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        by_header = scheme.lower() == "bearer" and self.is_token(given.strip())
        cookie = connection.cookies.get(TOKEN_COOKIE, "")
        if by_header or hmac.compare_digest(cookie.encode(), self._cookie.encode()):
            return Viewer(user_id="", display_name="Administrator", is_administrator=True)
        return None

    def is_token(self, given: str) -> bool:
        """Whether this is the token; takes the same time whatever was given."""
        return hmac.compare_digest(given.encode(), self._token)

    def remember(self, response: Response, *, secure: bool) -> None:
        """Put the cookie into the browser."""
        response.set_cookie(TOKEN_COOKIE, self._cookie, httponly=True, samesite="strict", secure=secure, path="/")


Endpoint = Callable[[Request, Viewer], Awaitable[Response]]
OpenEndpoint = Callable[[Request], Awaitable[Response]]


class Gate:
    """Makes routes; the only way to make one is to say who may use it."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.rights: dict[str, Right] = {}
        """The right each path needs, for tests that walk all routes."""

    def route(self, path: str, endpoint: Endpoint, right: Right, methods: tuple[str, ...] = ("GET",)) -> Route:
        """A route for people with a right. Raises HTTPException 401 or 403 for the others."""

        async def guarded(request: Request) -> Response:
            viewer = await self.access.identify(request)
            if viewer is None:
                raise HTTPException(401)
            if right == "administrator" and not viewer.is_administrator:
                raise HTTPException(403)
            return await endpoint(request, viewer)

        self.rights[path] = right
        return Route(path, guarded, methods=list(methods))

    def open_route(self, path: str, endpoint: OpenEndpoint, methods: tuple[str, ...] = ("GET",)) -> Route:
        """A route for everybody; it must not show any log."""
        self.rights[path] = "open"
        return Route(path, endpoint, methods=list(methods))
