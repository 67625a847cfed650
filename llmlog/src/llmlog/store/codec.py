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
from llmlog.store.head import EntryHead, MessageHead
from llmlog.store.scalars import entry_of, scalars_of

LEVEL = 3
PROMPT_MIN_BYTES = 512
PROMPT_CACHE = 512
LARGEST_ENTRY_BYTES = 64 * 1024 * 1024
"""A frame that claims more is damaged."""
BODY_LOST = "body lost"
"""How `LogEntry.truncated` begins where only the scalars are left."""
LATEST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999."""


class Envelope(msgspec.Struct):
    """A body, opened: prompts that stand elsewhere by message index, and the entry."""

    p: list[tuple[int, str]]
    e: msgspec.Raw


_decode_envelope = msgspec.json.Decoder(Envelope).decode
_encode = msgspec.json.Encoder().encode


class Encoded(msgspec.Struct, frozen=True):
    """An entry ready to be written."""

    scalars: bytes
    payload: bytes
    """Not compressed yet."""
    prompts: dict[str, str]
    """Texts this entry refers to, by hash."""


class Prompt(msgspec.Struct, frozen=True):
    """A system prompt that was seen before."""

    digest: str
    text: str


class PromptMemory:
    """Which system prompts were seen before, by content; bounded."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[int, bytes, bytes], tuple[bytes, Prompt]] = OrderedDict()

    def if_seen(self, quoted: bytes) -> Prompt | None:
        """A prompt (as its JSON string) that was seen before; None the first time."""
        key = (len(quoted), quoted[:64], quoted[-64:])  # hashing all of it takes longer than all the rest
        seen = self._seen.get(key)
        if seen is not None and seen[0] == quoted:
            self._seen.move_to_end(key)
            return seen[1]
        text = msgspec.json.decode(quoted, type=str)
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._seen[key] = (quoted, Prompt(digest, text))
        if len(self._seen) > PROMPT_CACHE:
            self._seen.popitem(last=False)
        return None


def encode(head: EntryHead, body: bytes, memory: PromptMemory) -> Encoded:
    """Take an entry apart. `body` is its JSON as it came from the spool."""
    references: list[tuple[int, str]] = []
    prompts: dict[str, str] = {}
    for index, message in enumerate(head.llm_request.messages):
        quoted = _quoted_prompt(message)
        prompt = memory.if_seen(quoted) if quoted is not None else None
        if quoted is None or prompt is None:
            continue
        start = _only_place(quoted, body)
        if start is not None:
            body = b"".join((body[:start], b'""', body[start + len(quoted) :]))
            references.append((index, prompt.digest))
            prompts[prompt.digest] = prompt.text
    payload = b"".join((b'{"p":', _encode(references), b',"e":', body, b"}"))
    return Encoded(scalars_of(head, len(body)), payload, prompts)


def _only_place(quoted: bytes, body: bytes) -> int | None:
    """Where a message's content stands, or None when it could be another's: then it stays where it is."""
    beginning = b'"content":' + quoted[:PROMPT_MIN_BYTES]
    place = body.find(beginning)
    if place == -1 or body.find(beginning, place + 1) != -1:
        return None
    return place + len(b'"content":')


def _quoted_prompt(message: Any) -> bytes | None:
    """The JSON string of a system message long enough to be kept apart."""
    if not isinstance(message, MessageHead) or message.role not in ("system", "developer"):
        return None
    quoted = bytes(message.content)
    return quoted if len(quoted) >= PROMPT_MIN_BYTES and quoted.startswith(b'"') else None


def opened(payload: bytes) -> Envelope:
    """The envelope of a decompressed body. Raises msgspec.DecodeError, UnicodeDecodeError when it is damaged."""
    return _decode_envelope(payload)


def decode(envelope: Envelope, prompts: dict[str, str]) -> LogEntry:
    """Put an entry together again. A prompt that is gone leaves a visible note in its place.

    Raises msgspec.DecodeError when it is no entry.
    """
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
    """The dictionary a compressed body needs; 0 = none, or the body is damaged."""
    try:
        return int(zstandard.get_frame_parameters(compressed).dict_id)
    except zstandard.ZstdError:
        return 0


def decode_scalars(scalars: bytes, compressed: bytes) -> LogEntry | None:
    """What is left of an entry whose body cannot be opened; `truncated` says why."""
    number = dictionary_number(compressed)
    why = f"its compression dictionary {number} is no longer kept" if number else "it is damaged"
    try:
        return entry_of(scalars, f"{BODY_LOST}: {why}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def decode_foreign(raw: bytes | None, entry_id: str) -> LogEntry | None:
    """An entry in the layout of the TypeScript DJ Forge (a hash with the whole JSON in `_raw`), or None.

    It goes by the id of its key, and by timestamp 0 where its own is no moment.
    """
    if raw is None:
        return None
    try:
        entry = decode_entry(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    timestamp = entry.timestamp if 0 <= entry.timestamp <= LATEST_MS else 0
    return msgspec.structs.replace(entry, id=entry_id, timestamp=timestamp)
