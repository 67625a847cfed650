"""Every route states who may use it: open, signed in, administrator. There is no other way to make one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from djforge.web.callers import Caller, Callers
from djforge.web.errors import NotAdministrator, SignedOut

OpenHandler = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Request, Caller], Awaitable[Response]]


class Policies:
    """Makes routes with their policy in front."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    def open(self, method: str, path: str, handler: OpenHandler) -> Route:
        """A route for everyone."""
        return Route(path, handler, methods=[method], name=f"open:{method} {path}")

    def signed_in(self, method: str, path: str, handler: Handler, *, prolong: bool = True) -> Route:
        """A route for a person who is signed in. `prolong=False`: asking it does not keep a session alive."""

        async def endpoint(request: Request) -> Response:
            return await handler(request, await self._caller(request, prolong))

        return Route(path, endpoint, methods=[method], name=f"signed in:{method} {path}")

    def administrator(self, method: str, path: str, handler: Handler) -> Route:
        """A route for the administrator."""

        async def endpoint(request: Request) -> Response:
            caller = await self._caller(request, True)
            if not caller.is_administrator:
                raise NotAdministrator
            return await handler(request, caller)

        return Route(path, endpoint, methods=[method], name=f"administrator:{method} {path}")

    async def _caller(self, request: Request, prolong: bool) -> Caller:
        caller = await self._callers.identify(request, prolong=prolong)
        if caller is None:
            raise SignedOut
        return caller
