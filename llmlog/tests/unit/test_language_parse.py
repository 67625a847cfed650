"""Reading and printing queries: any text is read or told why not, and what is printed is read as the same."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from language_world import NOW, NOW_MS, asked

from llmlog.query.language import MAX_CHARACTERS, Query, QuerySyntaxError, ordered, parse, printed, unplaced
from llmlog.query.language.fields import FIELDS, NAMES
from llmlog.query.language.tree import Anything, Exact, Flag, Moment, Numbers, Pattern, Regex, Words

PIECES = [
    *(f"{name}:" for name in NAMES), "foo:", "modl:", "spotify:", "http://", "OR", "AND", "NOT", "||", "&&",
    " ", "  ",
    "-", "*", "**", '"', "“", "”", "/", "\\", "\\/", '\\"', ",", "(", ")", ">", ">=", "<", "=", "..", "1s", "2.5",
    "4k", "$0.05", "5c", "10kb", "error", "ok", "reasoning", "2h", "today", "2026-11-23", "jazz", "Beyoncé", "日本",
    "🎵", "claude*", "7f3a9c", "v1:7f3a9c", "a.*b", "[x", "AC/DC", "&", "!!!", "\n", "\ud83d", "chat", "test",
]  # fmt: skip
QUERIES = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join),
    st.text(max_size=40),
)


@given(QUERIES)
@settings(max_examples=3_000)
def test_any_text_is_read_or_explained(text: str) -> None:
    """Any text is a query, or an error with a sentence, a place inside the text, and a fix that differs."""
    try:
        query = asked(text)
    except QuerySyntaxError as error:
        assert error.message.endswith((".", '".'))
        assert 0 <= error.start <= error.end <= len(text)
        assert error.start < error.end
        assert error.fix is None or error.fix != text
    else:
        assert query.text == text
        edges = [edge for term in query.terms for edge in (term.start, term.end)]
        assert edges == sorted(edges)
        for term in query.terms:
            assert 0 <= term.start < term.end <= len(text)
            assert not text[term.start].isspace()
            assert term.values
            for value in term.values:
                assert term.start <= value.start < value.end <= term.end
            assert text[term.start] == "-" if term.negated else True


@given(QUERIES)
@settings(max_examples=3_000)
def test_what_is_printed_is_read_as_the_same(text: str) -> None:
    """A printed query means the same, and printing it again changes nothing."""
    try:
        query = asked(text)
    except QuerySyntaxError:
        return
    shown = printed(query)
    assume(len(shown) <= MAX_CHARACTERS)
    again = asked(shown)
    assert unplaced(again) == unplaced(ordered(query))
    assert printed(again) == shown


@given(QUERIES)
@settings(max_examples=500)
def test_a_fix_is_a_step_forward(text: str) -> None:
    """Following the fixes ends, at a query or at an error that only a person can mend."""
    for _ in range(60):
        try:
            asked(text)
            return
        except QuerySyntaxError as error:
            if error.fix is None:
                return
            text = error.fix
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("", ""),
        ("  jazz   swing ", "jazz swing"),
        ("jazz m:claude* status:error", "status:error model:claude* jazz"),
        ("MODEL:a,b -U:7f3a9c", "model:a,b -user:7f3a9c"),
        ("“happy 80s”", '"happy 80s"'),
        ('"jazz"', "jazz"),
        ('"play*"', '"play*"'),
        ("play*", "play*"),
        ('"say \\"hi\\" \\\\o/"', '"say \\"hi\\" \\\\o/"'),
        ('"OR" x', '"OR" x'),
        ("OR jazz", '"OR" jazz'),
        ("a AND b && c", "a b c"),
        ("AND jazz AND", '"AND" jazz "AND"'),
        ("rock and not roll or pop", "rock and not roll or pop"),
        ("latency:>2S since:2H", "since:2H latency:>2s"),
        ("IS:Slow,ERROR", "is:slow,error"),
        (r"/a\/b\\/ x", r"/a\/b\\/ x"),
        ("Mission: Impossible", "Mission: Impossible"),
        ("spotify:track:4uLU https://open.spotify.com/x", "spotify:track:4uLU https://open.spotify.com/x"),
        ('command:"no results",jazz', 'command:"no results",jazz'),
        ('model:"a,b",c', 'model:"a,b",c'),
        ("--x", '-"-x"'),
        ("Earth, Wind & Fire", "Earth, Wind Fire"),
        ('"(live)" 12" vinyl', '"(live)" 12" vinyl'),
        ("12:30 a-b title)", "12:30 a-b title)"),
    ],
)
def test_the_printed_form(typed: str, shown: str) -> None:
    """Fields come first, by their full names and in one order; text stays as it was typed."""
    assert printed(asked(typed)) == shown


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("jazz", Words(text="jazz", tokens=("jazz",))),
        ("Play*", Words(text="Play*", tokens=("play*",))),
        ('"Kind of Blue"', Words(text="Kind of Blue", tokens=("kind", "of", "blue"))),
        ("/a|b/", Regex(source="a|b")),
        ("model:*", Anything()),
        ("model:Claude", Exact(text="Claude", folded="claude")),
        ("model:Claude*", Pattern(text="Claude*", folded="claude*")),
        ("user:v1:7F3A9C", Exact(text="v1:7F3A9C", folded="7f3a9c")),
        ("reasoning:Tempo", Words(text="Tempo", tokens=("tempo",))),
        ("is:OK", Flag(name="ok")),
        ("latency:>2s", Numbers(text=">2s", low=2000.0, low_included=False)),
        ("latency:<=2m", Numbers(text="<=2m", high=120_000.0)),
        ("cost:5c", Numbers(text="5c", low=0.05, high=0.05)),
        ("size:1kb..2mb", Numbers(text="1kb..2mb", low=1e3, high=2e6)),
        ("since:2h", Moment(text="2h", at_ms=NOW_MS - 7_200_000)),
    ],
)
def test_the_node_of_each_kind_of_value(typed: str, value: object) -> None:
    """Each kind of value has its own node, in the field's own unit."""
    [term] = unplaced(asked(typed)).terms
    assert term.values == (value,)


