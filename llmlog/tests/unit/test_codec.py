"""How an entry lies in its hash: whatever it holds, it comes back the same."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlog import Cost, ErrorInfo, LlmRequest, LlmResponse, LogEntry, Result, Usage
from llmlog.store import codec
from llmlog.store.dictionaries import Compressor, Decompressor
from llmlog.store.head import head_of
from llmlog.store.scalars import TEXT_CHARACTERS, entry_of, scalars_of

LONG = codec.PROMPT_MIN_BYTES
texts = st.text(st.characters(codec="utf-8"), max_size=20)
prompts = st.sampled_from([
    "short", "p" * LONG, "q" * LONG, '"quoted" \\ \n é 🎵 ' * LONG, "p" * LONG + "x", "p" * (LONG - 2), "",
])  # fmt: skip
messages = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "developer", "user", "odd"]), "content": prompts}),
    st.fixed_dictionaries({"content": prompts, "role": st.just("system"), "name": texts}),
    st.fixed_dictionaries({"role": st.just("system"), "content": st.none() | st.lists(prompts, max_size=2)}),
    st.fixed_dictionaries({"role": st.just("system"), "inner": st.fixed_dictionaries({"content": prompts})}),
    texts,
    st.none() | st.integers(0, 9) | st.lists(texts, max_size=2),
)


def through(entry: LogEntry, memory: codec.PromptMemory) -> tuple[LogEntry, codec.Encoded]:
    """An entry as it comes back, and how it lay in between."""
    head, body = head_of(msgspec.json.encode(entry))
    encoded = codec.encode(head, body, memory)
    return codec.decode(codec.opened(encoded.payload), encoded.prompts), encoded


@given(st.lists(st.lists(messages, max_size=5), min_size=1, max_size=5), texts)
@settings(max_examples=300, deadline=None)
def test_entries_come_back(conversations: list[list[Any]], command: str) -> None:
    """Whatever messages a request has, whichever prompts were seen before, every entry comes back the same."""
    memory = codec.PromptMemory()
    for sent in conversations:
        entry = LogEntry(
            id="entry-000001",
            command=command,
            raw={"content": sent},
            llm_request=LlmRequest(model="m", messages=sent),
        )
        assert through(entry, memory)[0] == entry


def asked(content: str, role: str = "system") -> LogEntry:
    """An entry with one message."""
    return LogEntry(llm_request=LlmRequest(model="m", messages=[{"role": role, "content": content}]))


def test_a_prompt_is_taken_out_once_it_was_seen() -> None:
    """The first time it stays inline; from the second on the body names it, and its text is handed over."""
    memory = codec.PromptMemory()
    prompt = "You are a DJ. " * 100
    _, first = through(asked(prompt), memory)
    back, second = through(asked(prompt), memory)
    assert (first.prompts, prompt.encode() in first.payload) == ({}, True)
    assert (list(second.prompts.values()), prompt.encode() in second.payload) == ([prompt], False)
    assert back == asked(prompt)
    [(_, digest)] = codec.opened(second.payload).p
    lost = codec.decode(codec.opened(second.payload), {})
    assert lost.llm_request.messages == [
        {"role": "system", "content": f"[system prompt {digest} is no longer kept]"}
    ]


@pytest.mark.parametrize("role", ["user", "assistant", "tool"])
def test_only_system_prompts_are_taken_out(role: str) -> None:
    """What a person said is never kept apart from its log: it would outlive it."""
    memory = codec.PromptMemory()
    for _ in range(3):
        _, encoded = through(asked("x" * 5_000, role), memory)
        assert encoded.prompts == {}


def test_prompts_that_change_stay_inline_and_memory_is_bounded() -> None:
    """A prompt with the time of day in it is never kept apart, and does not fill the memory."""
    memory = codec.PromptMemory()
    for number in range(codec.PROMPT_CACHE + 50):
        _, encoded = through(asked(f"It is {number}. " + "x" * LONG), memory)
        assert encoded.prompts == {}
    assert len(memory._seen) <= codec.PROMPT_CACHE


def test_prompts_that_begin_and_end_alike_are_told_apart() -> None:
    """Two prompts of the same length, beginning and end are two."""
    memory = codec.PromptMemory()
    one, other = ("s" * 600 + middle + "e" * 600 for middle in ("A", "B"))
    for prompt in (one, other, one, other, one):
        assert through(asked(prompt), memory)[0] == asked(prompt)


def test_the_scalars_say_it_by_name() -> None:
    """`s` holds what lists want, by the names of the wire, without nulls, its texts bounded."""
    entry = LogEntry(
        id="entry-000001",
        timestamp=5,
        command="c" * 2_000,
        interpretation={"intent": "play"},
        llm_request=LlmRequest(model="m", temperature=0.5),
        llm_response=LlmResponse(latency=12.5, usage=Usage(total_tokens=3), cost=Cost(usd=0.5)),
        result=Result(success=False, message="r" * 2_000),
        error=ErrorInfo(type="timeout", message="too slow"),
        status="error",
        stage="model",
    )
    known = msgspec.json.decode(scalars_of(head_of(msgspec.json.encode(entry))[0], 77))
    assert known == {
        "v": 1, "id": "entry-000001", "timestamp": 5, "command": "c" * TEXT_CHARACTERS, "intent": "play",
        "status": "error", "stage": "model", "model": "m", "modelSource": "response", "temperature": 0.5,
        "latency": 12.5, "totalTokens": 3, "costUsd": 0.5, "success": False, "message": "r" * TEXT_CHARACTERS,
        "error": "timeout", "source": "chat", "size": 77,
    }  # fmt: skip


@given(
    st.builds(
        LogEntry,
        id=st.just("entry-000001"),
        timestamp=st.integers(0, 2**41),
        command=st.none() | texts,
        llm_request=st.builds(LlmRequest, model=texts, provider=st.none() | texts),
        llm_response=st.none() | st.builds(LlmResponse, latency=st.floats(0, 1e6), finish_reason=st.none() | texts),
        result=st.none() | st.builds(Result, success=st.booleans(), message=texts),
        status=st.sampled_from(["ok", "fallback", "error"]),
        turn=st.none() | st.integers(1, 99),
    )
)
def test_scalars_alone_still_tell(entry: LogEntry) -> None:
    """From the scalars alone comes an entry that says the same about everything they hold, and what is lost."""
    known = entry_of(scalars_of(head_of(msgspec.json.encode(entry))[0], 1), "body lost: it is damaged")
    assert msgspec.structs.replace(known, truncated=[]) == entry
    assert known.truncated == ["body lost: it is damaged"]


def test_damage_is_never_taken_for_a_body() -> None:
    """A body whose beginning is damaged needs no dictionary and cannot be opened."""
    packed = Compressor(1).compress(b'{"p":[],"e":{}}' * 50)
    assert codec.dictionary_number(packed) == 0
    assert codec.dictionary_number(b"nonsense") == 0
    for damaged in (b"", b"nonsense", packed[:-5]):
        with pytest.raises(zstandard.ZstdError):
            Decompressor().decompress(damaged, 0)


def test_a_frame_that_claims_too_much_is_refused() -> None:
    """A few bytes cannot claim gigabytes of memory."""
    bomb = zstandard.compress(b"\0" * (codec.LARGEST_ENTRY_BYTES + 1))
    with pytest.raises(zstandard.ZstdError):
        Decompressor().decompress(bomb, 0)


@pytest.mark.parametrize("raw", [None, b"", b"{", b"[]", b"\xff", b'{"id": "\xff"}'])
def test_logs_of_others_that_are_none(raw: bytes | None) -> None:
    """What is no log of the TypeScript app is None."""
    assert codec.decode_foreign(raw, "entry-000001") is None


@pytest.mark.parametrize("timestamp", [-1, 10**18, 2**62])
def test_impossible_moments_of_others(timestamp: int) -> None:
    """A moment no calendar has becomes 0, and the log goes by its key's id."""
    raw = msgspec.json.encode({"id": "other", "timestamp": timestamp, "command": "c"})
    found = codec.decode_foreign(raw, "entry-000001")
    assert found is not None
    assert (found.id, found.timestamp, found.command) == ("entry-000001", 0, "c")
