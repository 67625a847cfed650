"""Spotify: sign-in, the Web API, and every way it can fail. `simulator/` is a local stand-in for all of it."""

from __future__ import annotations

from djforge.spotify.accounts import SpotifyAccounts, Tokens, challenge_of, new_verifier
from djforge.spotify.client import SpotifyClient
from djforge.spotify.errors import SpotifyError
from djforge.spotify.session_tokens import SessionTokens, TokenSource

__all__ = [
    "SessionTokens",
    "SpotifyAccounts",
    "SpotifyClient",
    "SpotifyError",
    "TokenSource",
    "Tokens",
    "challenge_of",
    "new_verifier",
]
