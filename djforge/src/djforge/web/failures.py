"""What a failed request is answered with: the sentence of what happened, in the shape of every refusal."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from djforge.spotify.errors import SpotifyError
from djforge.web.errors import Refused

_STATUS = {
    "needs_reauth": 401,
    "premium_required": 403,
    "not_found": 404,
    "no_active_device": 409,
    "player_refused": 409,
    "rate_limited": 429,
}

Handler = Callable[[Request, Exception], Awaitable[Response]]

_logger = logging.getLogger("djforge.web")
_SENTENCES = {
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This address does not take that kind of request."),
    413: ("too_large", "The request is too large."),
}


def handlers(templates: Jinja2Templates) -> dict[type[Exception] | int, Handler]:
    """One handler for each kind of failure."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return error.response(request, templates)

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code, sentence = _SENTENCES.get(error.status_code, ("refused", error.detail))
        return Refused(error.status_code, code, sentence).response(request, templates)

    async def of_spotify(request: Request, error: Exception) -> Response:
        assert isinstance(error, SpotifyError)
        return refusal_of(error).response(request, templates)

    async def unexpected(request: Request, error: Exception) -> Response:
        _logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        sentence = "Something went wrong inside DJ Forge. It has been noted."
        return Refused(500, "internal", sentence).response(request)

    return {
        Refused: refused,
        HTTPException: of_http,
        SpotifyError: of_spotify,
        Exception: unexpected,
    }


def refusal_of(error: SpotifyError) -> Refused:
    """What Spotify refused, as an answer to a request."""
    return Refused(_STATUS.get(error.kind, 502), error.kind, error.message_for_person)
