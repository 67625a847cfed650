"""PKCE and tokens."""

from __future__ import annotations

import random
import re

import httpx2
from hypothesis import given
from hypothesis import strategies as st

from djforge.spotify.accounts import SCOPES, SpotifyAccounts, Tokens, challenge_of, new_verifier
from llmlog.clock import ManualClock

TOKENS = Tokens(
    access_token="secret-access",
    refresh_token="secret-refresh",
    expires_at_ms=10,
    scope="a",
    authorised_at_ms=5,
)


def test_challenge_is_the_one_of_the_standard() -> None:
    """The S256 challenge of RFC 7636's example comes out as printed there."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(st.integers())
def test_verifiers_are_allowed_by_the_standard(seed: int) -> None:
    """A verifier has 43 to 128 of the allowed characters, whatever the randomness."""
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", new_verifier(random.Random(seed).randbytes))


def test_tokens_do_not_show_themselves() -> None:
    """Neither repr nor a debugger's rich repr contains a token."""
    assert "secret" not in f"{TOKENS!r} {TOKENS} {TOKENS.__rich_repr__()}"


def test_authorize_url_asks_for_what_is_needed_only() -> None:
    """The address carries PKCE, state and the minimal scopes."""
    http = httpx2.AsyncClient()
    accounts = SpotifyAccounts(http, "https://accounts.example/", "id1", "http://127.0.0.1:1/back", ManualClock())
    query = httpx2.URL(accounts.authorize_url("s t", "c" * 43)).params
    assert dict(query) == {
        "client_id": "id1",
        "response_type": "code",
        "redirect_uri": "http://127.0.0.1:1/back",
        "state": "s t",
        "scope": " ".join(SCOPES),
        "code_challenge_method": "S256",
        "code_challenge": "c" * 43,
    }
