"""Cleaning takes any Python value and never raises; limits cut and say so."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import types
import uuid
from collections import OrderedDict, UserDict
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlog import LlmRequest, LlmResponse, LogEntry, Usage
from llmlog.capture.cleaning import (
    DEPTH_LIMIT,
    KEY_LIMIT,
    LARGEST_INTEGER,
    NODE_LIMIT,
    REPR_LIMIT,
    TEXT_LIMIT,
    Cleaner,
)
from llmlog.capture.limits import ENTRY_LIMIT_BYTES, EntryTooLarge, within_limit
from llmlog.capture.masking import Masker

SECRET = "sk-or-v1-0123456789abcdef"
encode = msgspec.json.Encoder().encode


def cleaned(value: Any) -> Any:
    """A value made fit, as the recorder does when nothing else helps."""
    return Cleaner(Masker(), escape_surrogates=True).value(value, "at")


class Color(enum.Enum):
    """An enumeration."""

    RED = "red"
    ODD = ("a", 1)


class Level(enum.IntEnum):
    """One that is a number."""

    HIGH = 3


@dataclasses.dataclass
class Point:
    """A dataclass that holds anything."""

    x: Any
    y: Any = None


class Broken:
    """Everything one can ask of it raises."""

    def __repr__(self) -> str:
        raise ValueError("no")

    def __str__(self) -> str:
        raise ValueError("no")

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise ValueError("no")

    def __len__(self) -> int:
        raise ValueError("no")


class BrokenMapping(UserDict[str, int]):
    """A mapping that cannot be read."""

    def __iter__(self) -> Iterator[str]:
        raise OSError("gone")


class BrokenDate(datetime.date):
    """A date that cannot be told."""

    def isoformat(self) -> str:
        raise ValueError("no")


class BrokenNumber(int):
    """A number that cannot be told."""

    def __int__(self) -> int:
        raise ValueError("no")


class LyingClass:
    """Says nothing about what it is."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("no")

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise RuntimeError("no")


class Text(str):
    """A text of a kind of its own."""


class Loud(Text):
    """A text whose own conversions lie."""

    def __str__(self) -> str:
        raise ValueError("no")


ODD: list[Any] = [
    object(), Broken(), BrokenMapping(a=1), BrokenDate(2026, 11, 23), BrokenNumber(5), LyingClass(), Text("text"),
    Loud("loud"), Color.RED, Color.ODD, Level.HIGH, Point(1, Point(2)), Point, len, types, lambda: 1, iter([1]),
    ..., NotImplemented, 1j, decimal.Decimal("1.5"), uuid.UUID(int=1), datetime.timedelta(1), range(3), b"bytes",
    datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC), bytearray(b"x"), memoryview(b"abc")[::2], {1, 2},
    frozenset({3}), (1, (2,)),
    OrderedDict(a=1), types.MappingProxyType({"a": object()}), types.SimpleNamespace(a=1), ValueError("x"),
    2**64, -(2**64), 10**9000, float("nan"), float("inf"), -0.0, "\ud800", "\0", Usage(prompt_tokens=1),
    {"\ud800": {"x" * 2000: None}}, {Broken(): 1}, {None: 1, True: 2, 3.5: 4, (1, 2): 5, b"k": 6, Text("t"): 7},
]  # fmt: skip

values = st.recursive(
    st.integers(0, len(ODD) - 1).map(lambda number: ODD[number])
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(), max_size=8) | st.integers() | st.none(), inner, max_size=5)
        | st.builds(Point, inner, inner)
        | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("number", range(len(ODD)))
def test_odd_values_become_json(number: int) -> None:
    """Each odd value becomes something JSON can hold; nothing raises."""
    value = ODD[number]
    assert encode(cleaned(value))
    assert encode(cleaned({"in": [value, {"deep": value}]}))


@given(values)
@settings(max_examples=400, deadline=None)
def test_any_value_becomes_json_and_stays_it(value: Any) -> None:
    """Whatever is put together becomes JSON; cleaned again it does not change."""
    once = cleaned(value)
    body = encode(once)
    assert encode(cleaned(once)) == body
    assert encode(cleaned(msgspec.json.decode(body))) == body


clean_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8).map("n".__add__), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(clean_values)
@settings(max_examples=300, deadline=None)
def test_clean_values_come_back_as_they_are(value: Any) -> None:
    """What is clean already is the very same object, without a copy, and nothing is noted."""
    cleaner = Cleaner(Masker())
    assert cleaner.value(value, "at") is value
    assert (cleaner.truncated, cleaner.masked) == ([], {})


def test_what_some_values_become() -> None:
    """Objects become their fields, sets lists, bytes base64, numbers JSON would round become text."""
    assert cleaned(Point(1, {2})) == {"x": 1, "y": [2]}
    assert cleaned(Usage(prompt_tokens=1))["promptTokens"] == 1
    assert cleaned(b"abc") == "YWJj"
    assert cleaned(2**64) == "18446744073709551616"
    assert cleaned(10**9000).startswith("0x")
    assert cleaned([float("nan"), float("-inf")]) == ["nan", "-inf"]
    assert cleaned([Color.RED, Level.HIGH, BrokenNumber(5), Text("t")]) == ["red", 3, "5", "t"]
    assert cleaned({None: 1, True: 2, 3: 4}) == {"null": 1, "true": 2, "3": 4}
    assert cleaned("a\ud800b") == "a\\ud800b"
    assert Cleaner(Masker()).text(Loud("loud"), "command") == "loud"
    assert cleaned(Broken()) == "[a Broken that cannot be shown]"
    assert len(cleaned(types.SimpleNamespace(a="x" * 9_000))) == REPR_LIMIT + 1


