"""What each query finds and what it does not: the reference that the index agrees with."""

from __future__ import annotations

import msgspec
import pytest
from language_world import BARE, DAY_MS, ENTRY, FAILED, HOUR_MS, NOW_MS, asked, entry, request, response

from llmlog import Cost, ErrorInfo, LogEntry, Result, Usage
from llmlog.query.language import Matcher, matches
from llmlog.query.language.fields import FIELDS, NAMES, flag
from llmlog.query.language.places import HAS, IS

FALLEN_BACK = msgspec.structs.replace(request(model="gpt-4o"), status="fallback")
THOUSANDS = response(usage=Usage(prompt_tokens=3_000, completion_tokens=1_000, total_tokens=4_000))

EXAMPLES = [
    ("beyonce", ENTRY, entry(llm_response=None)),
    ('"happy 80s"', ENTRY, entry(command="80s happy")),
    ("play*", ENTRY, entry(command="jazz", llm_response=None, result=None)),
    ("happy -christmas", ENTRY, entry(command="happy Christmas")),
    ("model:claude*", ENTRY, BARE),
    ("model:claude*,gpt*", FALLEN_BACK, BARE),
    ("-model:o3-pro", ENTRY, BARE),
    ("status:error since:2h", FAILED, msgspec.structs.replace(FAILED, timestamp=NOW_MS - 3 * HOUR_MS)),
    ("status:error stage:action", FAILED, msgspec.structs.replace(FAILED, stage="model")),
    ("is:fallback asked:claude-sonnet-4", FALLEN_BACK, ENTRY),
    ("latency:>2s", response(latency=2_000.5), response(latency=2_000.0)),
    ("latency:1s..3s model:gemini*", request(model="gemini-2.5-flash"), ENTRY),
    ("cost:>=0.05 since:7d", ENTRY, response(cost=Cost(usd=0.0499))),
    ("tokens:>4k", ENTRY, THOUSANDS),
    ("intent:play_track,queue_playlist user:7f3a9c", ENTRY, entry(interpretation={"intent": "play"})),
    ("session:01JDC8", ENTRY, entry(session_id="v1:11jdc8")),
    (
        'command:jazz response:"no results"',
        response(content="There are NO results."),
        response(content="results: no"),
    ),
    ("/bpm|tempo/", ENTRY, BARE),
    (r'response:/"uri":\s*null/', ENTRY, response(content='{"uri": "spotify:track:1"}')),
    (
        "reasoning:* -intent:clarify in:>3000 until:yesterday",
        entry(timestamp=NOW_MS - DAY_MS),
        entry(timestamp=NOW_MS - HOUR_MS),
    ),
]


