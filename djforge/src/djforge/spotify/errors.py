"""Every way Spotify can fail us.

    SpotifyError
    ├── NotConnected       nobody is signed in with Spotify
    ├── NeedsReauth        the sign-in is over (revoked, expired, used up): sign in again
    ├── RateLimited        too many requests just now; carries the seconds to wait
    ├── QuotaExceeded      the developer account's quota is used up; hammering makes it worse
    ├── NoActiveDevice     no device to play on
    ├── PremiumRequired    the person's plan does not allow remote control
    ├── Forbidden          this app may not do that (scope, allow list); carries Spotify's words
    ├── NotFound           what was asked for does not exist; carries Spotify's words
    ├── PlayerRefused      the player said no; carries Spotify's reason code
    ├── InvalidRequest     Spotify does not take the request as it stands; carries status and words
    └── Upstream           5xx, no connection, no answer in time, or an answer that makes no sense

`kind` is the short name for logs and APIs, `message_for_person` one sentence that a person can act on.
"""

from __future__ import annotations

from typing import ClassVar

PLAYER_SENTENCES: dict[str, str] = {
    "NO_PREV_TRACK": "There is no previous song.",
    "NO_NEXT_TRACK": "There is no next song: the queue is empty.",
    "NO_SPECIFIC_TRACK": "Spotify cannot play that song here.",
    "ALREADY_PAUSED": "The music is already paused.",
    "NOT_PAUSED": "The music is already playing.",
    "NOT_PLAYING_LOCALLY": "The music is playing on another device.",
    "NOT_PLAYING_TRACK": "Nothing is loaded to play. Name a song first.",
    "NOT_PLAYING_CONTEXT": "No album or playlist is playing.",
    "ENDLESS_CONTEXT": "That does not work in an endless mix.",
    "CONTEXT_DISALLOW": "Spotify does not allow that for what is playing.",
    "ALREADY_PLAYING": "That is already playing.",
    "RATE_LIMITED": "Spotify wants a short pause between songs. Wait a moment, then try again.",
    "REMOTE_CONTROL_DISALLOW": "What is playing cannot be controlled from here.",
    "DEVICE_NOT_CONTROLLABLE": "This device cannot be controlled from here. Choose another one in Spotify.",
    "VOLUME_CONTROL_DISALLOW": "This device does not let its volume be changed from here.",
    "UNKNOWN": "Spotify refused, without saying why.",
}
"""Reason codes of refused player commands, each with what to tell a person. The codes with an error class of
their own (NO_ACTIVE_DEVICE, PREMIUM_REQUIRED, QUOTA_EXCEEDED) are not here."""


class SpotifyError(Exception):
    """Something Spotify did not do."""

    kind: ClassVar[str] = "spotify_error"
    message_for_person: str = "Spotify did not do that."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.message_for_person)
        self.detail = detail
        """Spotify's own words, for logs; None where there were none."""


class NotConnected(SpotifyError):
    """Nobody is signed in with Spotify."""

    kind = "not_connected"
    message_for_person = "You are not signed in with Spotify."


class NeedsReauth(SpotifyError):
    """Spotify no longer knows the person: revoked, older than six months, or used up. Sign in again."""

    kind = "needs_reauth"
    message_for_person = "Spotify wants you to sign in again."


class RateLimited(SpotifyError):
    """Too many requests just now.

    retry_after_s: seconds to wait before the next request.
    """

    kind = "rate_limited"

    def __init__(self, retry_after_s: int) -> None:
        unit = "second" if retry_after_s == 1 else "seconds"
        self.message_for_person = f"Spotify is getting too many requests. Try again in {retry_after_s} {unit}."
        super().__init__()
        self.retry_after_s = retry_after_s


class QuotaExceeded(SpotifyError):
    """The quota of the developer account is used up."""

    kind = "quota_exceeded"
    message_for_person = "This app has used up its requests to Spotify. Try again later."


class NoActiveDevice(SpotifyError):
    """There is no device to play on."""

    kind = "no_active_device"
    message_for_person = "Open Spotify on a phone or computer, then try again."


class PremiumRequired(SpotifyError):
    """The person's plan does not allow remote control."""

    kind = "premium_required"
    message_for_person = "Spotify lets only Premium members control the music from here."


class Forbidden(SpotifyError):
    """This app may not do that for this person."""

    kind = "forbidden"
    message_for_person = "Spotify does not allow this app to do that for your account."


class NotFound(SpotifyError):
    """What was asked for does not exist."""

    kind = "not_found"
    message_for_person = "Spotify does not know that (any more)."


class PlayerRefused(SpotifyError):
    """The player said no.

    reason: Spotify's code, e.g. `NO_PREV_TRACK`; `UNKNOWN` where it gave none.
    """

    kind = "player_refused"

    def __init__(self, reason: str, detail: str | None = None) -> None:
        self.message_for_person = PLAYER_SENTENCES.get(reason, PLAYER_SENTENCES["UNKNOWN"])
        super().__init__(detail)
        self.reason = reason


class InvalidRequest(SpotifyError):
    """Spotify does not take the request as it stands.

    status: the HTTP status.
    """

    kind = "invalid_request"
    message_for_person = "Spotify did not understand the request."

    def __init__(self, status: int, detail: str | None = None) -> None:
        super().__init__(detail)
        self.status = status


class Upstream(SpotifyError):
    """Spotify is not answering, or not sensibly.

    status: the HTTP status; None when no answer came.
    """

    kind = "upstream"
    message_for_person = "Spotify is not answering properly just now. Try again in a moment."

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
