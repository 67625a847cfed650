"""From a session to its person's Spotify: tokens that stay fresh, a client, a player, the profile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

import httpx2

from djforge.commands.listener import ActiveListener
from djforge.listener.profile import Profiles
from djforge.player import Player
from djforge.spotify.accounts import SpotifyAccounts, Tokens
from djforge.spotify.client import SpotifyClient
from djforge.spotify.errors import SpotifyError
from djforge.spotify.models import Profile
from djforge.spotify.session_tokens import SessionTokens
from djforge.web.errors import SignedOut
from djforge.web.sessions import Session, Sessions
from llmlog.clock import Clock


class Connections:
    """One `SessionTokens` per session in use, so that a refresh token is never used twice at once."""

    def __init__(  # noqa: PLR0913 - the parts it joins, each handed in once by main.py
        self,
        sessions: Sessions,
        accounts: SpotifyAccounts,
        profiles: Profiles[Profile],
        http: httpx2.AsyncClient,
        api_url: str,
        clock: Clock,
        pseudonym_of: Callable[[str], str],
    ) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._profiles = profiles
        self._http = http
        self._api_url = api_url
        self._clock = clock
        self._pseudonym_of = pseudonym_of
        self._in_use: WeakValueDictionary[str, SessionTokens] = WeakValueDictionary()

    def pseudonym(self, session: Session) -> str:
        """What stands for the session's person in Redis."""
        return self._pseudonym_of(session.person.id)

    @asynccontextmanager
    async def active(self, session: Session) -> AsyncIterator[ActiveListener]:
        """The listener with a working Spotify client. Raises SignedOut when the session has no tokens."""
        source = await self._source(session)
        client = SpotifyClient(self._http, self._api_url, source)
        yield ActiveListener(
            person=session.person,
            pseudonym=self.pseudonym(session),
            session_hash=session.hash,
            session_log_id=session.log_id,
            spotify=client,
            player=Player(client),
        )

    async def profile_with(self, tokens: Tokens) -> Profile:
        """Who these tokens belong to. Raises SpotifyError."""

        async def save(fresh: Tokens) -> None:
            """Tokens this new do not run out during one request."""

        return await SpotifyClient(
            self._http, self._api_url, SessionTokens(tokens, self._accounts, save, self._clock)
        ).me()

    async def keep_profile(self, session: Session, profile: Profile) -> None:
        """Keep a profile for an hour."""
        await self._profiles.keep(self.pseudonym(session), profile)

    async def profile(self, session: Session) -> Profile | None:
        """The profile, at most an hour old; None when Spotify does not tell."""
        try:
            async with self.active(session) as listener:
                return await self._profiles.get_user_profile(listener.pseudonym, listener.spotify.me)
        except (SpotifyError, SignedOut):
            return None

    def forget(self, session: Session) -> None:
        """The session has ended."""
        self._in_use.pop(session.hash, None)

    async def _source(self, session: Session) -> SessionTokens:
        source = self._in_use.get(session.hash)
        if source is not None:
            return source
        tokens = await self._sessions.tokens(session)
        if tokens is None:
            raise SignedOut("Spotify wants you to sign in again.")

        async def save(fresh: Tokens) -> None:
            await self._sessions.save_tokens(session, fresh)

        async def load() -> Tokens | None:
            return await self._sessions.tokens(session)

        return self._in_use.setdefault(session.hash, SessionTokens(tokens, self._accounts, save, self._clock, load))
