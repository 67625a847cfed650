"""What a command ends in: one sentence for the person, and how it came about."""

from __future__ import annotations

import msgspec

from djforge.interpreter.intents import Intent
from djforge.player import Outcome


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one command."""

    command: str
    success: bool
    message: str
    at_ms: int
    intent: Intent | None = None
    outcome: Outcome | None = None
    model: str | None = None
    """The model that answered; None when none was asked or none answered."""
    model_source: str | None = None
    requested_model: str | None = None
    provider: str | None = None
    flow: str | None = None
    latency_ms: float | None = None
    log_id: str | None = None
    awaits_confirmation: bool = False
    """The action was proposed and not done; a yes carries it out."""
    problem: str | None = None
    """Short name of what went wrong with the model, e.g. `no_model_answered`."""
