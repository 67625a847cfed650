"""Folding: case, accents and forms never matter."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlog.query.folding import folded

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
