"""One file per use case; `Commands` is the door the web comes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from djforge.commands.handle_command import CommandSource, HandleCommand, Memory
from djforge.commands.listener import ActiveListener
from djforge.commands.reply import Reply
from djforge.listener.conversation import Turn
from djforge.player import Outcome
from llmlog import Statistics

__all__ = ["ActiveListener", "Commands", "HandleCommand", "Memory", "Reply"]


class Commands:
    """Every use case of a listener."""

    def __init__(self, handle: HandleCommand, memory: Memory, statistics: Callable[[], Statistics]) -> None:
        self._handle = handle
        self._memory = memory
        self.statistics = statistics
        """Figures of the logs; blocks, and may raise StoreUnavailable."""
        self.models = memory.models

    async def handle(self, listener: ActiveListener, command: str, source: CommandSource) -> Reply:
        """Carry out a command in words. Raises NeedsReauth."""
        return await self._handle(listener, command, source)

    async def confirm(self, listener: ActiveListener, *, agreed: bool) -> Reply | None:
        """Answer the open question; None when there is none. Raises NeedsReauth."""
        return await self._handle.confirm(listener, agreed=agreed)

    async def direct(
        self, listener: ActiveListener, action: Literal["play", "queue"], uri: str, name: str | None
    ) -> Outcome:
        """Play or queue by URI, without a model. Raises NeedsReauth."""
        act = listener.player.play_uri if action == "play" else listener.player.queue_uri
        return await act(uri, name)

    async def history(self, pseudonym: str) -> list[Turn]:
        """The newest turns, oldest first."""
        return await self._memory.conversations.recall(pseudonym)

    async def clear(self, pseudonym: str, session_hash: str) -> None:
        """Forget the conversation and the open question."""
        await self._memory.conversations.forget(pseudonym)
        await self._memory.pending.take(session_hash)