@pytest.mark.parametrize(("query", "found", "other"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_the_twenty_examples(query: str, found: LogEntry, other: LogEntry) -> None:
    """Each example finds a log that it should find, and not one that differs where it matters."""
    assert matches(asked(query), found)
    assert not matches(asked(query), other)


FIELDS_OF_ENTRY = [
    ("status:ok", "status:error"),
    ("status:OK,error", "-status:ok"),
    ("status:o*", "status:f*"),
    ("model:Claude-Sonnet-4", "model:claude"),
    ("m:*sonnet*", "model:*gpt*"),
    ('model:"claude-sonnet-4"', 'model:"claude*"'),
    ("model:/^claude-/", "model:/^sonnet/"),
    ("asked:claude-sonnet-4", "asked:gpt-4o"),
    ("provider:anthropic", "provider:openai"),
    ("flow:openrouter", "-flow:*"),
    ("intent:play_track", "intent:play"),
    ("user:7f3a9c", "user:7f3a9d"),
    ("u:V1:7F3A9C01", "user:3a9c01"),
    ("user:*6789", "user:v1:*0"),
    ("session:v1:01jdc8d1", "conversation:01jdc9"),
    ("id:01936f2a-7c00", "id:01936f2b"),
    ("prompt:v3", "prompt:v2"),
    ("finish:stop", "finish:length"),
    ("tag:beta", "tag:gamma"),
    ("tag:ab=b,x", "tag:ab=a"),
    ("tag:beta=true", "tag:beta=false"),
    ("source:chat", "source:api,test"),
    ("latency:1500", "latency:1499"),
    ("dur:1.5s", "duration:<1.5s"),
    ("latency:<=1500ms", "latency:<1500ms"),
    ("latency:0.01m..0.03m", "latency:1501ms..1m"),
    ("ttft:300", "ttft:>300"),
    ("tokens:4.1k", "tokens:<4100"),
    ("in:3500", "in:600"),
    ("out:600", "out:=601"),
    ("cost:$0.05", "cost:>5c"),
    ("cost:5c", "cost:0.01..0.04"),
    ("temp:0.7", "temp:>0.7"),
    ("attempts:1", "attempts:>1"),
    ("turn:2", "turn:1"),
    ("size:>1kb", "size:>1mb"),
    ("command:JAZZ", "command:jaz"),
    ("command:jaz*", "command:*x"),
    ('command:"happy 80s"', 'command:"80s happy"'),
    ("request:dj", "request:norah"),
    ("request:mood", "command:mood"),
    ("response:playing,missing", "response:tempo"),
    ("reasoning:tempo", "reasoning:happy"),
    ("result:strasse", "result:jazz"),
    ("error:*,jazz -error:*", "error:*"),
    ("is:ok", "is:error"),
    ("is:stream", "is:slow"),
    ("-is:truncated", "is:masked"),
    ("-is:test,fallback", "is:mine"),
    ("has:reasoning has:usage has:cost has:tools has:steps", "has:error"),
    ("since:60m", "since:59m"),
    ("until:3599s", "until:1h"),
    ("since:today", "since:2026-11-23T13:31"),
    ("from:2026-11-23T15:00+02:00", "to:2026-11-23T13:00Z"),
    ("until:today after:yesterday", "before:yesterday"),
    ("since:2026-11-22 until:2026-11-23", "until:2026-11-22"),
    ("since:1w", "since:2026-11-24"),
    ("mood evening", "dj"),
    ("AC/DC -play_more", "play_some_jazz"),
    ("play_some", "play_happy"),
    ("🎵", "🎸"),
    ("/STRASSE|Straße/", "/strasse/"),
    ("", "-jazz"),
]


@pytest.mark.parametrize(("found", "other"), FIELDS_OF_ENTRY)
def test_each_field(found: str, other: str) -> None:
    """Each field looks in its own place of the record, with its own kinds of value."""
    if found.startswith(("AC/DC", "error:*,")):
        assert matches(asked(found), entry(command="ac dc", error=None)) is found.startswith("AC")
    else:
        assert matches(asked(found), ENTRY)
    assert not matches(asked(other), ENTRY)


def test_every_field_is_tried() -> None:
    """No field and no alias is left out above."""
    tried = " ".join(text for pair in FIELDS_OF_ENTRY for text in pair) + " " + " ".join(e[0] for e in EXAMPLES)
    names = {part.lstrip("-").split(":")[0] for part in tried.split() if ":" in part}
    assert set(FIELDS) <= {NAMES[name].name for name in names if name in NAMES}
    assert {"m", "u", "conversation", "dur", "duration", "from", "to", "after", "before"} <= names


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.kind not in ("flag", "time")])
def test_any_value(name: str) -> None:
    """`field:*` finds the log that has a value, `-field:*` the one that has none."""
    full = msgspec.structs.replace(FAILED, tags={"a": "b"})
    assert matches(asked(f"{name}:*"), full)
    assert not matches(asked(f"-{name}:*"), full)
    always = {"status", "model", "id", "source", "size"}
    assert matches(asked(f"-{name}:*"), BARE) is (name not in always)


def test_unknown_numbers_are_in_no_range() -> None:
    """A log whose latency is not known is neither fast nor slow; excluding a range keeps it."""
    for text in ("latency:>=0", "latency:<1m", "latency:0..1m"):
        assert not matches(asked(text), BARE)
        assert matches(asked(f"-{text}"), BARE)


