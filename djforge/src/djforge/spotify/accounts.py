"""Spotify's accounts service: OAuth's authorization code with PKCE, and tokens.

Facts kept in mind: a refresh token of PKCE works once, so the answer's new one replaces it; it dies six months
after the person signed in, and refreshing does not prolong that; only `invalid_grant` means "sign in again",
an outage of this service does not.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
import msgspec

from djforge.spotify import wire
from djforge.spotify.errors import Upstream
from llmlog.clock import Clock

SCOPES: Final = (
    "user-read-playback-state",
    "user-modify-playback-state",
    "user-read-currently-playing",
    "user-read-recently-played",
)
"""What playing, queueing and showing the player need, and nothing else."""

VERIFIER_BYTES: Final = 48
"""Gives 64 characters; PKCE allows 43 to 128."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in's tokens. Its repr shows none of them."""

    access_token: str
    refresh_token: str
    expires_at_ms: int
    """When the access token ends, ms since the epoch."""
    scope: str
    """What the person agreed to, separated by spaces."""
    authorised_at_ms: int
    """When the person signed in; refreshing does not change it."""

    def __repr__(self) -> str:
        return f"Tokens(expires_at_ms={self.expires_at_ms}, authorised_at_ms={self.authorised_at_ms})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("expires_at_ms", self.expires_at_ms), ("authorised_at_ms", self.authorised_at_ms)]


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int
    refresh_token: str | None = None
    scope: str | None = None


def new_verifier(random_bytes: Callable[[int], bytes]) -> str:
    """PKCE's secret half, 64 characters of [A-Za-z0-9_-]."""
    return base64.urlsafe_b64encode(random_bytes(VERIFIER_BYTES)).rstrip(b"=").decode("ascii")


def challenge_of(verifier: str) -> str:
    """PKCE's public half: S256 of the verifier."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


class SpotifyAccounts:
    """Signs people in and keeps their tokens fresh."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        accounts_url: str,
        client_id: str,
        redirect_uri: str,
        clock: Clock,
        timeout_s: float = wire.DEFAULT_TIMEOUT_S,
    ) -> None:
        self._http = http
        self._url = accounts_url.rstrip("/")
        self._client_id = client_id
        self._redirect_uri = redirect_uri
        self._clock = clock
        self._timeout_s = timeout_s

    def authorize_url(self, state: str, challenge: str, scopes: Iterable[str] = SCOPES) -> str:
        """Where to send the browser so that the person can agree."""
        query = {
            "client_id": self._client_id,
            "response_type": "code",
            "redirect_uri": self._redirect_uri,
            "state": state,
            "scope": " ".join(scopes),
            "code_challenge_method": "S256",
            "code_challenge": challenge,
        }
        return f"{self._url}/authorize?{urlencode(query)}"

    async def exchange(self, code: str, verifier: str) -> Tokens:
        """Trade the code that came back for tokens.

        Raises NeedsReauth (the code is wrong, used or too old), Forbidden (the app is not set up),
        RateLimited, Upstream.
        """
        granted = await self._ask(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._redirect_uri,
                "client_id": self._client_id,
                "code_verifier": verifier,
            }
        )
        if not granted.refresh_token:
            raise Upstream("tokens without a refresh token", httpx2.codes.OK)
        now_ms = self._clock.now_ms()
        return Tokens(
            access_token=granted.access_token,
            refresh_token=granted.refresh_token,
            expires_at_ms=now_ms + granted.expires_in * 1000,
            scope=granted.scope or "",
            authorised_at_ms=now_ms,
        )

    async def refresh(self, tokens: Tokens) -> Tokens:
        """New tokens for old; the old refresh token may be dead from here on.

        Raises NeedsReauth (sign in again), Forbidden, RateLimited, Upstream (try again later).
        """
        granted = await self._ask(
            {
                "grant_type": "refresh_token",
                "refresh_token": tokens.refresh_token,
                "client_id": self._client_id,
            }
        )
        return Tokens(
            access_token=granted.access_token,
            refresh_token=granted.refresh_token or tokens.refresh_token,
            expires_at_ms=self._clock.now_ms() + granted.expires_in * 1000,
            scope=tokens.scope if granted.scope is None else granted.scope,
            authorised_at_ms=tokens.authorised_at_ms,
        )

    async def _ask(self, form: Mapping[str, Any]) -> _Granted:
        request = self._http.build_request(
            "POST", f"{self._url}/api/token", data=form, headers={"accept": "application/json"}
        )
        response = await wire.send(self._http, request, self._timeout_s)
        if not response.is_success:
            raise wire.accounts_error(response)
        return wire.decoded(response, _Granted)
