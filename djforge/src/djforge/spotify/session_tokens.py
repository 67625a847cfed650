"""The tokens of one session while it is in use: fresh when asked for, refreshed once however many ask.

Identified by the session they belong to; there must be one object per session in a process. Invariants: one
refresh at a time (a refresh token works once), and new tokens are saved even when everyone who waited for them
has gone away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from djforge.spotify.accounts import Tokens
from djforge.spotify.errors import NeedsReauth, RateLimited, Upstream
from llmlog.clock import Clock

REFRESH_AHEAD_MS: Final = 60_000
"""So that a token does not run out between asking for it and using it."""


class TokenSource(Protocol):
    """Where a client gets its access token."""

    async def access_token(self) -> str:
        """A token that should work. Raises SpotifyError."""
        ...

    async def refreshed(self, rejected: str) -> str:
        """Another token than the one Spotify rejected. Raises SpotifyError."""
        ...


class Refresher(Protocol):
    """Gives new tokens for old: `SpotifyAccounts`."""

    async def refresh(self, tokens: Tokens) -> Tokens:
        """New tokens. Raises SpotifyError."""
        ...


class SessionTokens:
    """A `TokenSource` over one session's tokens.

    save: keeps new tokens, before anyone uses them. load: reads the tokens kept, where other processes may
    have refreshed them; None = this process is the only one.
    """

    def __init__(
        self,
        tokens: Tokens,
        accounts: Refresher,
        save: Callable[[Tokens], Awaitable[None]],
        clock: Clock,
        load: Callable[[], Awaitable[Tokens | None]] | None = None,
    ) -> None:
        self._tokens = tokens
        self._accounts = accounts
        self._save = save
        self._load = load
        self._clock = clock
        self._rotation: asyncio.Task[None] | None = None

    @property
    def tokens(self) -> Tokens:
        """The newest tokens."""
        return self._tokens

    async def access_token(self) -> str:
        """The access token, refreshed a minute before it ends.

        Raises NeedsReauth; and RateLimited or Upstream when it has ended and cannot be refreshed just now.
        """
        tokens = self._tokens
        left_ms = tokens.expires_at_ms - self._clock.now_ms()
        if left_ms > REFRESH_AHEAD_MS:
            return tokens.access_token
        try:
            return await self.refreshed(tokens.access_token)
        except (RateLimited, Upstream):
            if left_ms > 0:  # it still works; an outage of the accounts service need not stop the music
                return tokens.access_token
            raise

    async def refreshed(self, rejected: str) -> str:
        """A token newer than `rejected`. Raises NeedsReauth, Forbidden, RateLimited, Upstream."""
        if self._tokens.access_token == rejected:
            if self._rotation is None or self._rotation.done():
                self._rotation = asyncio.create_task(self._rotate())
                self._rotation.add_done_callback(_look_at)
            # A task of its own: whoever is cancelled while waiting leaves the rotation running.
            await asyncio.shield(self._rotation)
        return self._tokens.access_token

    async def _rotate(self) -> None:
        old = self._tokens
        try:
            new = await self._accounts.refresh(old)
        except NeedsReauth:
            new = await self._refreshed_elsewhere(old)
        try:
            await self._save(new)
        finally:
            self._tokens = new  # also when it could not be kept: the old ones are dead

    async def _refreshed_elsewhere(self, old: Tokens) -> Tokens:
        """What another process made of the same refresh token. Raises NeedsReauth when it is just dead."""
        kept = None if self._load is None else await self._load()
        if kept is None or kept.refresh_token == old.refresh_token:
            raise NeedsReauth("invalid_grant")
        return kept


def _look_at(rotation: asyncio.Task[None]) -> None:
    """Take note of a failure nobody waited for, so that asyncio does not complain about it."""
    if not rotation.cancelled():
        rotation.exception()
