"""The `s` field of a log's hash: what lists, filters and a person in redis-cli want, by name."""

from __future__ import annotations

import msgspec

from llmlog.decoding import decode_entry
from llmlog.entry import LogEntry
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


def entry_of(scalars: bytes, lost: str) -> LogEntry:
    """What the scalars still tell of an entry whose body cannot be read. lost: why, for `LogEntry.truncated`.

    Raises msgspec.DecodeError.
    """
    known = msgspec.json.decode(scalars, type=Scalars)
    answered = known.latency is not None or known.total_tokens is not None or known.finish_reason is not None
    fields = {
        **msgspec.to_builtins(known),
        "command": known.command,
        "interpretation": {"intent": known.intent} if known.intent is not None else None,
        "llmRequest": _present(
            known, "model", "requestedModel", "modelSource", "provider", "flow", "temperature", "promptVersion"
        ),
        "llmResponse": None,
        "result": None if known.success is None else {"success": known.success, "message": known.message or ""},
        "error": None if known.error is None else {"type": known.error, "message": ""},
        "attempts": [],
        "truncated": [lost],
    }
    if answered:
        fields["llmResponse"] = {
            **_present(known, "latency", "timeToFirstToken", "finishReason"),
            "usage": _present(known, "promptTokens", "completionTokens", "totalTokens") or None,
            "cost": None if known.cost_usd is None else {"usd": known.cost_usd},
        }
    return decode_entry(_encode(fields))


def _present(known: Scalars, *names: str) -> dict[str, object]:
    fields = msgspec.to_builtins(known)
    return {name: fields[name] for name in names if name in fields}
