"""What a query cannot say is told in one sentence, with its place and, where certain, the mended query."""

from __future__ import annotations

import time

import pytest
from language_world import NOW_MS, asked

from llmlog import BadRequest
from llmlog.query.language import QuerySyntaxError, parse

IN_QUOTES = "To search for the text itself, put it in quotes."
BRACKETS = "Brackets are not supported. All terms must match; use a comma for alternatives: model:claude*,gpt*."
OR = (
    "OR is not supported. For alternatives in one field use a comma (model:claude*,gpt*); for alternative words "
    "use /jazz|swing/."
)
TIME = "since needs a time: 15m, 2h, 7d, today, yesterday, 2026-11-23 or 2026-11-23T14:00."
NO_SIGNS = "To search for signs, use a regular expression, for example /[!?]/."
RUN = (
    "In Chinese, Japanese, Korean, Thai and between symbols, * works only at the end. Leave it out there, and "
    "write two words."
)


def refused(text: str) -> QuerySyntaxError:
    """The error of a query that cannot be read."""
    with pytest.raises(QuerySyntaxError) as caught:
        asked(text)
    return caught.value


TABLE = [
    (
        "modl:claude",
        'There is no field “modl”. Did you mean model:? To search for this text, put it in quotes: "modl:claude".',
        "modl",
        "model:claude",
    ),
    (
        "foo:bar",
        "There is no field “foo”. Press ? for the list of fields. To search for this text, put it in quotes: "
        '"foo:bar".',
        "foo",
        None,
    ),
    ("latency:fast", "latency needs a number, for example latency:>2s.", "fast", None),
    ("latency:>2x", "“x” is not a unit for latency. Use ms, s, m.", ">2x", None),
    ("latency:3s..1s", "This range is empty: 3s is more than 1s.", "3s..1s", None),
    ("latency:1s,2s", "latency takes one number or range, for example latency:1s..3s.", "1s,2s", None),
    ("model:", "model: needs a value. To find logs that have any model, write model:*.", "model:", "model:*"),
    (
        "model:>5",
        "model is not a number, so > does not work here. Use model:5 or model:5*.",
        ">5",
        None,
    ),
    ("model:claude,,gpt", "There is an empty alternative in model:. Remove the extra comma.", ",", None),
    (
        "status:eror",
        "status has no value “eror”. Did you mean status:error? Known: ok, fallback, error.",
        "eror",
        None,
    ),
    (
        "is:bad",
        "is:bad is not known. Known: error, ok, fallback, slow, truncated, masked, stream, mine, test.",
        "bad",
        None,
    ),
    ("since:soon", TIME, "soon", None),
    ("-since:2h", "since: cannot be excluded with -.", "-since:", None),
    ('"never closed', "This quote is never closed.", '"never closed', '"never closed"'),
    (
        "/(/",
        "This regular expression is not valid: missing ), unterminated subpattern at character 1.",
        "/(/",
        None,
    ),
    (
        "/v1/chat",
        f"A term that starts with / is a regular expression and must end at its second /. {IN_QUOTES}",
        "/v1/chat",
        '"/v1/chat"',
    ),
    ("jazz OR swing", OR, "OR", None),
    ("NOT jazz", "To exclude something, put - in front of it: -jazz or -status:error.", "NOT", "-jazz"),
    ("(jazz)", BRACKETS, "(", None),
    ("*", "* alone matches every log. Leave the search empty instead.", "*", ""),
]


@pytest.mark.parametrize(("text", "message", "part", "fix"), TABLE, ids=[row[0] for row in TABLE])
def test_the_twenty_errors(text: str, message: str, part: str, fix: str | None) -> None:
    """Each error a person is likely to meet has its sentence, its place and its mended query."""
    error = refused(text)
    assert error.message == str(error) == message
    assert text[error.start : error.end] == part
    assert error.fix == fix


def test_there_are_twenty() -> None:
    """The table above is whole."""
    assert len({row[0] for row in TABLE}) == 20


