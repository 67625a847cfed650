"""Replies to turns of the conversation, and turns to what the interpreter is told."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from djforge import interpreter
from djforge.commands.reply import Reply
from djforge.listener.conversation import Choice, Conversations, Turn


async def record(conversations: Conversations, pseudonym: str, reply: Reply) -> None:
    """Remember a reply as the newest turn."""
    await conversations.remember(pseudonym, turn_of(reply))


def turn_of(reply: Reply) -> Turn:
    """A reply as it is remembered and shown."""
    intent, outcome = reply.intent, reply.outcome
    shown = [*outcome.tracks, *outcome.queued] if outcome is not None else []
    return Turn(
        command=reply.command,
        reply=reply.message,
        success=reply.success,
        at_ms=reply.at_ms,
        intent=msgspec.to_builtins(intent) if intent is not None else {},
        model=reply.model,
        requested_model=reply.requested_model,
        latency_ms=reply.latency_ms,
        log_id=reply.log_id,
        choices=[
            Choice(label=option.label, value=option.value, description=option.description)
            for option in (intent.options if intent is not None else [])
        ],
        tracks=[{"name": track.name, "artists": track.artist_names, "uri": track.uri} for track in shown],
        awaits_confirmation=reply.awaits_confirmation,
    )


def told(history: Sequence[Turn]) -> list[interpreter.Turn]:
    """The conversation as the model is told it, oldest first."""
    return [interpreter.Turn(command=turn.command, reply=turn.reply, intent=turn.intent) for turn in history]
