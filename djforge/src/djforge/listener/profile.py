"""Spotify's profile of a person, kept for an hour under the person's pseudonym, sealed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from djforge.listener import keys
from djforge.listener.sealing import Seal
from djforge.listener.store import ListenerStore

Profile = TypeVar("Profile")


class Profiles(Generic[Profile]):
    """Reads profiles, asking Spotify at most once an hour for each person."""

    def __init__(self, store: ListenerStore, seal: Seal, kind: type[Profile]) -> None:
        self._store = store
        self._seal = seal
        self._kind = kind

    async def get_user_profile(self, pseudonym: str, ask: Callable[[], Awaitable[Profile]]) -> Profile:
        """The profile; `ask` fetches it when none is kept. Raises what `ask` raises."""
        kept = await self._kept(pseudonym)
        if kept is not None:
            return kept
        profile = await ask()
        await self.keep(pseudonym, profile)
        return profile

    async def keep(self, pseudonym: str, profile: Profile) -> None:
        """Keep a profile that was just fetched."""
        key = keys.profile(pseudonym)
        await self._store.set(key, self._seal.close(msgspec.json.encode(profile), key), keys.PROFILE_S)

    async def _kept(self, pseudonym: str) -> Profile | None:
        key = keys.profile(pseudonym)
        sealed = await self._store.get(key)
        value = None if sealed is None else self._seal.open(sealed, key)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=self._kind)
        except msgspec.DecodeError:
            return None
