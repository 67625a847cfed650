"""What a failed request gets: the plan's bodies for 401 and 403, one shape for all else, a page for people."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from llmlog.admin.frame import Frame
from llmlog.errors import BadRequest, StoreUnavailable
from llmlog.health import Health
from llmlog.query.language import QuerySyntaxError
from llmlog.verdict import away

API = "/api/llm-logs"

_SENTENCES = {
    401: "Sign in to see logs.",
    403: "This page is for the administrator of this app. Your own logs are under “My logs”.",
    404: "This log does not exist. It may have expired, or been erased at its person's request.",
    405: "This address does not take this method.",
}
_CODES = {404: "not_found", 405: "method_not_allowed"}
_PLAN_BODIES = {401: {"error": "Authentication failed"}, 403: {"error": "Admin access required"}}


def json_response(body: Any, status: int = 200) -> Response:
    """JSON of records, camelCase; never cached."""
    return Response(
        msgspec.json.encode(body), status, media_type="application/json", headers={"cache-control": "no-store"}
    )


def error_body(code: str, message: str, field: str | None = None) -> dict[str, Any]:
    """The shape of every error but 401 and 403."""
    error = {"code": code, "message": message}
    return {"error": error if field is None else {**error, "field": field}}


def store_sentence(health: Health, error: StoreUnavailable) -> str:
    """Since when the store is away, why, and what is safe."""
    return away(error.since_ms or health.store.not_answering_since, error.reason, health.spool.spooled)


class Failures:
    """Starlette's exception handlers."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def handlers(self) -> dict[Any, Any]:
        """For `Starlette(exception_handlers=…)`."""
        return {
            HTTPException: self._http,
            BadRequest: self._bad_request,
            StoreUnavailable: self._store_away,
        }

    async def _http(self, request: Request, error: HTTPException) -> Response:
        status = error.status_code
        sentence = _SENTENCES.get(status, error.detail)
        if request.url.path.startswith(API):
            body = _PLAN_BODIES.get(status) or error_body(_CODES.get(status, "http_error"), sentence)
            response = json_response(body, status)
        else:
            response = await self._frame.refusal(request, status, sentence)
        if error.headers and "Allow" in error.headers:
            response.headers["allow"] = ", ".join(sorted(error.headers["Allow"].split(", ")))
        return response

    async def _bad_request(self, request: Request, error: BadRequest) -> Response:
        if request.url.path.startswith(API):
            body = error_body("bad_request", error.message, error.field)
            if isinstance(error, QuerySyntaxError):
                body["error"] |= {"code": "query_syntax", "start": error.start, "end": error.end, "fix": error.fix}
            return json_response(body, 422)
        return await self._frame.refusal(request, 422, error.message)

    async def _store_away(self, request: Request, error: StoreUnavailable) -> Response:
        health = await self._frame.health()
        sentence = store_sentence(health, error)
        if request.url.path.startswith(API):
            return json_response(error_body("store_unavailable", sentence), 503)
        return await self._frame.refusal(request, 503, sentence)
