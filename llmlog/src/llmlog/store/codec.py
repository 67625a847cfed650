"""How an entry lies in its hash: `s` for eyes and lists, `z` for everything.

`z` is zstd over the JSON `{"p": [[index, hash], …], "e": entry}`: `p` names system prompts that stand in keys of
their own, by message index; their text is left out of `e`. A prompt is taken out only once the same one was
seen before: a prompt with the time of day in it stays inline. The zstd frame names its dictionary itself.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

import msgspec
import zstandard

from llmlog.decoding import decode_entry
from llmlog.entry import LogEntry
from llmlog.store.counters import intent_of

FORMAT = 1
LEVEL = 3
PROMPT_MIN_CHARACTERS = 512
PROMPT_CACHE = 512
COMMAND_CHARACTERS = 500
LARGEST_ENTRY_BYTES = 64 * 1024 * 1024
"""A frame that claims more is damaged."""


class _Envelope(msgspec.Struct):
    p: list[tuple[int, str]]
    e: msgspec.Raw


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_encode = msgspec.json.Encoder().encode


class Encoded(msgspec.Struct, frozen=True):
    """An entry ready to be written."""

    scalars: bytes
    payload: bytes
    """Not compressed yet."""
    prompts: dict[str, str]
    """Texts this entry refers to, by hash."""


class PromptMemory:
    """Which system prompts were seen before, by content; bounded."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, str] = OrderedDict()

    def digest_if_seen(self, text: str) -> str | None:
        """The hash of a prompt seen before; None the first time."""
        digest = self._seen.get(text)
        if digest is not None:
            self._seen.move_to_end(text)
            return digest
        self._seen[text] = hashlib.sha256(text.encode()).hexdigest()[:32]
        if len(self._seen) > PROMPT_CACHE:
            self._seen.popitem(last=False)
        return None


def encode(entry: LogEntry, body: bytes, memory: PromptMemory) -> Encoded:
    """Take an entry apart. `body` is its JSON as it came from the spool."""
    references: list[tuple[int, str]] = []
    prompts: dict[str, str] = {}
    messages = entry.llm_request.messages
    for index, message in enumerate(messages):
        text = _prompt_text(message)
        digest = memory.digest_if_seen(text) if text is not None else None
        if digest is not None and text is not None:
            references.append((index, digest))
            prompts[digest] = text
    if references:
        taken_out = {index for index, _ in references}
        lean = [{**m, "content": ""} if i in taken_out else m for i, m in enumerate(messages)]
        request = msgspec.structs.replace(entry.llm_request, messages=lean)
        body = _encode(msgspec.structs.replace(entry, llm_request=request))
    payload = b'{"p":' + _encode(references) + b',"e":' + body + b"}"
    return Encoded(scalars_of(entry, len(body)), payload, prompts)


def _prompt_text(message: Any) -> str | None:
    if not isinstance(message, dict) or message.get("role") not in ("system", "developer"):
        return None
    text = message.get("content")
    return text if isinstance(text, str) and len(text) >= PROMPT_MIN_CHARACTERS else None


def scalars_of(entry: LogEntry, size_bytes: int) -> bytes:
    """The `s` field: JSON of what lists, filters and a person in redis-cli want; null fields are left out."""
    request, response = entry.llm_request, entry.llm_response
    usage = response.usage if response is not None else None
    cost = response.cost if response is not None else None
    command, message = entry.command, entry.result.message if entry.result else None
    fields = {
        "v": FORMAT,
        "id": entry.id,
        "timestamp": entry.timestamp,
        "userId": entry.user_id,
        "sessionId": entry.session_id,
        "command": command[:COMMAND_CHARACTERS] if command else command,
        "intent": intent_of(entry.interpretation),
        "status": entry.status,
        "stage": entry.stage,
        "model": request.model,
        "requestedModel": request.requested_model,
        "modelSource": request.model_source,
        "provider": request.provider,
        "flow": request.flow,
        "temperature": request.temperature,
        "promptVersion": request.prompt_version,
        "latency": response.latency if response is not None else None,
        "timeToFirstToken": response.time_to_first_token if response is not None else None,
        "finishReason": response.finish_reason if response is not None else None,
        "promptTokens": usage.prompt_tokens if usage is not None else None,
        "completionTokens": usage.completion_tokens if usage is not None else None,
        "totalTokens": usage.total_tokens if usage is not None else None,
        "costUsd": cost.usd if cost is not None else None,
        "success": entry.result.success if entry.result else None,
        "message": message[:COMMAND_CHARACTERS] if message else message,
        "error": entry.error.type if entry.error else None,
        "attempts": len(entry.attempts) or None,
        "turn": entry.turn,
        "traceId": entry.trace_id,
        "source": entry.source,
        "size": size_bytes,
    }
    return _encode({name: value for name, value in fields.items() if value is not None})


def prompt_hashes(payload: bytes) -> list[str]:
    """The prompts a payload refers to."""
    return [digest for _, digest in _decode_envelope(payload).p]


def decode(payload: bytes, prompts: dict[str, str]) -> LogEntry:
    """Put an entry together again. A prompt that is gone leaves a visible note in its place."""
    envelope = _decode_envelope(payload)
    entry = decode_entry(bytes(envelope.e))
    if not envelope.p:
        return entry
    messages = list(entry.llm_request.messages)
    for index, digest in envelope.p:
        text = prompts.get(digest, f"[system prompt {digest} is no longer kept]")
        messages[index] = {**messages[index], "content": text}
    request = msgspec.structs.replace(entry.llm_request, messages=messages)
    return msgspec.structs.replace(entry, llm_request=request)


def dictionary_number(compressed: bytes) -> int:
    """The dictionary a compressed body needs; 0 = none. Raises zstandard.ZstdError."""
    return int(zstandard.get_frame_parameters(compressed).dict_id)


def decode_foreign(raw: bytes | None) -> LogEntry | None:
    """An entry in the layout of the TypeScript DJ Forge (a hash with the whole JSON in `_raw`), or None."""
    if raw is None:
        return None
    try:
        return decode_entry(raw)
    except msgspec.DecodeError:
        return None
