"""What came of interpreting one command: the intent, who gave it, and each repair on the way.

    NotUnderstood
    ├── Unreadable      the answer holds no JSON object (stage parse)
    └── Incomplete      the object is no intent, or lacks what its intent needs (stage schema)

Neither leaves the interpreter: `Interpretation.problem` tells of them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from djforge.interpreter.intents import Intent

ProblemStage = Literal["model", "parse", "schema"]


class NotUnderstood(Exception):
    """A model's answer that is no intent."""


class Unreadable(NotUnderstood):
    """The answer holds no JSON object."""


class Incomplete(NotUnderstood):
    """The object is no intent, or lacks what its intent needs."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something done between the answer and the intent, for the log."""

    name: str
    """prompt, model, extract, repair, validate, keywords, answer."""
    detail: Any = None
    duration_ms: float | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why the command was not understood, in the log's terms."""

    stage: ProblemStage
    type: str
    message: str


class Interpretation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An intent with its story."""

    intent: Intent
    requested_model: str | None = None
    model: str | None = None
    """The model that answered; None when none did."""
    model_source: str | None = None
    provider: str | None = None
    flow: str | None = None
    latency_ms: float
    """From the command to the intent."""
    fallback_used: bool = False
    """Whether another model had failed before."""
    problem: Problem | None = None
    proposed: bool = False
    """Guessed from keywords because no model answered: to be confirmed, never carried out at once."""
    prompt_version: str
    steps: list[Step] = []
    log_id: str | None = None
    """Entry of the call in the log."""
    raw_content: str | None = None
    """The model's answer as it came."""

    @property
    def needs_confirmation(self) -> bool:
        """Whether the person should be asked before anything on Spotify changes."""
        return self.proposed or self.intent.needs_confirmation
