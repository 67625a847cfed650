"""Folding and matching: case, accents and forms never matter."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlog import LlmRequest, LlmResponse, LogEntry
from llmlog.query.folding import folded
from llmlog.query.scan import matches, terms

texts = st.text(st.characters(codec="utf-8"), max_size=30)


@given(texts)
@settings(max_examples=500)
def test_forms_and_case_do_not_matter(text: str) -> None:
    """Whatever normal form and case a text comes in, it folds to the same; folded again it stays."""
    wanted = folded(text)
    assert folded(wanted) == wanted
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert folded(unicodedata.normalize(form, text)) == wanted
    assert folded(folded(text).upper()) == folded(text.upper())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Beyoncé", "BEYONCE"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("Ｊａｚｚ", "jazz"),
        ("İstanbul", "istanbul"),
        ("Ω", "ω"),
        ("Σίσυφος", "ΣΙΣΥΦΟΣ"),
        ("Ⅷ", "viii"),
        ("Motörhead", "Motörhead"),
    ],
)
def test_the_same_word(one: str, other: str) -> None:
    """Two spellings of one word fold to the same."""
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("日本", "日木"), ("ja zz", "jazz"), ("がく", "かい"), ("a", "ä b")])
def test_different_words_stay_different(one: str, other: str) -> None:
    """Folding does not make different words one."""
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("jazz", ["jazz"]),
        ("  Kind   OF ", ["kind", "of"]),
        ('"Kind of Blue" miles', ["kind of blue", "miles"]),
        ("“Kind of Blue”", ["kind of blue"]),
        ('"open end', ['"open', "end"]),
        ('""', []),
        ('a"b c"d', ['a"b', 'c"d']),
        ("\u0301", []),
    ],
)
def test_terms(query: str, found: list[str]) -> None:
    """Words and quoted phrases, folded; an open quote is an ordinary character."""
    assert terms(query) == found


@given(texts, texts, texts)
def test_what_is_in_is_found(before: str, inside: str, after: str) -> None:
    """A word of what was asked or answered is found, wherever it stands."""
    text = f"{before} {inside} {after}"
    request = LlmRequest(model="m", messages=[{"role": "user", "content": text}])
    for entry in (
        LogEntry(llm_request=LlmRequest(model="m"), command=text),
        LogEntry(llm_request=request),
        LogEntry(llm_request=LlmRequest(model="m"), llm_response=LlmResponse(content=text)),
    ):
        wanted = [term for term in terms(inside) if '"' not in inside]
        assert matches(entry, wanted)


def test_only_the_last_user_message_counts() -> None:
    """Earlier turns come again with every call: a search finds the turn itself, not all later ones."""
    messages = [
        {"role": "user", "content": "jazz"},
        {"role": "assistant", "content": "ok"},
        {"role": "user", "content": "rock"},
    ]
    entry = LogEntry(llm_request=LlmRequest(model="m", messages=[*messages, "odd", 5, {"role": "user"}]))
    assert not matches(entry, ["jazz"])
    entry = LogEntry(llm_request=LlmRequest(model="m", messages=messages))
    assert matches(entry, ["rock"])
    assert not matches(entry, ["jazz"])
