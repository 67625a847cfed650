"""Refusals in the two shapes Spotify uses: one for the Web API, one for the accounts service."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

PLAYER_REFUSALS: dict[str, tuple[int, str]] = {
    "NO_ACTIVE_DEVICE": (404, "No active device found"),
    "NO_SPECIFIC_TRACK": (404, "The requested track does not exist"),
    "PREMIUM_REQUIRED": (403, "Premium required"),
}
"""Status and words by reason code; all other codes are 403 "Restriction violated"."""


class ApiRefusal(Exception):
    """The Web API says no."""

    def __init__(self, status: int, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason

    def response(self) -> Response:
        """On the wire."""
        return api_refusal(self.status, self.message, self.reason)


class GrantRefusal(Exception):
    """The accounts service says no."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status

    def response(self) -> Response:
        """On the wire."""
        return grant_refusal(self.status, self.error, self.description)


def player_refusal(reason: str) -> ApiRefusal:
    """A player command that is not possible just now."""
    status, words = PLAYER_REFUSALS.get(reason, (403, "Restriction violated"))
    return ApiRefusal(status, f"Player command failed: {words}", reason)


def api_refusal(status: int, message: str, reason: str | None) -> Response:
    """`{"error": {status, message, reason?}}`."""
    error: dict[str, object] = {"status": status, "message": message}
    if reason is not None:
        error["reason"] = reason
    return JSONResponse({"error": error}, status)


def grant_refusal(status: int, error: str, description: str) -> Response:
    """`{"error", "error_description"}`."""
    return JSONResponse({"error": error, "error_description": description}, status)
