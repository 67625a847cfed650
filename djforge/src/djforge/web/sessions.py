"""Who is signed in: sessions on the server, a random id in the browser.

Identified by the SHA-256 of the id; the id itself is nowhere but in the browser's cookie. Invariant: signing
out, or either time limit, ends a session here, whatever cookie is still around. Limits: 12 hours without a
request (a working day with a pause; music plays for hours without anyone typing) and 7 days in all (asked
again once a week).
"""

from __future__ import annotations

import base64

import msgspec

from djforge.listener import keys
from djforge.listener.person import Person
from djforge.listener.sealing import RandomBytes, Seal
from djforge.listener.store import ListenerStore
from djforge.spotify.accounts import Tokens
from llmlog.clock import Clock

ID_BYTES = 32
ID_CHARACTERS = 43


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in of one person."""

    hash: str
    """What the session is stored under; opens nothing."""
    log_id: str
    """Stands for this session in the logs; unrelated to the id."""
    person: Person
    created_at_ms: int


class Sessions:
    """Opens, finds and ends sessions, and keeps each one's Spotify tokens."""

    def __init__(self, store: ListenerStore, seal: Seal, clock: Clock, random_bytes: RandomBytes) -> None:
        self._store = store
        self._seal = seal
        self._clock = clock
        self._random_bytes = random_bytes

    async def open(self, person: Person, tokens: Tokens) -> tuple[str, Session]:
        """A new session; returns the id for the browser, and the session."""
        session_id = random_id(self._random_bytes)
        session = Session(
            hash=keys.hashed(session_id),
            log_id=random_id(self._random_bytes)[:22],
            person=person,
            created_at_ms=self._clock.now_ms(),
        )
        # Tokens first: a session that can be found has its tokens.
        await self.save_tokens(session, tokens)
        await self._set(keys.session(session.hash), msgspec.json.encode(session), self._life_s(session))
        return session_id, session

    async def find(self, session_id: str, *, prolong: bool = True) -> Session | None:
        """The session of an id, or None. `prolong=False`: asking does not count as using it."""
        if len(session_id) != ID_CHARACTERS:
            return None
        value = await self._get(keys.session(keys.hashed(session_id)))
        if value is None:
            return None
        session = msgspec.json.decode(value, type=Session)
        life_s = self._life_s(session)
        if life_s <= 0:
            await self.end(session)
            return None
        if prolong:
            await self._store.prolong(keys.session(session.hash), life_s)
            await self._store.prolong(keys.tokens(session.hash), life_s)
        return session

    async def end(self, session: Session) -> None:
        """Sign out: the session, its tokens and what it was asked are gone."""
        await self._store.delete(keys.session(session.hash), keys.tokens(session.hash), keys.pending(session.hash))

    async def end_all_of(self, person_id: str) -> int:
        """Sign a person out everywhere; gives how many sessions there were. Looks at every session."""
        ended = 0
        for key in await self._store.names(keys.session("")):
            value = await self._get(key)
            session = msgspec.json.decode(value, type=Session) if value is not None else None
            if session is not None and session.person.id == person_id:
                await self.end(session)
                ended += 1
        return ended

    async def tokens(self, session: Session) -> Tokens | None:
        """The session's Spotify tokens."""
        value = await self._get(keys.tokens(session.hash))
        return None if value is None else msgspec.json.decode(value, type=Tokens)

    async def save_tokens(self, session: Session, tokens: Tokens) -> None:
        """Replace the session's tokens in one step (each refresh token of Spotify works only once)."""
        life_s = self._life_s(session)
        if life_s > 0:
            await self._set(keys.tokens(session.hash), msgspec.json.encode(tokens), life_s)

    def _life_s(self, session: Session) -> int:
        """Seconds from now until the session ends if nobody uses it."""
        age_s = (self._clock.now_ms() - session.created_at_ms) // 1000
        return min(keys.IDLE_S, keys.ABSOLUTE_S - age_s)

    async def _set(self, key: str, value: bytes, ttl_s: int) -> None:
        await self._store.set(key, self._seal.close(value, key), ttl_s)

    async def _get(self, key: str) -> bytes | None:
        sealed = await self._store.get(key)
        return None if sealed is None else self._seal.open(sealed, key)


def random_id(random_bytes: RandomBytes) -> str:
    """256 random bits as text that fits a cookie and a URL."""
    return base64.urlsafe_b64encode(random_bytes(ID_BYTES)).rstrip(b"=").decode()
