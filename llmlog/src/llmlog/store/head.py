"""What the store itself reads of an entry: the scalars, and where the system prompts stand.

The rest of an entry's JSON goes to Redis as it came from the spool, so decoding it would only cost time (three
quarters of an entry are messages and answer).
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmlog.decoding import decode_entry
from llmlog.entry import Cost


class _Part(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Fields that are not named here are passed over."""


class MessageHead(_Part, frozen=True, kw_only=True):
    """A message: who speaks, and the JSON of what."""

    role: Any = None
    content: msgspec.Raw = msgspec.Raw(b"null")


class ParamsHead(_Part, frozen=True, kw_only=True):
    """Of the further parameters of a request: what its price depends on."""

    service_tier: Any = msgspec.field(name="service_tier", default=None)


class RequestHead(_Part, frozen=True, kw_only=True):
    """Of `LlmRequest`."""

    model: str = ""
    messages: list[MessageHead | list[Any] | str | int | float | bool | None] = []
    temperature: float | None = None
    requested_model: str | None = None
    model_source: str = "response"
    provider: str | None = None
    flow: str | None = None
    prompt_version: str | None = None
    params: ParamsHead | None = None


class UsageHead(_Part, frozen=True, kw_only=True):
    """Of `Usage`."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


class ResponseHead(_Part, frozen=True, kw_only=True):
    """Of `LlmResponse`."""

    usage: UsageHead | None = None
    latency: float | None = None
    time_to_first_token: float | None = None
    finish_reason: str | None = None
    cost: Cost | None = None


class ResultHead(_Part, frozen=True, kw_only=True):
    """Of `Result`."""

    success: bool
    message: str = ""


class ErrorHead(_Part, frozen=True, kw_only=True):
    """Of `ErrorInfo`."""

    type: str = ""


class EntryHead(_Part, frozen=True, kw_only=True):
    """Of `LogEntry`; the units are those of entry.py."""

    id: str = ""
    timestamp: int = 0
    user_id: str | None = None
    session_id: str | None = None
    command: str | None = None
    interpretation: Any = None
    llm_request: RequestHead = RequestHead()
    llm_response: ResponseHead | None = None
    result: ResultHead | None = None
    attempts: list[msgspec.Raw] = []
    status: str = "ok"
    stage: str | None = None
    error: ErrorHead | None = None
    trace_id: str | None = None
    turn: int | None = None
    source: str = "chat"


_decode = msgspec.json.Decoder(EntryHead).decode


def head_of(body: bytes) -> tuple[EntryHead, bytes]:
    """The head of an entry's JSON, with the JSON to keep: the same, or one whose odd fields were put aside.

    Raises msgspec.DecodeError or UnicodeDecodeError when it is no entry at all.
    """
    try:
        return _decode(body), body
    except msgspec.ValidationError:
        body = msgspec.json.encode(decode_entry(body))
        return _decode(body), body
