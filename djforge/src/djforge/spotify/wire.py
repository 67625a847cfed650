"""One request to Spotify and what its failures mean: HTTP in, the tree of `errors.py` out.

Invariant: whatever Spotify or the network does, a caller sees an answer of 2xx or a SpotifyError.
"""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar

import httpx2
import msgspec

from djforge.spotify.errors import (
    Forbidden,
    InvalidRequest,
    NeedsReauth,
    NoActiveDevice,
    NotFound,
    PlayerRefused,
    PremiumRequired,
    QuotaExceeded,
    RateLimited,
    SpotifyError,
    Upstream,
)

DEFAULT_TIMEOUT_S: Final = 5.0
"""A person waits for the music; what takes longer is as good as down."""
ASSUMED_RETRY_AFTER_S: Final = 30
"""Spotify's rate window, for a 429 that does not say how long to wait."""
MAX_DETAIL_CHARACTERS: Final = 200

Shape = TypeVar("Shape")


class _ApiFault(msgspec.Struct, frozen=True):
    status: int = 0
    message: str = ""
    reason: str | None = None


class _ApiFailure(msgspec.Struct, frozen=True):
    error: _ApiFault


class _AccountsFailure(msgspec.Struct, frozen=True):
    error: str
    error_description: str | None = None


async def send(http: httpx2.AsyncClient, request: httpx2.Request, timeout_s: float) -> httpx2.Response:
    """Send a request and read its whole answer within `timeout_s` seconds.

    Returns any answer, refusals included. Raises Upstream when none came or it broke off.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await http.send(request, follow_redirects=False)
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise Upstream(f"no answer within {timeout_s:g} s") from error
    except httpx2.RequestError as error:
        raise Upstream(f"no answer: {type(error).__name__}") from error


def decoded(response: httpx2.Response, shape: type[Shape]) -> Shape:
    """The body as `shape`. Raises Upstream when it is not that."""
    try:
        return msgspec.json.decode(response.content, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Upstream(f"an answer that makes no sense: {error}", response.status_code) from error


def api_error(response: httpx2.Response) -> SpotifyError:
    """What a refusal of the Web API means."""
    fault = _api_fault(response)
    status = response.status_code
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        return QuotaExceeded(fault.message) if fault.reason == "QUOTA_EXCEEDED" else rate_limited(response)
    if status == httpx2.codes.UNAUTHORIZED:
        return NeedsReauth(fault.message)
    if fault.reason is not None and status in (httpx2.codes.FORBIDDEN, httpx2.codes.NOT_FOUND):
        return _player_error(fault.reason, fault.message)
    return _plain_error(status, fault.message)


def accounts_error(response: httpx2.Response) -> SpotifyError:
    """What a refusal of the accounts service means. Only `invalid_grant` ends a sign-in."""
    status = response.status_code
    try:
        failure = msgspec.json.decode(response.content, type=_AccountsFailure)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        failure = _AccountsFailure(error="", error_description=_start_of(response))
    detail = ": ".join(part for part in (failure.error, failure.error_description) if part)
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        return rate_limited(response)
    if status == httpx2.codes.BAD_REQUEST and failure.error == "invalid_grant":
        return NeedsReauth(detail)
    if failure.error in ("invalid_client", "unauthorized_client") and status < 500:
        return Forbidden(detail)
    return _plain_error(status, detail)


def rate_limited(response: httpx2.Response) -> RateLimited:
    """A 429 with the seconds it asks for."""
    told = response.headers.get("retry-after", "").strip()
    return RateLimited(max(1, int(told)) if told.isdecimal() else ASSUMED_RETRY_AFTER_S)


def _player_error(reason: str, message: str) -> SpotifyError:
    if reason == "NO_ACTIVE_DEVICE":
        return NoActiveDevice(message)
    if reason == "PREMIUM_REQUIRED":
        return PremiumRequired(message)
    return PlayerRefused(reason, message)


def _plain_error(status: int, message: str) -> SpotifyError:
    if status == httpx2.codes.FORBIDDEN:
        return Forbidden(message)
    if status == httpx2.codes.NOT_FOUND:
        return NotFound(message)
    if 400 <= status < 500:
        return InvalidRequest(status, message)
    return Upstream(f"HTTP {status}: {message}", status)


def _api_fault(response: httpx2.Response) -> _ApiFault:
    try:
        return msgspec.json.decode(response.content, type=_ApiFailure).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Gateways answer in plain text or HTML; the status still tells enough.
        return _ApiFault(status=response.status_code, message=_start_of(response))


def _start_of(response: httpx2.Response) -> str:
    return " ".join(response.content[: 4 * MAX_DETAIL_CHARACTERS].decode("utf-8", "replace").split())[
        :MAX_DETAIL_CHARACTERS
    ]
