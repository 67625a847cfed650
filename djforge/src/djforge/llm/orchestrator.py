"""The one place where language models are asked: routing, ladder, time limits, and the log of each call.

Invariant: one `complete()` leaves exactly one `LlmCall` in the log, whatever happens: an answer, an answer
of a lower rung, no answer at all, a cancelled call, a defect of ours.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

from djforge.llm.call import Call
from djforge.llm.completion import Adapter, Answer, CallLog, Completion, CompletionRequest
from djforge.llm.errors import AttemptFailed, AttemptTimedOut, NoModelAnswered
from djforge.llm.ladder import Ladder
from djforge.llm.routing import Routes, adapters_of, default_model_of
from djforge.llm.rules import LocalRules
from djforge.settings import LlmSettings
from llmlog.clock import Clock


class LLMOrchestrator:
    """Answers requests from the first model of the ladder that can. Closed with `aclose` or `async with`."""

    def __init__(
        self, routes: Routes, ladder: Ladder, log: CallLog, clock: Clock, *, attempt_timeout_s: float = 20.0
    ) -> None:
        self._routes = routes
        self._ladder = ladder
        self._log = log
        self._clock = clock
        self._attempt_timeout_s = attempt_timeout_s

    @classmethod
    def open(cls, settings: LlmSettings, log: CallLog, clock: Clock) -> LLMOrchestrator:
        """Build adapters and ladder from the settings. Nothing is connected yet."""
        adapters = adapters_of(settings, clock)
        ladder = Ladder(
            default_model=default_model_of(settings),
            fallback_models=settings.fallback_models,
            local=all(isinstance(adapter, LocalRules) for adapter in adapters),
        )
        return cls(Routes(adapters), ladder, log, clock, attempt_timeout_s=settings.attempt_timeout_s)

    @property
    def default_model(self) -> str:
        """The model that is asked where a request names none."""
        return self._ladder.rungs(None)[0]

    async def complete(self, request: CompletionRequest) -> Completion:
        """Ask until a model answers, and log the call once. Raises NoModelAnswered."""
        rungs = self._ladder.rungs(request.model)
        call = Call(request, (request.model or "").strip() or rungs[0], self._clock)
        try:
            for model in rungs:
                answer = await self._attempt(call, request, model)
                if answer is not None:
                    return call.completed(answer, self._log)
            raise NoModelAnswered(call.attempts)
        except BaseException as error:
            log_id = call.failed(error, self._log)
            if isinstance(error, NoModelAnswered):
                error.log_id = log_id
            raise

    async def _attempt(self, call: Call, request: CompletionRequest, model: str) -> Answer | None:
        """One rung; None when it failed."""
        adapter: Adapter = self._routes.adapter_for(model)
        body = call.begin(adapter, model)
        try:
            answer = await self._in_time(adapter, body, model)
        except AttemptFailed as failure:
            call.attempt_failed(failure)
            return None
        call.attempt_answered(answer)
        return answer

    async def _in_time(self, adapter: Adapter, body: dict[str, object], model: str) -> Answer:
        try:
            async with asyncio.timeout(self._attempt_timeout_s):
                return await adapter.ask(body, model)
        except TimeoutError as error:
            raise AttemptTimedOut(f"no answer within {self._attempt_timeout_s:g} s") from error

    async def aclose(self) -> None:
        """Close the connections to all providers."""
        await self._routes.aclose()

    async def __aenter__(self) -> LLMOrchestrator:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
