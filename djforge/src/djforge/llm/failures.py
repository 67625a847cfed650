"""A provider's refusal → the typed failure of an attempt.

Providers tell the same thing in three ways: the HTTP status, a number in the body (OpenRouter sends it with
status 200 when the trouble began late) and a word in the body. The word knows best, then the number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from djforge.llm.chat_body import whole_text
from djforge.llm.errors import (
    AttemptFailed,
    AttemptTimedOut,
    AuthFailed,
    BadRequest,
    ContentFiltered,
    InvalidAnswer,
    Overloaded,
    QuotaExceeded,
    RateLimited,
)

MESSAGE_CHARS = 500
LONGEST_WAIT_S = 7 * 24 * 3600.0

_KEY_SHAPED = re.compile(r"\b(?:sk|rk|pk|org|proj)-[A-Za-z0-9_\-*.]{6,}|\bBearer\s+\S+", re.IGNORECASE)

_BY_WORD: tuple[tuple[tuple[str, ...], type[AttemptFailed]], ...] = (
    (("insufficient_quota", "billing", "insufficient_credits", "spend_limit"), QuotaExceeded),
    (("content_filter", "content_policy", "moderation", "flagged"), ContentFiltered),
    (("rate_limit", "too_many_requests"), RateLimited),
    (("invalid_api_key", "authentication", "unauthorized", "permission"), AuthFailed),
    (("overloaded", "server_error", "unavailable", "internal_error"), Overloaded),
    (("timeout",), AttemptTimedOut),
    (("model_not_found", "context_length", "invalid_request", "unsupported", "not_found"), BadRequest),
)

_BY_STATUS: Mapping[int, type[AttemptFailed]] = {
    401: AuthFailed,
    402: QuotaExceeded,
    403: AuthFailed,
    408: AttemptTimedOut,
    413: BadRequest,
    429: RateLimited,
    504: AttemptTimedOut,
}


def refusal(
    error: Any, *, http_status: int, headers: Mapping[str, str], now_ms: int, secret: str | None
) -> AttemptFailed:
    """The failure that a provider's `error` object (or text, or nothing) stands for. The key `secret` does
    not appear in its message."""
    fields = error if isinstance(error, dict) else {"message": error}
    code = _whole_number(fields.get("code")) or (http_status if http_status >= 400 else None)
    words = " ".join(
        str(value).lower()
        for value in (fields.get("code"), fields.get("type"), fields.get("status"))
        if isinstance(value, str)
    )
    if isinstance(fields.get("metadata"), dict) and "flagged_input" in fields["metadata"]:
        words += " flagged"
    said = fields.get("message")
    text = said.strip() if isinstance(said, str) and said.strip() else f"the provider answered {http_status}"
    if http_status < 400 and code is not None:
        text = f"{text} (code {code})"
    return _type(words, code)(
        masked(text, secret),
        http_status=http_status,
        retry_after_s=retry_after_s(headers, now_ms),
        request_id=headers.get("x-request-id"),
    )


def _type(words: str, code: int | None) -> type[AttemptFailed]:
    for names, failure in _BY_WORD:
        if any(name in words for name in names):
            return failure
    if code is None:
        return InvalidAnswer
    if code in _BY_STATUS:
        return _BY_STATUS[code]
    if code >= 500:
        return Overloaded
    return BadRequest if code >= 400 else InvalidAnswer


def masked(text: str, secret: str | None) -> str:
    """A message without the key and without anything shaped like one, cut to a readable length."""
    if secret:
        text = text.replace(secret, "•••")
    return _KEY_SHAPED.sub("•••", whole_text(text))[:MESSAGE_CHARS]


def retry_after_s(headers: Mapping[str, str], now_ms: int) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after` (seconds or a date); None when not told."""
    in_ms = _seconds(headers.get("retry-after-ms"))
    if in_ms is not None:
        return in_ms / 1000
    told = headers.get("retry-after")
    if told is None:
        return None
    seconds = _seconds(told)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(told)
        zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return min(LONGEST_WAIT_S, max(0.0, zoned.timestamp() - now_ms / 1000))
    except (ValueError, OverflowError):
        return None


def _seconds(value: str | None) -> float | None:
    if value is None or not re.fullmatch(r"\s*[0-9]{1,12}(\.[0-9]{1,6})?\s*", value):
        return None
    return min(LONGEST_WAIT_S, float(value))


def _whole_number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[1-5][0-9]{2}", value):
        return int(value)
    return None
