"""The story of one call while it happens: what was sent, each attempt, and the log entry at the end."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from djforge.llm.completion import Adapter, Answer, CallLog, Completion, CompletionRequest
from djforge.llm.errors import AttemptFailed, NoModelAnswered
from llmlog.clock import Clock
from llmlog.entry import Attempt, ErrorInfo, LlmCall, LlmRequest, LlmResponse

_NAMED_FIELDS = frozenset(
    {"model", "messages", "temperature", "max_tokens", "max_completion_tokens", "response_format"}
)


class Call:
    """One `complete()` in progress. Used from one task."""

    def __init__(self, request: CompletionRequest, requested_model: str, clock: Clock) -> None:
        self._request = request
        self._requested_model = requested_model
        self._clock = clock
        self._started_ms = clock.now_ms()
        self._started_s = clock.monotonic_s()
        self._attempt_ms = self._started_ms
        self._attempt_s = self._started_s
        self._adapter: Adapter | None = None
        self._model = requested_model
        self._body: dict[str, Any] = {"messages": request.messages}
        self._under_way = False
        self._recorded = False
        self.attempts: list[Attempt] = []

    def begin(self, adapter: Adapter, model: str) -> dict[str, Any]:
        """Start an attempt; the body to send."""
        self._adapter = adapter
        self._model = model
        self._attempt_ms = self._clock.now_ms()
        self._attempt_s = self._clock.monotonic_s()
        self._under_way = True
        self._body = adapter.body(self._request, model)
        return self._body

    def attempt_answered(self, answer: Answer) -> None:
        """Note that the attempt brought an answer."""
        self._note("ok", provider=answer.provider, http_status=answer.http_status)

    def attempt_failed(self, failure: AttemptFailed) -> None:
        """Note why the attempt failed."""
        self._note("failed", failure.kind, failure.message, http_status=failure.http_status)

    def completed(self, answer: Answer, log: CallLog) -> Completion:
        """Log the answered call and give its completion."""
        latency_ms = self._since_ms(self._started_s)
        response = LlmResponse(
            content=answer.content,
            usage=answer.usage,
            latency=latency_ms,
            raw_usage=answer.raw_usage,
            finish_reason=answer.finish_reason,
            provider_request_id=answer.request_id,
            cost=answer.cost,
            reasoning=answer.reasoning,
            tool_calls=answer.tool_calls,
            streamed=False,
        )
        sent = msgspec.structs.replace(
            self._sent(), model=answer.model, model_source=answer.model_source, provider=answer.provider
        )
        log_id = self._record(log, LlmCall(request=sent, started_at=self._started_ms, response=response))
        return Completion(
            content=answer.content,
            model=answer.model,
            model_source=answer.model_source,
            requested_model=self._requested_model,
            provider=answer.provider,
            flow=sent.flow or "",
            usage=answer.usage,
            cost=answer.cost,
            attempts=list(self.attempts),
            latency_ms=latency_ms,
            finish_reason=answer.finish_reason,
            reasoning=answer.reasoning,
            log_id=log_id,
        )

    def failed(self, error: BaseException, log: CallLog) -> str | None:
        """Log the call that ended without an answer; the id of its entry."""
        if self._recorded:
            return None
        cancelled = isinstance(error, asyncio.CancelledError)
        if isinstance(error, NoModelAnswered):
            kind, told = error.type, str(error)
        elif cancelled:
            kind, told = "cancelled", "the call was cancelled before an answer came"
        else:
            kind, told = type(error).__name__, "the call ended by an error of the program"
        if self._under_way:
            self._note("cancelled" if cancelled else "failed", kind, told)
        return self._record(
            log,
            LlmCall(
                request=self._sent(),
                started_at=self._started_ms,
                response=LlmResponse(latency=self._since_ms(self._started_s)),
                stage="model",
                error=ErrorInfo(type=kind, message=told),
            ),
        )

    def _record(self, log: CallLog, call: LlmCall) -> str | None:
        self._recorded = True
        return log.record_call(msgspec.structs.replace(call, attempts=list(self.attempts)))

    def _sent(self) -> LlmRequest:
        """The request as last sent, by the model that was asked for."""
        body = self._body
        further = {name: value for name, value in body.items() if name not in _NAMED_FIELDS}
        return LlmRequest(
            model=self._requested_model,
            messages=body["messages"],
            temperature=body.get("temperature"),
            requested_model=self._requested_model,
            model_source="requested",
            provider=None if self._adapter is None else self._adapter.provider,
            flow=None if self._adapter is None else self._adapter.flow,
            max_tokens=self._request.max_tokens,
            json_mode="response_format" in body,
            prompt_version=self._request.prompt_version,
            params=further or None,
        )

    def _note(
        self,
        outcome: str,
        error_type: str | None = None,
        message: str | None = None,
        *,
        provider: str | None = None,
        http_status: int | None = None,
    ) -> None:
        self._under_way = False
        self.attempts.append(
            Attempt(
                model=self._model,
                provider=provider or (None if self._adapter is None else self._adapter.provider),
                started_at=self._attempt_ms,
                latency=self._since_ms(self._attempt_s),
                outcome=outcome,
                error_type=error_type,
                message=message,
                http_status=http_status,
            )
        )

    def _since_ms(self, start_s: float) -> float:
        return round((self._clock.monotonic_s() - start_s) * 1000, 3)
