"""Codes and tokens of the simulator, with the rules that real ones follow.

Codes work once, for ten minutes, for who knows the PKCE verifier; access tokens work an hour; refresh tokens
work once each, until six months after the sign-in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import string
from typing import Final

import msgspec

from djforge.spotify.simulator.refusals import ApiRefusal, GrantRefusal
from llmlog.clock import Clock

CODE_LIFE_MS: Final = 600_000
ACCESS_LIFE_S: Final = 3600
REFRESH_LIFE_MS: Final = 183 * 86_400_000
_ALPHABET: Final = string.ascii_letters + string.digits + "-_"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request for authorisation, as the app made it."""

    client_id: str
    redirect_uri: str
    challenge: str
    scope: str


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time code."""

    person_id: str
    asked: Asked
    issued_at_ms: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a person agreed to, behind an access or a refresh token."""

    person_id: str
    client_id: str
    scope: str
    authorised_at_ms: int
    expires_at_ms: int


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the token endpoint."""

    access_token: str
    token_type: str
    expires_in: int
    """Seconds."""
    refresh_token: str
    scope: str


class Grants:
    """Gives out codes and tokens and knows which are good."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}

    def new_code(self, person_id: str, asked: Asked) -> str:
        """A code for somebody who agreed."""
        code = self._random("AQ", 160)
        now_ms = self._clock.now_ms()
        self._codes[code] = Code(person_id=person_id, asked=asked, issued_at_ms=now_ms)
        return code

    def exchange(self, code: str, client_id: str, redirect_uri: str, verifier: str) -> Issued:
        """Tokens for a code. Raises GrantRefusal."""
        known = self._codes.pop(code, None)
        now_ms = self._clock.now_ms()
        if known is None or known.asked.client_id != client_id:
            raise GrantRefusal("invalid_grant", "Invalid authorization code")
        if now_ms - known.issued_at_ms > CODE_LIFE_MS:
            raise GrantRefusal("invalid_grant", "Authorization code expired")
        if known.asked.redirect_uri != redirect_uri:
            raise GrantRefusal("invalid_grant", "Invalid redirect URI")
        if not _answers(verifier, known.asked.challenge):
            raise GrantRefusal("invalid_grant", "code_verifier was incorrect")
        return self._issue(known.person_id, client_id, known.asked.scope, now_ms)

    def refresh(self, refresh_token: str, client_id: str) -> Issued:
        """New tokens; the refresh token is used up. Raises GrantRefusal."""
        grant = self._refresh.get(refresh_token)
        if grant is None or grant.client_id != client_id:
            raise GrantRefusal("invalid_grant", "Invalid refresh token")
        del self._refresh[refresh_token]
        if grant.expires_at_ms <= self._clock.now_ms():
            raise GrantRefusal("invalid_grant", "Refresh token expired")
        return self._issue(grant.person_id, client_id, grant.scope, grant.authorised_at_ms)

    def of_token(self, access_token: str) -> Grant:
        """What an access token allows. Raises ApiRefusal."""
        grant = self._access.get(access_token)
        if grant is None:
            raise ApiRefusal(401, "Invalid access token")
        if grant.expires_at_ms <= self._clock.now_ms():
            raise ApiRefusal(401, "The access token expired")
        return grant

    def expire_access(self) -> None:
        """End all access tokens at once; refresh tokens stay good."""
        now_ms = self._clock.now_ms()
        for token, grant in self._access.items():
            self._access[token] = msgspec.structs.replace(grant, expires_at_ms=now_ms)

    def revoke(self, person_id: str) -> None:
        """Forget all tokens of a person, as when they remove the app from their account."""
        for tokens in (self._access, self._refresh):
            for token in [token for token, grant in tokens.items() if grant.person_id == person_id]:
                del tokens[token]

    def _issue(self, person_id: str, client_id: str, scope: str, authorised_at_ms: int) -> Issued:
        self._forget_expired()
        access_token, refresh_token = self._random("BQ", 180), self._random("AQ", 130)
        grant = Grant(
            person_id=person_id,
            client_id=client_id,
            scope=scope,
            authorised_at_ms=authorised_at_ms,
            expires_at_ms=self._clock.now_ms() + ACCESS_LIFE_S * 1000,
        )
        self._access[access_token] = grant
        until_ms = authorised_at_ms + REFRESH_LIFE_MS
        self._refresh[refresh_token] = msgspec.structs.replace(grant, expires_at_ms=until_ms)
        return Issued(
            access_token=access_token,
            token_type="Bearer",
            expires_in=ACCESS_LIFE_S,
            refresh_token=refresh_token,
            scope=scope,
        )

    def _forget_expired(self) -> None:
        """Keep what can still be told apart: a day of ended tokens, and the codes that are still good."""
        now_ms = self._clock.now_ms()
        for tokens in (self._access, self._refresh):
            for token in [t for t, grant in tokens.items() if grant.expires_at_ms < now_ms - 86_400_000]:
                del tokens[token]
        for code in [c for c, known in self._codes.items() if now_ms - known.issued_at_ms > CODE_LIFE_MS]:
            del self._codes[code]

    def _random(self, prefix: str, characters: int) -> str:
        return prefix + "".join(self._rng.choice(_ALPHABET) for _ in range(characters))


def _answers(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(expected, challenge.encode("ascii", "replace"))
