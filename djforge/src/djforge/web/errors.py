"""Refusals in the shapes people and programs read: `{"error": {"code", "message", "field"?}}`, or a page."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.templating import Jinja2Templates


class Refused(Exception):
    """A request that is not carried out: status, a code for programs, a sentence for people."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field

    def body(self) -> dict[str, Any]:
        """The JSON of the refusal."""
        error = {"code": self.code, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        return {"error": error}

    def response(self, request: Request, templates: Jinja2Templates | None = None) -> Response:
        """A page for a browser that navigates, JSON for everyone else."""
        if templates is None or not wants_page(request):
            return JSONResponse(self.body(), self.status)
        context = {"title": self.message, "status": self.status, "message": self.message}
        return templates.TemplateResponse(request, "refused.html", context, self.status)


class SignedOut(Refused):
    """There is no session, or it has ended."""

    def __init__(self, message: str = "Sign in with Spotify first.") -> None:
        super().__init__(401, "signed_out", message)


class NotAdministrator(Refused):
    """The person is signed in, but this is for the administrator."""

    def __init__(self) -> None:
        super().__init__(403, "not_administrator", "This is for the administrator of this app.")


def wants_page(request: Request) -> bool:
    """Whether the asker is a browser showing pages (and not a script or a program)."""
    return "text/html" in request.headers.get("accept", "")
