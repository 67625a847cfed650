"""Any JSON object becomes an entry: what fits stays, what does not is put aside, nothing is lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlog import Attempt, Cost, ErrorInfo, LlmRequest, LlmResponse, LogEntry, Result, Step, Usage
from llmlog.decoding import decode_entry

encode = msgspec.json.encode
WHOLE = LogEntry(
    id="entry-000001",
    timestamp=1_790_000_000_000,
    user_id="v1:ab",
    command="play",
    interpretation={"intent": "play", "n": [1, 2.5, None]},
    llm_request=LlmRequest(model="m", messages=[{"role": "user", "content": "hi"}], temperature=0.5),
    llm_response=LlmResponse(content="x", usage=Usage(total_tokens=3), cost=Cost(usd=0.1, source="prices")),
    result=Result(success=True, message="Playing"),
    attempts=[Attempt(model="m", outcome="failed", error_type="timeout")],
    steps=[Step(name="parse", duration_ms=1.5, detail={"a": 1})],
    error=ErrorInfo(type="auth", message="no"),
    tags={"a": 1},
    truncated=["raw"],
    masked={"api_key": 1},
)
NAMES = sorted({*LogEntry.__struct_encode_fields__, "somethingNew"})

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e9, 1e9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)


def test_a_whole_entry_comes_back() -> None:
    """What was encoded decodes to the same; a newer version's unknown fields are passed over."""
    assert decode_entry(encode(WHOLE)) == WHOLE
    newer = {**msgspec.to_builtins(WHOLE), "somethingNew": {"x": 1}}
    assert decode_entry(encode(newer)) == WHOLE


@given(st.dictionaries(st.sampled_from(NAMES), json_values, max_size=8))
@settings(max_examples=400, deadline=None)
def test_any_object_becomes_an_entry(fields: dict[str, Any]) -> None:
    """Whatever types the fields have, there is an entry, and it encodes and decodes again."""
    entry = decode_entry(encode(fields))
    assert isinstance(entry, LogEntry)
    assert decode_entry(encode(entry)) == entry


@given(st.sampled_from(NAMES), json_values)
@settings(max_examples=300, deadline=None)
def test_one_odd_field_costs_only_itself(name: str, value: Any) -> None:
    """With one field of any type, every other field stays as it was, and an odd value is kept under `raw.unfit`."""
    fields = {**msgspec.to_builtins(WHOLE), name: value}
    entry = decode_entry(encode(fields))
    for field, encoded in zip(LogEntry.__struct_fields__, LogEntry.__struct_encode_fields__, strict=True):
        if encoded not in (name, "raw"):
            assert getattr(entry, field) == getattr(WHOLE, field), encoded
    if name in ("raw", "interpretation", "headers", "somethingNew"):
        assert entry.raw in (value, None)
    elif entry.raw is not None:
        assert [key for key in entry.raw["unfit"] if key == name or key.startswith(f"{name}.")]


def odd(**fields: Any) -> LogEntry:
    """An entry with some fields of other types."""
    return decode_entry(encode({**msgspec.to_builtins(WHOLE), **fields}))


def test_what_loses_nothing_is_converted() -> None:
    """A number as text is a number."""
    entry = odd(timestamp="1790000000001", llmRequest={"model": "m", "temperature": "0.7"})
    assert (entry.timestamp, entry.llm_request.temperature, entry.raw) == (1_790_000_000_001, 0.7, None)


def test_inner_fields_are_put_aside_alone() -> None:
    """Inside a request or an answer, too, only the odd field is put aside, under its path."""
    entry = odd(
        llmResponse={"content": ["parts"], "latency": 5, "usage": {"totalTokens": "many", "promptTokens": 1}},
        raw={"kept": 1},
    )
    assert entry.llm_response is not None
    assert (entry.llm_response.content, entry.llm_response.latency) == (None, 5)
    assert entry.llm_response.usage == Usage(prompt_tokens=1)
    assert entry.raw == {
        "kept": 1,
        "unfit": {"llmResponse.content": ["parts"], "llmResponse.usage.totalTokens": "many"},
    }


def test_without_a_request_there_is_an_empty_one() -> None:
    """No `llmRequest`, or one that is none: the model is empty, never made up."""
    assert decode_entry(b"{}").llm_request == LlmRequest(model="")
    assert odd(llmRequest=None).llm_request == LlmRequest(model="")
    assert odd(llmRequest={"messages": []}).llm_request == LlmRequest(model="")
    assert odd(llmRequest="m").raw == {"value": None, "unfit": {"llmRequest": "m"}}


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"1", b"null", b'"x"', b"\xff", b'{"a":\xff}'])
def test_what_is_no_object_raises(text: bytes) -> None:
    """Text that is no JSON object is a DecodeError."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        decode_entry(text)
