"""What Spotify's refusals become."""

from __future__ import annotations

import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from djforge.spotify import wire
from djforge.spotify.errors import (
    PLAYER_SENTENCES,
    Forbidden,
    InvalidRequest,
    NeedsReauth,
    NoActiveDevice,
    NotFound,
    PlayerRefused,
    PremiumRequired,
    QuotaExceeded,
    RateLimited,
    SpotifyError,
    Upstream,
)
from djforge.spotify.models import Playback


def refusal(status: int, reason: str | None = None, headers: dict[str, str] | None = None) -> httpx2.Response:
    error = {"status": status, "message": "words of Spotify"} | ({"reason": reason} if reason else {})
    return httpx2.Response(status, json={"error": error}, headers=headers)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (401, None, NeedsReauth),
        (403, None, Forbidden),
        (403, "PREMIUM_REQUIRED", PremiumRequired),
        (404, None, NotFound),
        (404, "NO_ACTIVE_DEVICE", NoActiveDevice),
        (429, "QUOTA_EXCEEDED", QuotaExceeded),
        (400, None, InvalidRequest),
        (500, None, Upstream),
        (502, "NO_ACTIVE_DEVICE", Upstream),
        (302, None, Upstream),
    ],
)
def test_statuses_and_reasons(status: int, reason: str | None, kind: type[SpotifyError]) -> None:
    """Each status and reason becomes the error that tells what to do, with Spotify's words for the log."""
    error = wire.api_error(refusal(status, reason))
    assert type(error) is kind
    assert "words of Spotify" in (error.detail or "")


@pytest.mark.parametrize("reason", sorted(PLAYER_SENTENCES))
def test_every_player_reason_has_a_sentence(reason: str) -> None:
    """Each reason code is kept, and told as one sentence without the code."""
    error = wire.api_error(refusal(403, reason))
    assert isinstance(error, PlayerRefused)
    assert error.reason == reason
    assert error.message_for_person.endswith(".")
    assert "_" not in error.message_for_person


def test_a_new_reason_is_kept_and_told_in_general_words() -> None:
    """A reason code of tomorrow is still a refusal with a sentence."""
    error = wire.api_error(refusal(403, "SOMETHING_NEW"))
    assert isinstance(error, PlayerRefused)
    assert (error.reason, error.message_for_person) == ("SOMETHING_NEW", PLAYER_SENTENCES["UNKNOWN"])


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("0", 1), (None, 30), ("soon", 30), ("-1", 30), ("1.5", 30)]
)
def test_rate_limit_carries_the_wait(header: str | None, seconds: int) -> None:
    """A 429 says how long to wait, in whole seconds, whatever the header looks like."""
    error = wire.api_error(refusal(429, headers={"retry-after": header} if header else None))
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == seconds
    assert str(seconds) in error.message_for_person


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "Refresh token revoked"}, NeedsReauth),
        (400, {"error": "invalid_client"}, Forbidden),
        (400, {"error": "unsupported_grant_type"}, InvalidRequest),
        (429, {"error": "slow_down"}, RateLimited),
        (503, {"error": "invalid_grant"}, Upstream),
        (500, "<html>oops</html>", Upstream),
        (400, "nonsense", InvalidRequest),
    ],
)
def test_only_invalid_grant_ends_a_sign_in(status: int, body: object, kind: type[SpotifyError]) -> None:
    """Of all refusals of the accounts service, only a 400 with invalid_grant asks to sign in again."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    assert type(wire.accounts_error(httpx2.Response(status, content=content))) is kind


@given(st.integers(300, 599), st.binary(max_size=300))
def test_any_answer_becomes_a_spotify_error(status: int, body: bytes) -> None:
    """Whatever bytes come with a refusal, the result is a SpotifyError with a sentence."""
    for meaning in (wire.api_error, wire.accounts_error):
        error = meaning(httpx2.Response(status, content=body))
        assert isinstance(error, SpotifyError)
        assert error.message_for_person


@given(st.binary(max_size=200) | st.just(b"[" * 100_000) | st.just(b'{"is_playing": "yes"}'))
def test_a_body_that_makes_no_sense_is_upstream(body: bytes) -> None:
    """A good status with a wrong body is Spotify's fault, not a KeyError of ours."""
    with pytest.raises(Upstream):
        wire.decoded(httpx2.Response(200, content=body), Playback)
