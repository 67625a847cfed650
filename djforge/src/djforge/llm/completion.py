"""What goes into one LLM call and what comes out of it.

Identified by `Completion.log_id`, the entry of its log. Invariant: `Completion.model` is a real name, never
empty and never "unknown"; `model_source` says who named it.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from llmlog.entry import Attempt, Cost, LlmCall, Usage

AnswerSource = Literal["response", "router", "assumed"]


class CompletionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A question to a language model. `model` None = the default model."""

    messages: list[dict[str, str]]
    """Each `{"role": "system" | "user" | "assistant", "content": text}`."""
    model: str | None = None
    temperature: float = 0.7
    max_tokens: int | None = None
    json_mode: bool = False
    prompt_version: str | None = None
    """Name of the prompt that made the messages, for the log."""
    params: dict[str, Any] = {}
    """Further fields of the request body, e.g. `{"reasoning_effort": "low"}`."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one rung of the ladder came back with."""

    content: str
    model: str
    model_source: AnswerSource
    provider: str
    """Who served it; a router's own name where it does not say."""
    usage: Usage | None = None
    raw_usage: Any = None
    """Usage exactly as the provider sent it."""
    cost: Cost | None = None
    finish_reason: str | None = None
    request_id: str | None = None
    reasoning: str | None = None
    tool_calls: list[Any] | None = None
    http_status: int | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """A finished call: the answer, who gave it, and the way there."""

    content: str
    model: str
    """The model that answered."""
    model_source: AnswerSource
    """response: the provider named it; router: a router's metadata did; assumed: nobody did, so it is the
    one that was asked."""
    requested_model: str
    provider: str
    flow: str
    """The route taken: `openrouter`, `openai-direct`, `local`."""
    usage: Usage | None
    cost: Cost | None
    attempts: list[Attempt]
    latency_ms: float
    """From the first attempt's start to the end of the answer."""
    finish_reason: str | None
    reasoning: str | None
    log_id: str | None
    """Id of the log entry; None when it could not be kept."""

    @property
    def fallback_used(self) -> bool:
        """Whether another model had failed before."""
        return len(self.attempts) > 1


class Adapter(Protocol):
    """The door to one provider."""

    @property
    def provider(self) -> str:
        """Its name, e.g. `openai`."""
        ...

    @property
    def flow(self) -> str:
        """The route it stands for, e.g. `openai-direct`."""
        ...

    def serves(self, model: str) -> bool:
        """Whether a model of this id is asked here."""
        ...

    def body(self, request: CompletionRequest, model: str) -> dict[str, Any]:
        """The request exactly as `ask` will send it."""
        ...

    async def ask(self, body: dict[str, Any], asked_model: str) -> Answer:
        """Send one request. Raises AttemptFailed."""
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


class CallLog(Protocol):
    """Where calls are logged: `llmlog.LLMLoggingService`, or anything with its `record_call`."""

    def record_call(self, call: LlmCall) -> str | None:
        """Log one call; the id of its entry. Never raises."""
        ...
