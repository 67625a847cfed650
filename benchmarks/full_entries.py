"""Entries with everything: 10 KB, attempts, steps, raw usage; what an orchestrator with a ladder logs."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.turns import Turns
from llmlog import Attempt, LlmRequest, LlmResponse, LogEntry, Result, Step, Usage

STEPS = ("context", "prompt", "parse", "validate", "spotify search", "action")


def full_entries(*, new: bool = False, seed: int = 1) -> Iterator[LogEntry]:
    """Entries without end. new: each has a system prompt and earlier messages of its own."""
    for number, turn in enumerate(Turns(seed).stream(new=new)):
        yield LogEntry(
            command=turn["command"],
            user_id=turn["user"],
            session_id=turn["session"],
            interpretation=turn["interpretation"],
            llm_request=LlmRequest(
                model=turn["model"],
                messages=turn["messages"],
                temperature=0.7,
                requested_model=turn["model"],
                provider="openrouter",
                flow="openrouter",
                json_mode=True,
                prompt_version="dj-1",
            ),
            llm_response=LlmResponse(
                content=turn["content"],
                latency=turn["latency"],
                usage=Usage(prompt_tokens=1700, completion_tokens=210, total_tokens=1910, cached_tokens=1024),
                raw_usage={
                    "prompt_tokens": 1700,
                    "completion_tokens": 210,
                    "total_tokens": 1910,
                    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 0},
                },
                finish_reason="stop",
                provider_request_id=f"gen-{number:032x}",
            ),
            attempts=[
                Attempt(
                    model="openai/o3-pro",
                    provider="openrouter",
                    started_at=1_795_400_000_000 + number,
                    latency=300.0,
                    outcome="failed",
                    error_type="timeout",
                    message="no answer within 10 s",
                ),
                Attempt(
                    model=turn["model"],
                    provider="openrouter",
                    started_at=1_795_400_000_300 + number,
                    latency=turn["latency"],
                ),
            ],
            steps=[
                Step(name=name, started_at=1_795_400_000_000 + number, duration_ms=round(turn["latency"] / 100, 3))
                for name in STEPS
            ],
            result=Result(success=True, message=turn["message"]),
        )
