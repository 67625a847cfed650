"""Secrets never reach the spool: the sieve suspects whatever the masker masks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlog import Attempt, ErrorInfo, LlmRequest, LlmResponse, LogEntry
from llmlog.capture.cleaning import Cleaner
from llmlog.capture.masking import Masker
from llmlog.capture.sieve import Sieve

SECRETS = {
    "api_key": "sk-or-v1-0123456789abcdef0123456789abcdef",
    "bearer_token": "Authorization: Bearer abcdef0123456789.XYZ",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "google_key": "AIza" + "Sy0123456789abcdefghijklmnopqrstu",
    "url_key": "https://example.org/v1?key=abcdef123456",
    "url_password": "redis://:hunter2hunter2@db:6379/0",
    "github_token": "ghp_" + "a1" * 18,
    "aws_key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "slack_token": "xoxb-1234567890-abcdef",
    "spotify_token": "BQ" + "aB3_-" * 20,
    "private_key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "named_secret": 'api_key = "abc123def456"',
    "env_secret": "OPENAI_API_KEY=abc123def456",
}
NEAR_MISSES = [
    "ask-me-anything about the song", "the key of C minor", "a bearer of bad news", "token of my love", "sky-high",
    "eyJ", "password", "The Secret Garden", "monkey: banana", "light_and_high", "promptTokens", "AQUA: Barbie Girl",
]  # fmt: skip


def places(text: str) -> list[LogEntry]:
    """An entry for every place a text can stand in."""
    request = LlmRequest(model="m", messages=[{"role": "user", "content": "hi"}])

    def made(**more: Any) -> LogEntry:
        return LogEntry(**{"llm_request": request, **more})

    return [
        made(command=text),
        made(llm_request=LlmRequest(model="m", messages=[{"role": "user", "content": text}])),
        made(llm_request=LlmRequest(model="m", messages=[{"role": "tool", "content": [{"text": text}]}])),
        made(llm_response=LlmResponse(content=text)),
        made(interpretation={"nested": [{"deep": text}]}),
        made(interpretation={text: 1}),
        made(error=ErrorInfo(type="auth", message=text)),
        made(attempts=[Attempt(model="m", outcome="failed", message=text)]),
        made(tags={"note": text}),
        made(raw={"body": text}),
    ]


@pytest.mark.parametrize("kind", SECRETS)
@given(before=st.text("abc deé.,", max_size=20), after=st.text("abc deé.,", max_size=20))
@settings(max_examples=15, deadline=None)
def test_secrets_are_suspected_and_masked(kind: str, before: str, after: str) -> None:
    """Each kind of secret is masked in every place, and the sieve lets none of these entries pass."""
    secret = SECRETS[kind]
    text = f"{before} {secret} {after}"
    counts: dict[str, int] = {}
    masked = Masker().mask(text, counts)
    assert counts
    assert secret not in masked
    for entry in places(text):
        assert not Sieve().plainly_clean(entry)


@pytest.mark.parametrize("name", ["authorization", "Cookie", "x-api-key", "password", "client_secret", "token"])
def test_values_under_secret_names(name: str) -> None:
    """Whatever stands under a secret's name is masked, and suspected."""
    entry = LogEntry(llm_request=LlmRequest(model="m"), headers={name: "opensesame"})
    assert not Sieve().plainly_clean(entry)
    assert b"opensesame" not in msgspec.json.encode(Cleaner(Masker()).value({name: "opensesame"}, "headers"))


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_near_misses_are_left_alone(text: str) -> None:
    """Ordinary words are not masked, nor suspected, but for one that stands like a secret's name."""
    assert Masker().mask(text, {}) == text
    suspected = text == "a bearer of bad news"
    assert suspected != Sieve().plainly_clean(LogEntry(command=text, llm_request=LlmRequest(model="m")))


def test_known_secrets() -> None:
    """A secret the host names is masked wherever it occurs, whatever it looks like."""
    known = 'my "odd" secret é'
    counts: dict[str, int] = {}
    assert known not in Masker([known]).mask(f"see {known}!", counts)
    assert counts == {"known_secret": 1}
    assert not Sieve([known]).plainly_clean(LogEntry(command=known, llm_request=LlmRequest(model="m")))


NAMES = [
    "api_key",
    "API-KEY",
    "apikey",
    "authorization",
    "Client_Secret",
    "access-token",
    "idToken",
    "auth_token",
    "sessionKey",
    "passwd",
    "PASSWORD",
    "private_key",
    "Secret-Key",
    "x-api-key",
]
FRAGMENTS = [
    *NAMES,
    *(secret for secret in SECRETS.values()),
    '"',
    "'",
    "\\",
    "\\n",
    " ",
    "\n",
    "\t",
    "\x0b",
    "\u00a0",
    ":",
    "=",
    "=>",
    "Bearer ",
    "bearer\t",
    "basic ",
    "?",
    "&",
    "key=",
    "Sig=",
    "code=",
    "://",
    "user",
    ":pw@",
    "@",
    "a@b.org",
    "sk_",
    "sk-",
    "0123456789abcdefghij",
    "ABCDEFGHIJKLMNOPQRST",
    "AQ",
    "BQ",
    "xoxp-",
    "ya29.",
    "github_pat_",
    "eyJ",
    ".",
    "é",
    "İ",
    "K",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=9).map("".join))
@settings(max_examples=1500, deadline=None)
def test_the_quick_look_never_misses(text: str) -> None:
    """Whatever the masker would change, however it is put together, the quick look suspects."""
    if Masker().mask(text, {}) != text:
        assert not Sieve().plainly_clean(LogEntry(command=text, llm_request=LlmRequest(model="m")))
    if Masker(mask_emails=True).mask(text, {}) != text:
        assert not Sieve(mask_emails=True).plainly_clean(LogEntry(command=text, llm_request=LlmRequest(model="m")))


@pytest.mark.parametrize("odd", [float("nan"), 2**70, b"bytes", {1: 2}, {3}, object(), [[[{"a": float("inf")}]]]])
def test_what_json_cannot_hold_goes_the_careful_way(odd: object) -> None:
    """Values that have to be made fit are never passed on as they are."""
    assert not Sieve().plainly_clean(LogEntry(interpretation={"odd": odd}, llm_request=LlmRequest(model="m")))
