"""The `s` field of a log's hash: what lists, filters and a person in redis-cli want, by name."""

from __future__ import annotations

import msgspec

from llmlog.store.counters import intent_of
from llmlog.store.head import EntryHead

FORMAT = 1
TEXT_CHARACTERS = 500
"""Of command and message; the whole stands in `z`."""


class Scalars(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Null fields are left out. Units are those of entry.py; `size` is in bytes of JSON."""

    v: int
    id: str
    timestamp: int
    user_id: str | None = None
    session_id: str | None = None
    command: str | None = None
    intent: str | None = None
    status: str
    stage: str | None = None
    model: str
    requested_model: str | None = None
    model_source: str
    provider: str | None = None
    flow: str | None = None
    temperature: float | None = None
    prompt_version: str | None = None
    latency: float | None = None
    time_to_first_token: float | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cost_usd: float | None = None
    success: bool | None = None
    message: str | None = None
    error: str | None = None
    attempts: int | None = None
    turn: int | None = None
    trace_id: str | None = None
    source: str
    size: int


_encode = msgspec.json.Encoder().encode


def scalars_of(entry: EntryHead, size_bytes: int) -> bytes:
    """The JSON of an entry's scalars."""
    request = entry.llm_request
    scalars = Scalars(
        v=FORMAT,
        id=entry.id,
        timestamp=entry.timestamp,
        user_id=entry.user_id,
        session_id=entry.session_id,
        command=entry.command[:TEXT_CHARACTERS] if entry.command is not None else None,
        intent=intent_of(entry.interpretation),
        status=entry.status,
        stage=entry.stage,
        model=request.model,
        requested_model=request.requested_model,
        model_source=request.model_source,
        provider=request.provider,
        flow=request.flow,
        temperature=request.temperature,
        prompt_version=request.prompt_version,
        error=entry.error.type if entry.error is not None else None,
        attempts=len(entry.attempts) or None,
        turn=entry.turn,
        trace_id=entry.trace_id,
        source=entry.source,
        size=size_bytes,
    )
    _add_answer(scalars, entry)
    return _encode(scalars)


def _add_answer(scalars: Scalars, entry: EntryHead) -> None:
    response, result = entry.llm_response, entry.result
    if result is not None:
        scalars.success, scalars.message = result.success, result.message[:TEXT_CHARACTERS]
    if response is None:
        return
    scalars.latency = response.latency
    scalars.time_to_first_token = response.time_to_first_token
    scalars.finish_reason = response.finish_reason
    scalars.cost_usd = response.cost.usd if response.cost is not None else None
    usage = response.usage
    if usage is not None:
        scalars.prompt_tokens = usage.prompt_tokens
        scalars.completion_tokens = usage.completion_tokens
        scalars.total_tokens = usage.total_tokens
