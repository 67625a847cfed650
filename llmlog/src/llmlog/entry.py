"""The record: one `LogEntry` is one LLM call and what came of it.

Identified by `id` (a UUIDv7). Invariant: `id` and `timestamp` never change once a frame of the entry was
written. On every wire it is camelCase JSON; in Python snake_case. Unknown is None (JSON null), never 0 and
never the text "unknown".
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Status = Literal["ok", "fallback", "error"]
Stage = Literal["model", "parse", "schema", "action"]
ModelSource = Literal["response", "router", "assumed", "requested"]
CostSource = Literal["provider", "prices", "override", "unknown"]
Source = Literal["chat", "api", "test", "import"]


class _Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Frozen, named arguments only, camelCase on the wire; unknown keys of a newer version are passed over."""


class Usage(_Record, frozen=True, kw_only=True):
    """Token counts of one call, normalised: `prompt_tokens` includes the cached ones, never twice."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    """Part of `prompt_tokens` that was read from the provider's cache."""
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    """Part of `completion_tokens` spent on reasoning."""


class Cost(_Record, frozen=True, kw_only=True):
    """What the call cost in US dollars, and who says so."""

    usd: float | None = None
    source: CostSource = "unknown"
    price_version: str | None = None


class LlmRequest(_Record, frozen=True, kw_only=True):
    """What was asked, of whom."""

    model: str
    """The model that answered (see `model_source`)."""
    messages: list[Any] = []
    """The messages as sent, not as first built."""
    temperature: float | None = None
    requested_model: str | None = None
    model_source: ModelSource = "response"
    """response: the provider named it; router: a router's metadata did; assumed: a good answer named none, so
    the asked one is noted; requested: nobody answered."""
    provider: str | None = None
    flow: str | None = None
    """The route taken to the provider, e.g. `openrouter`, `openai-direct`, `local`."""
    max_tokens: int | None = None
    json_mode: bool | None = None
    prompt_version: str | None = None
    params: dict[str, Any] | None = None
    """Further parameters of the request, as sent."""


class LlmResponse(_Record, frozen=True, kw_only=True):
    """What came back."""

    content: str | None = None
    usage: Usage | None = None
    latency: float | None = None
    """Milliseconds from the first attempt's start to the end of the answer, from a monotonic clock."""
    raw_usage: Any = None
    """Usage exactly as the provider sent it."""
    finish_reason: str | None = None
    provider_request_id: str | None = None
    time_to_first_token: float | None = None
    """Milliseconds; streamed calls only."""
    cost: Cost | None = None
    reasoning: str | None = None
    tool_calls: list[Any] | None = None
    streamed: bool | None = None


class Attempt(_Record, frozen=True, kw_only=True):
    """One rung of the ladder: one request to one model."""

    model: str
    provider: str | None = None
    started_at: int | None = None
    """ms since the epoch, UTC."""
    latency: float | None = None
    """Milliseconds."""
    outcome: str = "ok"
    """`ok` or `failed` or `cancelled`."""
    error_type: str | None = None
    """e.g. `timeout`, `rate_limit`, `auth`, `overloaded`, `invalid_answer`, `network`."""
    message: str | None = None
    http_status: int | None = None


class Step(_Record, frozen=True, kw_only=True):
    """Something done on the way: context, prompt, parse, repair, validate, a Spotify search, the action."""

    name: str
    started_at: int | None = None
    """ms since the epoch, UTC."""
    duration_ms: float | None = None
    detail: Any = None


class Result(_Record, frozen=True, kw_only=True):
    """What the person saw in the end."""

    success: bool
    message: str


class ErrorInfo(_Record, frozen=True, kw_only=True):
    """Why it failed."""

    type: str
    message: str


class LogEntry(_Record, frozen=True, kw_only=True):
    """One LLM call with its story. `id` and `timestamp` may be left out: capture fills them in."""

    id: str = ""
    timestamp: int = 0
    """Start of the call, ms since the epoch, UTC."""
    user_id: str | None = None
    """Raw when handed to capture; a keyed pseudonym (`v1:…`) everywhere after."""
    session_id: str | None = None
    """Likewise."""
    command: str | None = None
    """What the person typed."""
    interpretation: Any = None
    llm_request: LlmRequest
    llm_response: LlmResponse | None = None
    result: Result | None = None
    attempts: list[Attempt] = []
    steps: list[Step] = []
    status: Status = "ok"
    stage: Stage | None = None
    """Where an error happened."""
    error: ErrorInfo | None = None
    trace_id: str | None = None
    """The same for all calls of one command."""
    turn: int | None = None
    """Number within the session, from 1."""
    tags: dict[str, Any] = {}
    source: Source = "chat"
    app_version: str | None = None
    headers: Any = None
    raw: Any = None
    """The provider's request and response; only where a setting asks for them."""
    truncated: list[str] = []
    """Paths of fields that were cut to their limit."""
    masked: dict[str, int] = {}
    """How many secrets of each kind were masked."""


class LlmCall(_Record, frozen=True, kw_only=True):
    """One finished LLM call as an orchestrator reports it: the part of a `LogEntry` that it knows."""

    request: LlmRequest
    started_at: int
    """ms since the epoch, UTC."""
    response: LlmResponse | None = None
    attempts: list[Attempt] = []
    steps: list[Step] = []
    stage: Stage | None = None
    error: ErrorInfo | None = None
    """Set when no rung of the ladder answered."""
    tags: dict[str, Any] = {}
    headers: Any = None
    raw: Any = None