def test_flags() -> None:
    """Each `is:` and `has:` holds for a log made so, and for no bare one."""
    made = {
        "error": FAILED,
        "ok": ENTRY,
        "fallback": FALLEN_BACK,
        "slow": response(latency=5_000.1),
        "truncated": entry(truncated=["llmResponse.content"]),
        "masked": entry(masked={"email": 1}),
        "stream": ENTRY,
        "test": entry(source="test"),
    }
    assert set(made) == set(IS)
    for name, log in made.items():
        assert matches(asked(f"is:{name}"), log)
        assert matches(asked(f"is:{name}"), BARE) is (name == "ok")
    for name in HAS:
        assert matches(asked(f"has:{name}"), FAILED)
        assert not matches(asked(f"has:{name}"), BARE)
    assert not matches(asked("is:slow"), response(latency=5_000.0))


def test_every_flag_is_known() -> None:
    """The parser knows just the flags that a log can answer, and `mine`."""
    assert set(FIELDS["is"].known) == {*IS, "mine"}
    assert set(FIELDS["has"].known) == set(HAS)


def test_mine() -> None:
    """`is:mine` finds the logs of whoever asks, under any of their pseudonyms, and of nobody else."""
    mine = frozenset({"v2:11", ENTRY.user_id or ""})
    assert matches(asked("is:mine"), ENTRY, mine)
    assert not matches(asked("-is:mine"), ENTRY, mine)
    assert not matches(asked("is:mine"), ENTRY, frozenset({"v2:11"}))
    assert not matches(asked("is:mine"), BARE, mine)
    assert flag("is", "mine", ENTRY, mine)


@pytest.mark.parametrize("place", ["command", "user message", "answer", "reasoning", "result", "error", "type"])
def test_free_words_look_everywhere(place: str) -> None:
    """A free word is found in each text that a person typed, read or saw."""
    logs = {
        "command": entry(command="xyzzy"),
        "user message": request(messages=["x", {"role": "user", "content": "xyzzy"}, {"role": "assistant"}]),
        "answer": response(content="xyzzy"),
        "reasoning": response(reasoning="xyzzy"),
        "result": entry(result=Result(success=True, message="xyzzy")),
        "error": entry(error=ErrorInfo(type="x", message="xyzzy")),
        "type": entry(error=ErrorInfo(type="xyzzy", message="")),
    }
    for text in ("xyzzy", "XYZZY", "xyz*", "*zzy", "x*z*y", "/xyz+y/", '"xyzzy"'):
        assert matches(asked(text), logs[place])
        assert not matches(asked(text), ENTRY)
        assert not matches(asked(f"-{text}"), logs[place])


def test_free_words_do_not_look_in_prompts() -> None:
    """System prompt and earlier messages are looked in by `request:` only."""
    messages = [
        {"role": "system", "content": "xyzzy"},
        {"role": "user", "content": "xyzzy"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "user", "content": "again"},
    ]
    log = request(messages=messages)
    assert not matches(asked("xyzzy"), log)
    assert matches(asked("request:xyzzy"), log)
    assert matches(asked("again"), log)


def test_words_in_a_row_stand_in_one_text() -> None:
    """A phrase does not begin in one text and end in another."""
    log = entry(command="kind of", result=Result(success=True, message="blue"))
    assert matches(asked("kind of blue"), log)
    assert not matches(asked('"kind of blue"'), log)


@pytest.mark.parametrize("message", [7, None, "plain", [], {"content": 7}, {"role": "user"}, {"content": [1, {}]}])
def test_odd_messages(message: object) -> None:
    """Messages of any shape are looked through without fail."""
    log = request(messages=[message])
    assert matches(asked("request:plain"), log) is (message == "plain")
    assert not matches(asked("mood"), log)


def test_one_matcher_for_many_logs() -> None:
    """A query made ready once answers for every log as if it were alone."""
    for text in ("/tempo/ beyonce", "-jazz", "model:/o3/", "is:ok latency:*"):
        matcher = Matcher(asked(text))
        assert [matcher.matches(log) for log in (ENTRY, BARE, FAILED)] == [
            matches(asked(text), log) for log in (ENTRY, BARE, FAILED)
        ]


def test_what_is_read_was_not_valid_text() -> None:
    """A lone surrogate in a log or a query is a character like any other."""
    log = entry(command="half \ud83d emoji")
    assert matches(asked("emoji /half . emoji/"), log)
    assert not matches(asked("/half\ud83demoji/"), log)
