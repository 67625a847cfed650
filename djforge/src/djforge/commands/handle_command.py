"""A command in words: understand it, ask back where unsure, do it, remember it, log it."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from djforge.commands.confirm import Confirm
from djforge.commands.conversation import record, told
from djforge.commands.lanes import Lanes
from djforge.commands.listener import ActiveListener
from djforge.commands.reply import Reply
from djforge.commands.yes_or_no import yes_or_no
from djforge.interpreter import Answerer, Interpretation, Interpreter
from djforge.listener.conversation import Conversations, Turn
from djforge.listener.pending import PendingActions
from llmlog import Interaction
from llmlog.clock import Clock

CommandSource = Literal["chat", "api"]
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


class HandleCommand:
    """Carries out one command of one person; one at a time for each person."""

    def __init__(
        self, log: InteractionLog, interpreter: Interpreter, answerer: Answerer, memory: Memory, clock: Clock
    ) -> None:
        self._log = log
        self._interpreter = interpreter
        self._answerer = answerer
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
        with self._log.interaction(
            command=command,
            user_id=listener.person.id,
            session_id=listener.session_log_id,
            source=source,
        ) as turn:
            interpretation = await self._interpreter.interpret(command, told(history), None)
            _note(turn, interpretation)
            reply = _base(command, interpretation, turn, self._clock.now_ms())
            reply = await self._answered(listener, turn, interpretation, reply, history)
            turn.result(success=reply.success, message=reply.message)
        await record(self._memory.conversations, listener.pseudonym, reply)
        return reply

    async def _answered(
        self,
        listener: ActiveListener,
        turn: Interaction,
        interpretation: Interpretation,
        reply: Reply,
        history: list[Turn],
    ) -> Reply:
        """The reply with what was done or said."""
        intent = interpretation.intent
        if interpretation.problem is not None and intent.intent == "unknown":
            problem = interpretation.problem
            turn.fail(stage=problem.stage, type=problem.type, message=problem.message)
            return _with(reply, False, _sentence(problem.stage), problem=problem.type)
        if intent.needs_confirmation:
            return await self._ask_back(listener, reply, intent)
        if intent.intent == "chat":
            return await self._talk(turn, reply, intent, history)
        return await self._act(listener, turn, reply, intent)
