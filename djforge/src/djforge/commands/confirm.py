"""A yes or a no to what was asked: the action is carried out, or left."""

from __future__ import annotations

from djforge.commands.conversation import record
from djforge.commands.listener import ActiveListener
from djforge.commands.reply import Reply
from djforge.listener.conversation import Conversations
from djforge.listener.pending import PendingActions
from llmlog.clock import Clock


class Confirm:
    """Answers the open question of a session."""

    def __init__(self, conversations: Conversations, pending: PendingActions, clock: Clock) -> None:
        self._conversations = conversations
        self._pending = pending
        self._clock = clock

    async def __call__(self, listener: ActiveListener, *, agreed: bool, said: str) -> Reply | None:
        """Do or leave what was asked about; None when nothing was. Raises NeedsReauth."""
        pending = await self._pending.take(listener.session_hash)
        if pending is None:
            return None
        outcome = await listener.player.perform(pending.intent) if agreed else None
        reply = Reply(
            command=said,
            success=outcome.success if outcome is not None else True,
            message=outcome.message if outcome is not None else "All right, I left everything as it was.",
            at_ms=self._clock.now_ms(),
            intent=pending.intent,
            outcome=outcome,
            log_id=pending.log_id,
        )
        await record(self._conversations, listener.pseudonym, reply)
        return reply
