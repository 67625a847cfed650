"""Which model a person wants to be understood by, kept under the person's pseudonym, sealed."""

from __future__ import annotations

from djforge.listener import keys
from djforge.listener.sealing import Seal
from djforge.listener.store import ListenerStore


class Preferences:
    """Keeps one model for each person, for 90 days from when it was last asked for."""

    def __init__(self, store: ListenerStore, seal: Seal) -> None:
        self._store = store
        self._seal = seal

    async def model(self, pseudonym: str) -> str | None:
        """The model a person chose; None = none."""
        key = keys.model(pseudonym)
        sealed = await self._store.get(key)
        value = None if sealed is None else self._seal.open(sealed, key)
        if value is None:
            return None
        await self._store.prolong(key, keys.MODEL_S)
        return value.decode()

    async def choose_model(self, pseudonym: str, model: str | None) -> None:
        """Remember a choice; None forgets it."""
        key = keys.model(pseudonym)
        if model is None:
            await self._store.delete(key)
        else:
            await self._store.set(key, self._seal.close(model.encode(), key), keys.MODEL_S)
