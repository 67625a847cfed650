"""Every way an LLM can fail to answer.

    LlmError
    ├── AttemptFailed          one rung of the ladder failed; carries kind, HTTP status, when to come back
    │   ├── AuthFailed         kind auth: the key is missing, wrong or not allowed
    │   ├── QuotaExceeded      kind quota: no credit left; waiting does not help
    │   ├── RateLimited        kind rate_limit: too many requests just now
    │   ├── Overloaded         kind overloaded: the provider or the model is down or full
    │   ├── BadRequest         kind bad_request: this request will never be answered by this model
    │   ├── ContentFiltered    kind content_filter: refused for what it says
    │   ├── InvalidAnswer      kind invalid_answer: something came back, but no answer
    │   ├── AnswerCut          kind truncated: the JSON ended in the middle, at the token limit
    │   ├── AttemptTimedOut    kind timeout: no complete answer within the time of an attempt
    │   └── NetworkFailed      kind network: no connection, or it broke
    └── NoModelAnswered        the whole ladder failed; carries all attempts

A call that was cancelled is no error of this tree: `asyncio.CancelledError` passes through, after its log
(kind `cancelled`).
"""

from __future__ import annotations

from typing import ClassVar

from llmlog.entry import Attempt


class LlmError(Exception):
    """No answer from a language model."""


class AttemptFailed(LlmError):
    """One request to one model failed.

    http_status: the status on the wire (a failure may come with 200); None when nothing came back.
    retry_after_s: seconds the provider asked to wait, where it did.
    request_id: the provider's name for the request, where it gave one.
    """

    kind: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        retry_after_s: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.http_status = http_status
        self.retry_after_s = retry_after_s
        self.request_id = request_id


class AuthFailed(AttemptFailed):
    """The provider does not accept the key."""

    kind = "auth"


class QuotaExceeded(AttemptFailed):
    """The account has no credit left."""

    kind = "quota"


class RateLimited(AttemptFailed):
    """Too many requests; `retry_after_s` says when to come back, where the provider does."""

    kind = "rate_limit"


class Overloaded(AttemptFailed):
    """The provider or the model is down or full."""

    kind = "overloaded"


class BadRequest(AttemptFailed):
    """The provider will not answer this request, or has no such model."""

    kind = "bad_request"


class ContentFiltered(AttemptFailed):
    """The provider refused the request or the answer for what it says."""

    kind = "content_filter"


class InvalidAnswer(AttemptFailed):
    """Something came back that is no answer."""

    kind = "invalid_answer"


class AnswerCut(AttemptFailed):
    """The answer ended in the middle, at the limit of tokens."""

    kind = "truncated"


class AttemptTimedOut(AttemptFailed):
    """No complete answer within the time of one attempt."""

    kind = "timeout"


class NetworkFailed(AttemptFailed):
    """No connection to the provider, or it broke."""

    kind = "network"


class NoModelAnswered(LlmError):
    """Every model of the ladder failed.

    attempts: all of them, in order. log_id: id of the log entry of the call, None when it was not kept.
    type: the kind of the last failure.
    """

    def __init__(self, attempts: list[Attempt], log_id: str | None = None) -> None:
        self.attempts = attempts
        self.log_id = log_id
        self.type = (attempts[-1].error_type if attempts else None) or "failed"
        super().__init__(_told(attempts))


def _told(attempts: list[Attempt]) -> str:
    if not attempts:
        return "No model is configured."
    told = "; ".join(f"{attempt.model}: {attempt.message or attempt.error_type}" for attempt in attempts)
    return f"No model answered ({told})."