@pytest.mark.parametrize(("text", "message", "part", "fix"), TABLE, ids=[row[0] for row in TABLE])
def test_places_hold_in_the_middle_of_a_query(text: str, message: str, part: str, fix: str | None) -> None:
    """Behind other terms an error has the same sentence, moved on; its mended query keeps those terms."""
    before = "flow:direct  "
    error = refused(before + text)
    alone = refused(text)
    assert error.message == message
    assert (error.start, error.end) == (alone.start + len(before), alone.end + len(before))
    assert error.fix == (None if fix is None else (before + fix).strip())


@pytest.mark.parametrize("fix", [row[3] for row in TABLE if row[3] is not None])
def test_a_mended_query_can_be_read(fix: str) -> None:
    """What **Fix** puts in the box is a query."""
    asked(fix)


@pytest.mark.parametrize(
    ("text", "message", "part"),
    [
        ("latency:", "latency: needs a value. To find logs that have any latency, write latency:*.", "latency:"),
        ("m: claude", "model: needs a value. To find logs that have any model, write model:*.", "m:"),
        ("since:", TIME, "since:"),
        ("until:>2h", TIME.replace("since", "until"), ">2h"),
        ("since:2h,3h", "since takes one time, for example since:2h.", "2h,3h"),
        ("since:2026-02-30", TIME, "2026-02-30"),
        ("since:9999-99-99T00:00", TIME, "9999-99-99T00:00"),
        ("until:9999-12-31", TIME.replace("since", "until"), "9999-12-31"),
        ("since:1h until:2h", "This time range is empty: since: must be before until:.", "until:2h"),
        (
            "has:",
            "has: needs a value. Known: reasoning, usage, cost, error, tools, steps.",
            "has:",
        ),
        (
            "has:eror",
            "has:eror is not known. Did you mean has:error? Known: reasoning, usage, cost, error, tools, steps.",
            "eror",
        ),
        ("is:*", refused("is:bad").message.replace("bad", "*"), "*"),
        ("status:x*", "status has no value “x*”. Known: ok, fallback, error.", "x*"),
        ("status:running", "status has no value “running”. Known: ok, fallback, error.", "running"),
        ("source:replay", "source has no value “replay”. Known: chat, api, test, import.", "replay"),
        ("cost:5x", "“x” is not a unit for cost. Use $, c.", "5x"),
        ("in:>1z", "“z” is not a unit for in. Use k, m.", ">1z"),
        ("size:2x", "“x” is not a unit for size. Use b, kb, mb.", "2x"),
        ("temp:1s", "“s” is not a unit for temp. Leave it out.", "1s"),
        ("latency:1..", "latency needs a number, for example latency:>2s.", "1.."),
        ("tokens:$5", "tokens needs a number, for example tokens:>4k.", "$5"),
        ("cost:1,2", "cost takes one number or range, for example cost:0.01..0.05.", "1,2"),
        ("latency:٢", "latency needs a number, for example latency:>2s.", "٢"),
        ("user:7f3", "user needs at least six characters, for example user:7f3a9c.", "7f3"),
        ("u:v1:7f3", "user needs at least six characters, for example user:7f3a9c.", "v1:7f3"),
        ("command:!!!", f"There are no letters or digits in “!!!”. {NO_SIGNS}", "!!!"),
        ("!!! ??", f"There are no letters or digits in “!!!”. {NO_SIGNS}", "!!!"),
        ("jazz -&", f"There are no letters or digits in “&”. {NO_SIGNS}", "&"),
        ('jazz "&"', f"There are no letters or digits in “&”. {NO_SIGNS}", '"&"'),
        ('""', "This quote is empty.", '""'),
        ("日*語", RUN, "日*語"),
        ("command:🎵*🎵", RUN, "🎵*🎵"),
        ("//", "This regular expression is empty.", "//"),
        ("/[a/", "This regular expression is not valid: missing ] at character 1.", "/[a/"),
        ("/a(b(c)/", refused("/(/").message.replace("character 1", "character 2"), "/a(b(c)/"),
        ("/[(]x(/", refused("/(/").message.replace("character 1", "character 5"), "/[(]x(/"),
        (r"/\((/", refused("/(/").message.replace("character 1", "character 3"), r"/\((/"),
        ("/a)b/", "This regular expression is not valid: there is no ( for this ) at character 2.", "/a)b/"),
        ("/x**/", "This regular expression is not valid: one repetition after another at character 2.", "/x**/"),
        (
            "/a(?=b)/",
            "This regular expression is not valid: look-around and the like are not supported at character 2.",
            "/a(?=b)/",
        ),
        (
            r"/(a)\1/",
            "This regular expression is not valid: this escape is not supported at character 4.",
            r"/(a)\1/",
        ),
        (
            "/a.{900}c.{900}/",
            "This regular expression is not valid: it is too large; repeat less.",
            "/a.{900}c.{900}/",
        ),
        (
            f"/{'a' * 201}/",
            "A regular expression can have at most 200 characters.",
            f"/{'a' * 201}/",
        ),
        (
            "/open end",
            f"A term that starts with / is a regular expression and needs a closing /. {IN_QUOTES}",
            "/open",
        ),
        ("/a/ /b/ -/c/ command:/d/,/e/ /f/", "A query can have at most 5 regular expressions.", "/f/"),
        ("a || b", OR, "||"),
        ("jazz OR", OR, "OR"),
        ("-(jazz)", BRACKETS, "("),
        ('foo:"bar x', TABLE[1][1], "foo"),
    ],
)
def test_other_errors(text: str, message: str, part: str) -> None:
    """The rarer faults are told as plainly."""
    error = refused(text)
    assert error.message == message
    assert text[error.start : error.end] == part


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("jazz NOT status:ok", "jazz -status:ok"),
        ("NOT -jazz", None),
        ("jazz * swing", "jazz  swing"),
        ("-* jazz", "jazz"),
        ('"a\\', '"a\\\\"'),
        ("“open", '"open"'),
        ('"', None),
        ("see /a b", 'see "/a" b'),
        ("-modle:o3", "-model:o3"),
        ("Model: a", "Model:* a"),
    ],
)
def test_fixes(text: str, fix: str | None) -> None:
    """A mended query is offered whole, and only where it is certain."""
    assert refused(text).fix == fix
    if fix is not None:
        asked(fix)


