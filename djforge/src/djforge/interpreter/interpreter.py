"""A command in everyday words → `Interpretation`: prompt, model, extraction, repair; never an exception of
its own.

Invariant: whatever a model answers, an `Interpretation` comes back; only a cancelled call passes through.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from djforge.interpreter.answer import Answerer
from djforge.interpreter.extraction import object_in
from djforge.interpreter.intents import Intent
from djforge.interpreter.interpretation import (
    Incomplete,
    Interpretation,
    Problem,
    ProblemStage,
    Step,
    Unreadable,
)
from djforge.interpreter.keywords import proposal
from djforge.interpreter.prompt import PROMPT_VERSION, NowPlaying, Turn, command_messages, prompt_text
from djforge.interpreter.repair import intent_of
from djforge.llm.completion import Completion, CompletionRequest
from djforge.llm.errors import NoModelAnswered
from djforge.llm.orchestrator import LLMOrchestrator
from llmlog.clock import Clock

TEMPERATURE = 0.7
NO_ANSWER = "I could not find an answer just now. Please ask again in a moment."


class Interpreter:
    """Understands commands. Reads its prompts when built."""

    def __init__(self, orchestrator: LLMOrchestrator, clock: Clock) -> None:
        self._orchestrator = orchestrator
        self._clock = clock
        self._answerer = Answerer(orchestrator)
        self._prompt = prompt_text(PROMPT_VERSION)

    async def interpret(
        self,
        command: str,
        history: Sequence[Turn],
        model: str | None = None,
        playing: NowPlaying | None = None,
    ) -> Interpretation:
        """What a command means.

        history: the conversation, oldest first. model: the one to ask; None = the default. playing: what
        plays now. Where no model answered, or its answer cannot be used, `problem` says why.
        """
        start_s = self._clock.monotonic_s()
        request = CompletionRequest(
            messages=command_messages(self._prompt, command, history, playing),
            model=model,
            temperature=TEMPERATURE,
            json_mode=True,
            prompt_version=PROMPT_VERSION,
        )
        try:
            completion = await self._orchestrator.complete(request)
        except NoModelAnswered as error:
            return self._unanswered(command, model, error, start_s)
        understood = self._understood(completion, start_s)
        if understood.intent.intent == "chat" and understood.intent.message is None:
            understood = await self._answered(understood, command, history, playing)
        return msgspec.structs.replace(understood, latency_ms=self._since_ms(start_s))

    def _understood(self, completion: Completion, start_s: float) -> Interpretation:
        steps: list[Step] = []
        problem: Problem | None = None
        try:
            answer, extracted = object_in(completion.content)
            steps += extracted
            intent, repaired = intent_of(answer)
            steps += repaired
        except Unreadable as error:
            intent, problem = _not_understood("parse", error)
        except Incomplete as error:
            intent, problem = _not_understood("schema", error)
        return Interpretation(
            intent=intent,
            requested_model=completion.requested_model,
            model=completion.model,
            model_source=completion.model_source,
            provider=completion.provider,
            flow=completion.flow,
            latency_ms=self._since_ms(start_s),
            fallback_used=completion.fallback_used,
            problem=problem,
            prompt_version=PROMPT_VERSION,
            steps=steps,
            log_id=completion.log_id,
            raw_content=completion.content,
        )

    async def _answered(
        self,
        understood: Interpretation,
        command: str,
        history: Sequence[Turn],
        playing: NowPlaying | None,
    ) -> Interpretation:
        """The same with the text of a second call as its message."""
        problem = understood.problem
        start_s = self._clock.monotonic_s()
        detail: dict[str, str | None]
        try:
            text, completion = await self._answerer.answer(command, history, understood.requested_model, playing)
            detail = {"model": completion.model, "logId": completion.log_id}
        except NoModelAnswered as error:
            text, detail = NO_ANSWER, {"error": str(error), "logId": error.log_id}
            problem = Problem(stage="model", type=error.type, message=str(error))
        step = Step(name="answer", detail=detail, duration_ms=self._since_ms(start_s))
        intent = msgspec.structs.replace(understood.intent, message=text)
        return msgspec.structs.replace(understood, intent=intent, problem=problem, steps=[*understood.steps, step])

    def _unanswered(
        self, command: str, model: str | None, error: NoModelAnswered, start_s: float
    ) -> Interpretation:
        """No model answered: a guess from keywords where there is one."""
        guess = proposal(command)
        return Interpretation(
            intent=guess or Intent(intent="unknown", confidence=0.0, reasoning="No model answered."),
            requested_model=model or self._orchestrator.default_model,
            latency_ms=self._since_ms(start_s),
            fallback_used=False,
            problem=Problem(stage="model", type=error.type, message=str(error)),
            proposed=guess is not None,
            prompt_version=PROMPT_VERSION,
            steps=[Step(name="keywords", detail="a guess" if guess is not None else "no guess")],
            log_id=error.log_id,
        )

    def _since_ms(self, start_s: float) -> float:
        return round((self._clock.monotonic_s() - start_s) * 1000, 3)


def _not_understood(stage: ProblemStage, error: Unreadable | Incomplete) -> tuple[Intent, Problem]:
    """An answer that cannot be used: the reason is kept."""
    told = str(error)
    return (
        Intent(intent="unknown", confidence=0.0, reasoning=f"The model's answer could not be used: {told}."),
        Problem(stage=stage, type=type(error).__name__, message=told),
    )