def test_terms_know_their_place() -> None:
    """Each term and value stands where it was typed, so that a page can colour and underline it."""
    text = '  jazz -model:"a b",gpt*  since:“2h” /x y/'
    query = asked(text)
    assert [text[term.start : term.end] for term in query.terms] == [
        "jazz",
        '-model:"a b",gpt*',
        "since:“2h”",
        "/x y/",
    ]
    values = [text[value.start : value.end] for term in query.terms for value in term.values]
    assert values == ["jazz", '"a b"', "gpt*", "“2h”", "/x y/"]
    assert [term.negated for term in query.terms] == [False, True, False, False]


@pytest.mark.parametrize(("alias", "name"), [(n, field.name) for n, field in NAMES.items()])
def test_names_in_any_case(alias: str, name: str) -> None:
    """Each field is known by its name and aliases, in small and capital letters."""
    values = {"time": "2h", "key": "7f3a9c", "number": "1"}
    value = values.get(FIELDS[name].kind) or (FIELDS[name].known or ("x",))[0]
    for typed in (alias, alias.upper()):
        [term] = asked(f"{typed}:{value}").terms
        assert term.field == name


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "zone", "expected"),
    [
        ("since:15m", BERLIN, NOW - timedelta(minutes=15)),
        ("until:7d", BERLIN, NOW - timedelta(days=7)),
        ("since:30s", BERLIN, NOW - timedelta(seconds=30)),
        ("since:today", BERLIN, datetime(2026, 11, 23, tzinfo=BERLIN)),
        ("until:today", BERLIN, datetime(2026, 11, 24, tzinfo=BERLIN)),
        ("since:yesterday", BERLIN, datetime(2026, 11, 22, tzinfo=BERLIN)),
        ("until:yesterday", BERLIN, datetime(2026, 11, 23, tzinfo=BERLIN)),
        ("since:2026-10-25", BERLIN, datetime(2026, 10, 25, tzinfo=BERLIN)),
        ("until:2026-10-25", BERLIN, datetime(2026, 10, 26, tzinfo=BERLIN)),
        ("since:2026-11-23T14:00", BERLIN, datetime(2026, 11, 23, 14, tzinfo=BERLIN)),
        ("until:2026-11-23T14:00:05", BERLIN, datetime(2026, 11, 23, 14, 0, 5, tzinfo=BERLIN)),
        ("until:2026-11-23t14:00z", BERLIN, datetime(2026, 11, 23, 14, tzinfo=NOW.tzinfo)),
        ("since:today", timezone(timedelta(hours=14)), datetime(2026, 11, 23, 10, tzinfo=NOW.tzinfo)),
        ("since:999999w", BERLIN, datetime(1970, 1, 1, tzinfo=NOW.tzinfo)),
        ("since:0001-01-01", timezone(timedelta(hours=14)), datetime(1970, 1, 1, tzinfo=NOW.tzinfo)),
    ],
)
def test_times(typed: str, zone: ZoneInfo, expected: datetime) -> None:
    """Times count from the clock and days from the zone that are handed in; `until:` takes a day in."""
    [term] = parse(typed, NOW_MS, zone).terms
    [value] = term.values
    assert isinstance(value, Moment)
    assert value.at_ms == int(expected.timestamp() * 1000)


def test_the_span_of_time() -> None:
    """Of several times the narrowest count, and without any the span is open."""
    query = asked("since:2h since:7d until:1h until:today")
    assert (query.since_ms(), query.until_ms()) == (NOW_MS - 7_200_000, NOW_MS - 3_600_000)
    assert (asked("jazz").since_ms(), Query().until_ms()) == (None, None)


def test_a_query_is_fit_for_sets() -> None:
    """Queries are immutable and compare by what they say and where."""
    assert asked("jazz x") == asked("jazz x")
    assert asked(" jazz") != asked("jazz")
    assert unplaced(asked(" jazz")) == unplaced(asked('"jazz"'))
    assert len({asked("jazz"), asked("jazz")}) == 1
    with pytest.raises(AttributeError):
        asked("jazz").text = "x"  # type: ignore[misc]
