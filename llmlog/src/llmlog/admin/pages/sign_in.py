"""Signing in with the token, when llmlog stands alone."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from llmlog.admin.access import Gate, TokenAccess
from llmlog.admin.frame import PAGES, Frame

MAX_FORM_BYTES = 4096


class SignInPage:
    """The form and what it sends."""

    def __init__(self, access: TokenAccess, frame: Frame) -> None:
        self._access = access
        self._frame = frame

    def routes(self, gate: Gate) -> list[Route]:
        """Open to everybody: it shows no log."""
        return [
            gate.open_route(f"{PAGES}/sign-in", self.form),
            gate.open_route(f"{PAGES}/sign-in/token", self.submit, ("POST",)),
        ]

    async def form(self, request: Request) -> Response:
        """The form."""
        return await self._frame.refusal(request, 401, "Enter the token of LLMLOG_ADMIN_TOKEN to see the logs.")

    async def submit(self, request: Request) -> Response:
        """The right token leads to the logs."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_FORM_BYTES:
                break
        fields = parse_qs(body[:MAX_FORM_BYTES].decode("utf-8", "replace"))
        if not self._access.is_token(fields.get("token", [""])[0]):
            return await self._frame.refusal(request, 401, "That is not the token. Try again.")
        response = RedirectResponse(f"{PAGES}/logs", 303)
        self._access.remember(response, secure=request.url.scheme == "https")
        return response
