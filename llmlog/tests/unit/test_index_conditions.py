"""Queries that the index's library cannot take, or takes for something else: they mean what the scan says."""

from __future__ import annotations

import random

import pytest

from llmlog import LlmRequest, LogEntry
from llmlog.query.index.memory import in_memory
from llmlog.query.language import Matcher, parse

TAGS = ("a\nb", "ab", "x" * 17_000 + "end", "aXbXcXdXe", "(a|b)", "a.b", "é", "")


def entries() -> list[LogEntry]:
    """A log for each tag, with the same as its command."""
    request = LlmRequest(model="m")
    return [
        LogEntry(id=f"entry-{n}", timestamp=n, command=tag, tags={tag: 1}, llm_request=request)
        for n, tag in enumerate(TAGS)
    ]


def agreed(query: str) -> set[str]:
    """The ids that match; fails where the index says otherwise, or fewer where it does not decide."""
    read = parse(query, 0)
    scanned = {each.id for each in entries() if Matcher(read).matches(each)}
    snapshot = in_memory(entries())
    indexed = {member.id for member in snapshot.candidates(read, None)}
    assert indexed == scanned or (not snapshot.exact(read) and indexed > scanned), query
    return scanned


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tag:a*b", {"entry-0", "entry-1", "entry-5"}),
        ("tag:*end", {"entry-2"}),
        ("*end", {"entry-2"}),
        ("tag:*d", {"entry-2"}),
        ("-tag:*end", {f"entry-{n}" for n in (0, 1, 3, 4, 5, 6, 7)}),
        ("tag:a*x*x*x*x*", {"entry-3"}),
        ("a*x*x*x*x*", {"entry-3"}),
        ("tag:(*)", {"entry-4"}),
        ("tag:*.*", {"entry-5"}),
        ("tag:\ud800", set()),
        ("tag:\ud800*", set()),
        ("-tag:\ud800", {f"entry-{n}" for n in range(8)}),
        ('tag:"=1"', {"entry-7"}),
    ],
)
def test_what_patterns_mean(query: str, found: set[str]) -> None:
    """Over lines, to the end of the longest value, with signs that mean something elsewhere."""
    assert agreed(query) == found


@pytest.mark.parametrize("seed", range(20))
def test_any_pattern_is_taken(seed: int) -> None:
    """However long it is and however many stars it has, a pattern is answered and agrees with the scan."""
    chance = random.Random(seed)
    signs = chance.choice(("ab*", "aé*", "é日*", "\U0001f600a*", "a*", "x*"))
    pattern = "".join(chance.choices(signs, k=chance.choice((5, 50, 400, 900)))).strip("*") or "a"
    agreed(f"tag:{pattern}*")
    agreed(f"tag:*{pattern}")
    agreed(f"id:{'entry-' + pattern[:60]}")
