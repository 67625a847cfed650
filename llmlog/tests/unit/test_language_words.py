"""Words, folding and marks: index, scan and pages agree on what a word is, in every script."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from language_world import ENTRY, asked, entry

from llmlog.query.folding import folded, placed_tokens, tokens
from llmlog.query.language import highlights, matches
from llmlog.query.language.words import fits, phrase_tokens, word_tokens

MIXED = st.text(
    st.sampled_from(
        [*"abA1 _-*/'éß\u0301ıİIñ日本語がガｶﾞ한ᄒ\u1161\u11abไท\u0e49हि🎵👍🏽♥\ufe0f\u200d½ﬁ\ud83d\u00ad.\n"]
    ),
    max_size=12,
)
ANY = st.one_of(MIXED, st.text(max_size=20))


def escaped(text: str) -> str:
    """A text as it stands between quotes."""
    return text.translate(str.maketrans({"\\": "\\\\", '"': '\\"', "“": '\\"', "”": '\\"', "„": '\\"'}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Play some Beyoncé!", ["play", "some", "beyonce"]),
        ("Beyonce\u0301", ["beyonce"]),
        ("play_track AC/DC", ["play", "track", "ac", "dc"]),
        ("Straße", ["strasse"]),
        ("İstanbul ISPARTA ısparta", ["istanbul", "isparta", "isparta"]),
        ("Røyksopp Łona Sigur Rós Mø", ["royksopp", "lona", "sigur", "ros", "mo"]),
        ("日本語 x", ["日本", "本語", "語", "x"]),
        ("abc日本de", ["abc", "日本", "本", "de"]),
        ("日", ["日"]),
        ("한국어", ["한국", "국어", "어"]),
        (unicodedata.normalize("NFD", "한국어"), ["한국", "국어", "어"]),
        ("がく", ["がく", "く"]),
        ("ｶﾞ", ["ガ"]),
        ("ไทย", ["ไท", "ทย", "ย"]),
        ("हिन्दी", ["हिनदी"]),
        ("🎵👍🏽 ♥\ufe0f", ["🎵", "👍", "🏽", "♥"]),
        ("Bey\u00adon\u200bce", ["beyonce"]),
        ("½ ﬁne Ⅷ", ["1", "2", "fine", "viii"]),
        (" \n—…!", []),
    ],
)
def test_words_of_a_text(text: str, found: list[str]) -> None:
    """A text is cut into the words that a person would name."""
    assert tokens(text) == found


@given(ANY)
@settings(max_examples=1_000)
@example("ᄀ\u200dᅣ")
@example("が")
@example("ß日本")
def test_places_agree_with_words(text: str) -> None:
    """Words with places are the words, in order, each within the text and folding to what contains it."""
    placed = placed_tokens(text)
    assert [token.text for token in placed] == tokens(text)
    for token in placed:
        assert 0 <= token.start < token.end <= len(text)
        assert token.text in folded(text[token.start : token.end])


@given(ANY)
@settings(max_examples=500)
def test_words_do_not_depend_on_form(text: str) -> None:
    """Normal form and case change no word; folding twice is folding once."""
    wanted = tokens(text)
    assert tokens(folded(text)) == wanted
    for form in ("NFC", "NFD"):
        assert tokens(unicodedata.normalize(form, text)) == wanted


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("beyonce", "BEYONCÉ", True),
        ("Beyoncé", "beyonce", True),
        ("straße", "STRASSE", True),
        ("strasse", "Straße", True),
        ("ısparta", "ISPARTA", True),
        ("istanbul", "İSTANBUL", True),
        ("jazz", "jazzy", False),
        ("jazz*", "jazzy", True),
        ("*azz", "jazz", True),
        ("j*z", "jazz", True),
        ("j*z", "jab zoo", False),
        ("b*once", "Beyoncé", True),
        ("AC/D*", "ac/dc live", True),
        ("AC/D*", "ac is not dc", False),
        ("日本", "新日本語", True),
        ("語", "日本語です", True),
        ("日", "日", True),
        ("日", "本", False),
        ("日本語", "日本の語", False),
        ("日本*", "日本語", True),
        ("*本", "日本", True),
        ('"日本 jazz"', "日本 jazz", True),
        ('"日本 jazz"', "日本語 jazz", False),
        ('"語 jazz"', "日本語 jazz", True),
        ("한국", "한국어", True),
        ("ไทย", "ภาษาไทย", True),
        ("🎵", "now 🎵 playing", True),
        ("🎵*", "🎵", True),
        ("👍", "👍🏽", True),
        ("♥", "♥\ufe0f", True),
        ("P!nk", "p!nk", True),
        ("P!nk", "pink", False),
        ("don't", "Don’t stop", True),
        ("हिन्दी", "यह हिन्दी है", True),
    ],
)
def test_words_found(typed: str, text: str, found: bool) -> None:
    """A word is found as a whole word, however it is written; scripts without spaces are found anywhere."""
    log = entry(command=text, llm_response=None, result=None)
    assert matches(asked(typed), log) is found
    assert bool(highlights(asked(typed), text)) is found


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("play*", ("play*",)),
        ("a**b", ("a*b",)),
        ("AC/*", ("ac", "*")),
        ("日本*", ("日本",)),
        ("*日", ("日*",)),
        ("*🎵*", ("🎵",)),
        ("日*", ("日*",)),
        ("a*b日本", ("a*b", "日本")),
        ("*-*", ()),
    ],
)
def test_stars_of_a_word(typed: str, expected: tuple[str, ...]) -> None:
    """A star stays with its word; beside text without spaces it says nothing."""
    assert word_tokens(typed) == expected


def test_stars_in_quotes_are_signs() -> None:
    """In quotes nothing but words counts."""
    assert phrase_tokens("play*") == ("play",)


@given(st.text("ab", max_size=8), st.lists(st.text("ab", max_size=3), min_size=1, max_size=4))
@settings(max_examples=500)
def test_stars_mean_any_characters(text: str, parts: list[str]) -> None:
    """A pattern fits just the texts in which its parts follow each other, from the beginning to the end."""

    def slowly(text: str, parts: list[str]) -> bool:
        if len(parts) == 1:
            return text == parts[0]
        rest = text.removeprefix(parts[0])
        tails = [rest[n:] for n in range(len(rest) + 1)]
        return text.startswith(parts[0]) and any(slowly(tail, parts[1:]) for tail in tails)

    assert fits("*".join(parts), text) is slowly(text, parts)


def test_many_stars_are_quick() -> None:
    """No pattern takes more time than its text is long."""
    assert not fits("*a" * 300 + "*b", "a" * 100_000)
    assert fits("*a" * 300 + "*", "a" * 100_000)


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("beyonce", "Play Beyonce\u0301, please", ["Beyonce\u0301"]),
        ("strasse", "die Straße da", ["Straße"]),
        ("play*", "play played display", ["play", "played"]),
        ('"happy 80s"', "80s: happy 80s!", ["happy 80s"]),
        ("happy 80s", "80s: happy 80s!", ["80s", "happy", "80s"]),
        ("本語 日本", "日本語版", ["日本語"]),
        ("-jazz", "jazz", []),
        ("/é+/", "日é b ÉÉ", ["é", "ÉÉ"]),
        ("/x*/", "axxb", ["xx"]),
        ("command:jazz", "jazz", []),
        ("model:jazz", "jazz", []),
        ("a /a b/", "a b", ["a b"]),
        ("1", "½", ["½"]),
    ],
)
def test_marks(typed: str, text: str, marked: list[str]) -> None:
    """Hits are marked in the text as it was written, once, without overlaps; excluded words are not."""
    assert [text[start:end] for start, end in highlights(asked(typed), text)] == marked


def test_marks_in_a_field() -> None:
    """In the text of a field its own terms are marked too."""
    query = asked("command:jazz,blues play response:tempo")
    assert highlights(query, "play jazz tempo", "command") == [(0, 4), (5, 9)]
    assert highlights(query, "play jazz tempo", "response") == [(0, 4), (10, 15)]
    assert highlights(query, "play jazz tempo") == [(0, 4)]


@given(ANY, ANY)
@settings(max_examples=500)
def test_marks_lie_in_the_text(text: str, word: str) -> None:
    """Marks are in order, apart from each other and inside the text; there is one just where a text matches."""
    if not tokens(word):
        return
    query = asked(f'"{escaped(word)}"')
    marks = highlights(query, text)
    edges = [edge for mark in marks for edge in mark]
    assert edges == sorted(set(edges))
    assert all(0 <= edge <= len(text) for edge in edges)
    log = entry(command=text, llm_response=None, result=None, llm_request=ENTRY.llm_request)
    assert matches(query, log) is (bool(marks) or bool(highlights(query, "mood of the evening")))


@given(ANY, ANY, ANY)
@settings(max_examples=500)
def test_what_is_in_a_text_is_found(before: str, inside: str, after: str) -> None:
    """Any words of a text, typed in quotes, find it."""
    if not tokens(inside):
        return
    assert matches(asked(f'command:"{escaped(inside)}"'), entry(command=f"{before} {inside} {after}"))


def test_long_texts_are_marked_quickly() -> None:
    """Even a full query over a very long text is marked before a person would wait."""
    text = " ".join(f"w{n % 300}" for n in range(50_000))
    query = asked(" ".join(f"w{n}" for n in range(200, 380)))
    start_s = time.perf_counter()
    marks = highlights(query, text)
    assert time.perf_counter() - start_s < 2
    assert len(marks) == sum(n % 300 >= 200 for n in range(50_000))
