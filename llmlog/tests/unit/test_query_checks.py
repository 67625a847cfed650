"""Arguments of reads: what is taken, and that cursors come back as they were given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlog import BadRequest
from llmlog.query import checks
from llmlog.query.results import Coverage
from llmlog.store.redis_store import Member


@given(st.integers(0, 10**15 - 1), st.from_regex(r"[A-Za-z0-9_-]{6,64}", fullmatch=True))
def test_cursors_come_back(timestamp: int, entry_id: str) -> None:
    """A cursor that was given is taken back as the same place."""
    member = Member(timestamp, entry_id)
    assert checks.cursor(checks.cursor_text(member)) == member


@given(st.text(st.characters(), max_size=40))
def test_any_text_is_taken_or_refused_by_name(text: str) -> None:
    """Whatever text arrives, a check takes it as it is or refuses it with its field; nothing else happens."""
    for check, field in (
        (checks.cursor, "cursor"),
        (checks.day, "date"),
        (checks.entry_id, "id"),
        (checks.pseudonym, "pseudonym"),
    ):
        try:
            check(text)
        except BadRequest as error:
            assert error.field == field
            assert error.message


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (checks.limit, 1),
        (checks.limit, 500),
        (checks.page, 1_000_000),
        (checks.day, "2028-02-29"),
        (checks.entry_id, "abcdef"),
        (checks.pseudonym, "abcdef"),
        (checks.pseudonym, "v1:" + "0" * 32),
    ],
)
def test_what_is_taken(check: Callable[[Any], Any], value: Any) -> None:
    """The edges of what is allowed come back as they are."""
    assert check(value) == value
    assert checks.cursor(None) is None


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (checks.limit, 0),
        (checks.limit, 501),
        (checks.page, 0),
        (checks.page, 1_000_001),
        (checks.day, "2027-02-29"),
        (checks.day, "2026-11-23\n"),
        (checks.day, "٢٠٢٦-١١-٢٣"),
        (checks.day, "0000-01-01"),
        (checks.entry_id, "abcde"),
        (checks.entry_id, "abcdef\n"),
        (checks.pseudonym, "abcde"),
        (checks.pseudonym, "ABCDEF"),
        (checks.pseudonym, "v1:abc*def"),
        (checks.cursor, "-1.abcdef"),
        (checks.cursor, "1.abcdef\n"),
        (checks.cursor, "٣.abcdef"),
        (checks.cursor, "1" * 16 + ".abcdef"),
    ],
)
def test_what_is_refused(check: Callable[[Any], Any], value: Any) -> None:
    """One step over the edge is refused, with what to give instead."""
    with pytest.raises(BadRequest) as caught:
        check(value)
    assert caught.value.message[-1] in ".`"


def test_the_sentence_of_a_search() -> None:
    """It says how much was read of how much, and how far back when that was not all."""
    part = Coverage(searched=12_000, total=48_000, complete=False, back_to=1_795_425_120_000, next="x")
    assert part.sentence() == "Searched 12,000 of 48,000 logs, back to 2026-11-23 09:12 UTC."
    assert Coverage(searched=5, total=5, complete=True, back_to=1).sentence() == "Searched 5 of 5 logs."
