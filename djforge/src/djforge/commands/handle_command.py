"""A command in words: understand it, ask back where unsure, do it, remember it, log it."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from djforge.commands.confirm import Confirm
from djforge.commands.conversation import record, told
from djforge.commands.lanes import Lanes
from djforge.commands.listener import ActiveListener
from djforge.commands.models import Models
from djforge.commands.now_playing import now_playing
from djforge.commands.reply import Reply
from djforge.commands.yes_or_no import yes_or_no
from djforge.interpreter import Interpretation, Interpreter
from djforge.interpreter.intents import Intent
from djforge.listener.conversation import Conversations
from djforge.listener.pending import Pending, PendingActions
from djforge.spotify.errors import NeedsReauth
from llmlog import Interaction, Step
from llmlog.clock import Clock

CommandSource = Literal["chat", "api"]
NOT_UNDERSTOOD = "I did not understand that. Nothing was changed."
NOTHING_CHANGED = "No model answered. Nothing was changed."
SIGN_IN_ENDED = "Spotify wants you to sign in again. Nothing was changed."


class InteractionLog(Protocol):
    """Where interactions are logged: `llmlog.LLMLoggingService`."""

    def interaction(self, *, command: str, user_id: str, session_id: str, source: CommandSource) -> Interaction:
        """A context manager around one command."""
        ...


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered between commands."""

    conversations: Conversations
    pending: PendingActions
    models: Models


class HandleCommand:
    """Carries out one command of one person; one at a time for each person."""

    def __init__(
        self,
        log: InteractionLog,
        interpreter: Interpreter,
        memory: Memory,
        clock: Clock,
        *,
        tell_what_plays: bool = False,
    ) -> None:
        """tell_what_plays: whether the model is told what Spotify plays (docs/decisions/0005 says why not)."""
        self._tell_what_plays = tell_what_plays
        self._log = log
        self._interpreter = interpreter
        self._memory = memory
        self._clock = clock
        self._lanes = Lanes()
        self._confirm = Confirm(memory.conversations, memory.pending, clock)

    async def __call__(self, listener: ActiveListener, command: str, source: CommandSource) -> Reply:
        """Handle a command. Raises NeedsReauth when Spotify no longer knows the person."""
        async with self._lanes.of(listener.person.id):
            agreed = yes_or_no(command)
            if agreed is not None:
                reply = await self._confirm(listener, agreed=agreed, said=command)
                if reply is not None:
                    return reply
            return await self._interpret(listener, command, source)

    async def confirm(self, listener: ActiveListener, *, agreed: bool) -> Reply | None:
        """Do or leave what was asked about; None when nothing was. Raises NeedsReauth."""
        async with self._lanes.of(listener.person.id):
            return await self._confirm(listener, agreed=agreed, said="Yes" if agreed else "No")

    async def _interpret(self, listener: ActiveListener, command: str, source: CommandSource) -> Reply:
        await self._memory.pending.take(listener.session_hash)  # another command is no answer to a question
        history = await self._memory.conversations.recall(listener.pseudonym)
        model = await self._memory.models.chosen(listener.pseudonym)
        with self._log.interaction(
            command=command,
            user_id=listener.person.id,
            session_id=listener.session_log_id,
            source=source,
        ) as turn:
            playing = await now_playing(listener.spotify) if self._tell_what_plays else None
            interpretation = await self._interpreter.interpret(command, told(history), model, playing)
            _note(turn, interpretation)
            reply = self._base(command, interpretation)
            reply = await self._answered(listener, turn, interpretation, reply)
            turn.result(success=reply.success, message=reply.message)
        await record(self._memory.conversations, listener.pseudonym, reply)
        return reply

    async def _answered(
        self, listener: ActiveListener, turn: Interaction, interpretation: Interpretation, reply: Reply
    ) -> Reply:
        """The reply with what was done or said."""
        intent, problem = interpretation.intent, interpretation.problem
        if problem is not None:
            turn.fail(stage=problem.stage, type=problem.type, message=problem.message)
        if interpretation.needs_confirmation:
            return await self._ask_back(listener, reply, intent)
        if intent.intent == "unknown":
            sentence = NOTHING_CHANGED if problem is not None and problem.stage == "model" else NOT_UNDERSTOOD
            kind = problem.type if problem is not None else "unknown"
            return msgspec.structs.replace(reply, success=False, message=sentence, problem=kind)
        if intent.intent in ("chat", "clarification_mode"):
            message = intent.message or NOT_UNDERSTOOD
            return msgspec.structs.replace(reply, success=problem is None, message=message)
        return await self._act(listener, turn, reply, intent)

    async def _ask_back(self, listener: ActiveListener, reply: Reply, intent: Intent) -> Reply:
        pending = Pending(command=reply.command, intent=intent, model=reply.model, log_id=reply.log_id)
        await self._memory.pending.ask(listener.session_hash, pending)
        wish = " by ".join(part for part in (intent.track, intent.artist) if part) or intent.query or intent.theme
        what = intent.intent.replace("_", " ") + (f": {wish}" if wish else "")
        message = f"Do you want me to {what}? I am {intent.confidence:.0%} sure."
        return msgspec.structs.replace(reply, success=True, message=message, awaits_confirmation=True)

    async def _act(self, listener: ActiveListener, turn: Interaction, reply: Reply, intent: Intent) -> Reply:
        try:
            outcome = await listener.player.perform(intent, turn.step)
        except NeedsReauth:
            turn.fail(stage="action", type="needs_reauth", message=SIGN_IN_ENDED)
            turn.result(success=False, message=SIGN_IN_ENDED)
            raise
        if not outcome.success:
            turn.fail(stage="action", type=outcome.error_type or "refused", message=outcome.message)
        return msgspec.structs.replace(reply, success=outcome.success, message=outcome.message, outcome=outcome)

    def _base(self, command: str, interpretation: Interpretation) -> Reply:
        return Reply(
            command=command,
            success=True,
            message="",
            at_ms=self._clock.now_ms(),
            intent=interpretation.intent,
            model=interpretation.model,
            model_source=interpretation.model_source,
            requested_model=interpretation.requested_model,
            provider=interpretation.provider,
            flow=interpretation.flow,
            latency_ms=interpretation.latency_ms,
            log_id=interpretation.log_id,
        )


def _note(turn: Interaction, interpretation: Interpretation) -> None:
    """Tell the log what was understood, and how."""
    turn.interpretation = msgspec.to_builtins(interpretation.intent)
    for step in interpretation.steps:
        turn.add_step(Step(name=step.name, duration_ms=step.duration_ms, detail=step.detail))
