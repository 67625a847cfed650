"""The action a person was asked about and has not answered yet: at most one for each session."""

from __future__ import annotations

import msgspec

from djforge.interpreter.intents import Intent
from djforge.listener import keys
from djforge.listener.sealing import Seal
from djforge.listener.store import ListenerStore


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """What was understood but not done."""

    command: str
    intent: Intent
    model: str | None = None
    log_id: str | None = None


class PendingActions:
    """Keeps what was asked for 10 minutes and gives it out once."""

    def __init__(self, store: ListenerStore, seal: Seal) -> None:
        self._store = store
        self._seal = seal

    async def ask(self, session_hash: str, pending: Pending) -> None:
        """Remember what was asked; an earlier question is forgotten."""
        key = keys.pending(session_hash)
        await self._store.set(key, self._seal.close(msgspec.json.encode(pending), key), keys.PENDING_S)

    async def take(self, session_hash: str) -> Pending | None:
        """What was asked, once; None when nothing is open."""
        key = keys.pending(session_hash)
        sealed = await self._store.take(key)
        value = None if sealed is None else self._seal.open(sealed, key)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=Pending)
        except msgspec.DecodeError:  # asked by an earlier version
            return None
