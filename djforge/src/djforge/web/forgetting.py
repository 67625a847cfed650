"""Erasing what DJ Forge itself keeps of a person: sessions and their tokens, conversation, profile, model."""

from __future__ import annotations

from collections.abc import Callable

from djforge.listener import keys
from djforge.listener.conversation import Conversations
from djforge.listener.store import ListenerStore
from djforge.web.sessions import Sessions


class Forgetting:
    """Forgets people by their Spotify id."""

    def __init__(
        self,
        store: ListenerStore,
        sessions: Sessions,
        conversations: Conversations,
        pseudonyms_of: Callable[[str], frozenset[str]],
    ) -> None:
        """pseudonyms_of: every pseudonym a raw id ever had."""
        self._store = store
        self._sessions = sessions
        self._conversations = conversations
        self._pseudonyms_of = pseudonyms_of

    async def forget(self, user_id: str) -> int:
        """Erase a person; gives how many sessions ended. They are signed out everywhere at once."""
        ended = await self._sessions.end_all_of(user_id)
        for pseudonym in self._pseudonyms_of(user_id):
            await self._conversations.forget(pseudonym)
            await self._store.delete(keys.profile(pseudonym), keys.model(pseudonym))
        return ended