def test_long_texts_are_cut() -> None:
    """A text of the limit stays; one more character is cut, and both the text and the entry say so."""
    cleaner = Cleaner(Masker())
    whole = "x" * TEXT_LIMIT
    assert cleaner.value({"a": [whole]}, "raw") == {"a": [whole]}
    assert cleaner.truncated == []
    cut = cleaner.value({"a": [whole + "yz"]}, "raw")["a"][0]
    assert cut == whole + "… [2 more characters were cut]"
    assert cleaner.truncated == ["raw.a"]
    assert cleaner.text(whole + "y", "command").endswith("1 more characters were cut]")  # type: ignore[union-attr]


def test_deep_and_endless_structures_end() -> None:
    """Nesting ends at its limit with a marker, also where a structure holds itself; wide ones end, too."""
    endless: list[Any] = []
    endless.append(endless)
    ring: dict[str, Any] = {}
    ring["again"] = {"and": ring}
    for value in (endless, ring):
        cleaner = Cleaner(Masker())
        assert f"nested deeper than {DEPTH_LIMIT} levels" in encode(cleaner.value(value, "at")).decode()
        assert cleaner.truncated
    cleaner = Cleaner(Masker())
    wide = cleaner.value(list(range(3 * NODE_LIMIT)), "at")
    assert NODE_LIMIT - 1 <= len(wide) <= NODE_LIMIT + 1
    assert wide[-1] == f"[more than {NODE_LIMIT:,} values]"
    assert cleaner.truncated == ["at"]
    broad = Cleaner(Masker()).value({str(n): n for n in range(2 * NODE_LIMIT)}, "at")
    assert len(broad) <= NODE_LIMIT + 1
    doubling: list[Any] = [1]
    for _ in range(40):
        doubling = [doubling, doubling]
    assert len(encode(cleaned(doubling))) < 40 * NODE_LIMIT


def test_long_keys_are_cut() -> None:
    """A dictionary's key is bounded, and the cut is noted."""
    cleaner = Cleaner(Masker())
    [key] = cleaner.value({"k" * (KEY_LIMIT + 1): 1}, "tags")
    assert key == "k" * KEY_LIMIT + "…"
    assert cleaner.truncated == ["tags"]


def test_paths_hold_no_secret_and_no_broken_text() -> None:
    """The path of what was cut goes into the entry: it is masked and escaped like every text."""
    cleaner = Cleaner(Masker(), escape_surrogates=True)
    deep = {SECRET: {"\ud800": "x" * (TEXT_LIMIT + 1)}}
    kept = cleaner.value(deep, "raw")
    assert SECRET.encode() not in encode([kept, cleaner.truncated])
    assert cleaner.truncated[0].endswith(".\\ud800")
    assert cleaner.masked == {"api_key": 1}


def entry_of(**more: Any) -> LogEntry:
    """An entry with a small body."""
    request = LlmRequest(model="m", messages=[{"role": "user", "content": "hi"}])
    return LogEntry(**{"id": "entry-000001", "llm_request": request, **more})


def test_an_entry_within_the_limit_is_kept_whole() -> None:
    """Nothing is left out of what fits."""
    entry = entry_of(command="play")
    body = within_limit(entry, encode)
    assert msgspec.json.decode(body, type=LogEntry) == entry


def test_the_largest_body_goes_first() -> None:
    """Over 8 MB, the largest body is left out, and said so with its size; the others stay."""
    parts = ["x" * 900_000 for _ in range(8)]
    entry = entry_of(
        raw=parts,
        interpretation=parts[:1],
        llm_response=LlmResponse(content="y" * 900_000, latency=5.0),
        command="play",
    )
    assert len(encode(entry)) > ENTRY_LIMIT_BYTES
    kept = msgspec.json.decode(within_limit(entry, encode), type=LogEntry)
    assert kept.raw is None
    assert kept.truncated == [f"raw: {len(encode(parts)):,} bytes left out"]
    assert msgspec.structs.replace(kept, raw=parts, truncated=[]) == entry


def test_what_identifies_an_answer_stays() -> None:
    """Without its bodies, a request still names its model, an answer its latency and usage."""
    usage = Usage(total_tokens=9)
    many = [{"role": "user", "content": "x" * 500} for _ in range(30)]
    entry = entry_of(
        llm_request=LlmRequest(model="model-a", messages=many, provider="p", params={"n": 1}),
        llm_response=LlmResponse(content="y" * 14_000, latency=5.0, usage=usage, reasoning="z"),
    )
    kept = msgspec.json.decode(within_limit(entry, encode, 4_000), type=LogEntry)
    assert (kept.llm_request.model, kept.llm_request.provider, kept.llm_request.messages) == ("model-a", "p", [])
    assert kept.llm_response is not None
    assert (kept.llm_response.latency, kept.llm_response.usage, kept.llm_response.content) == (5.0, usage, None)
    assert [note.split(":")[0] for note in kept.truncated] == ["llm_request", "llm_response"]


@given(
    st.dictionaries(
        st.sampled_from(["raw", "headers", "interpretation", "command", "tags"]), st.integers(0, 5_000), max_size=5
    ),
    st.integers(1_500, 6_000),
)
def test_the_limit_holds(sizes: dict[str, int], limit_bytes: int) -> None:
    """Whatever is large, the encoded entry is within the limit."""
    fields = {name: {"x": "x" * size} if name == "tags" else "x" * size for name, size in sizes.items()}
    assert len(within_limit(entry_of(**fields), encode, limit_bytes)) <= limit_bytes


def test_what_cannot_be_made_small_is_refused() -> None:
    """An entry over the limit even without bodies raises, so that it is counted."""
    with pytest.raises(EntryTooLarge):
        within_limit(entry_of(trace_id="x" * 5_000), encode, 4_000)
