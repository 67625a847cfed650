"""A clock and a log for the tests of the query language."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from llmlog import Attempt, Cost, ErrorInfo, LlmRequest, LlmResponse, LogEntry, Result, Step, Usage
from llmlog.query.language import Query, parse

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

REQUEST = LlmRequest(
    model="claude-sonnet-4",
    requested_model="claude-sonnet-4",
    provider="anthropic",
    flow="openrouter",
    temperature=0.7,
    prompt_version="v3",
    messages=[
        {"role": "system", "content": "You are a DJ."},
        {"role": "user", "content": [{"type": "text", "text": "mood of the evening"}, {"type": "image"}]},
    ],
)
RESPONSE = LlmResponse(
    content='Playing Beyoncé, {"uri": null}',
    reasoning="the tempo is slow",
    latency=1_500.0,
    time_to_first_token=300.0,
    finish_reason="stop",
    usage=Usage(prompt_tokens=3_500, completion_tokens=600, total_tokens=4_100),
    cost=Cost(usd=0.05, source="provider"),
    streamed=True,
    tool_calls=[{"name": "play"}],
)
ENTRY = LogEntry(
    id="01936f2a-7c00-7000-8000-000000000001",
    timestamp=NOW_MS - HOUR_MS,
    user_id="v1:7f3a9c0123456789abcdef0123456789",
    session_id="v2:01jdc8d123456789abcdef0123456789",
    command="play some happy 80s jazz 🎵",
    interpretation={"intent": "play_track"},
    llm_request=REQUEST,
    llm_response=RESPONSE,
    result=Result(success=True, message="Now playing: Straße nach Süden"),
    attempts=[Attempt(model="claude-sonnet-4")],
    steps=[Step(name="prompt")],
    turn=2,
    tags={"ab": "B", "beta": True},
)
BARE = LogEntry(id="bare-entry", timestamp=NOW_MS - 2 * DAY_MS, llm_request=LlmRequest(model="o3-pro"))
FAILED = msgspec.structs.replace(
    ENTRY, status="error", stage="action", error=ErrorInfo(type="no_device", message="No device is active")
)


def asked(text: str) -> Query:
    """A query typed at NOW, in UTC."""
    return parse(text, NOW_MS)


def entry(**changes: Any) -> LogEntry:
    """The log, changed."""
    return msgspec.structs.replace(ENTRY, **changes)


def request(**changes: Any) -> LogEntry:
    """The log with another request."""
    return entry(llm_request=msgspec.structs.replace(REQUEST, **changes))


def response(**changes: Any) -> LogEntry:
    """The log with another answer."""
    return entry(llm_response=msgspec.structs.replace(RESPONSE, **changes))