def test_it_is_a_bad_request() -> None:
    """API and pages answer a faulty query as they answer any faulty argument, naming `q`."""
    error = refused("modl:x")
    assert isinstance(error, BadRequest)
    assert error.field == "q"


def test_a_thousand_characters_are_enough() -> None:
    """A query of 1,000 characters is read; one more is refused with the place where it is too long."""
    text = "jazz " * 200
    assert len(asked(text).terms) == 200
    error = refused(text + "x")
    assert (error.message, error.start, error.end) == ("The query is longer than 1,000 characters.", 1000, 1001)


@pytest.mark.parametrize("unit", ["a", '"', "/", "(", "-", "model:a,", "*", "\\", "é "])
def test_a_megabyte_is_refused_at_once(unit: str) -> None:
    """A query of a megabyte costs nothing."""
    text = unit * (1_000_000 // len(unit))
    start_s = time.perf_counter()
    with pytest.raises(QuerySyntaxError, match="longer than"):
        parse(text, NOW_MS)
    assert time.perf_counter() - start_s < 0.05


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a*",
        '"',
        '"a" ',
        "/",
        "/a/ ",
        "-",
        "model:a ",
        "model:a,",
        "\\",
        "is:ok ",
        "&& ",
        "日",
        "* ",
        "OR ",
        "a&",
    ],
)
def test_a_thousand_characters_are_read_quickly(unit: str) -> None:
    """Whatever a full query is made of, reading it takes no time that a person would notice."""
    text = (unit * 1000)[:1000]
    start_s = time.perf_counter()
    try:
        asked(text)
    except QuerySyntaxError as error:
        assert error.message
    assert time.perf_counter() - start_s < 0.5
