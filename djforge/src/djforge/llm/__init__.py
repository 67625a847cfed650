"""Language models: one orchestrator in front of every provider."""

from __future__ import annotations

from djforge.llm.completion import CallLog, Completion, CompletionRequest
from djforge.llm.errors import AttemptFailed, LlmError, NoModelAnswered
from djforge.llm.orchestrator import LLMOrchestrator

__all__ = [
    "AttemptFailed",
    "CallLog",
    "Completion",
    "CompletionRequest",
    "LLMOrchestrator",
    "LlmError",
    "NoModelAnswered",
]
