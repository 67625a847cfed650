"""What a listener sees of an own log: without system prompt, raw bodies, headers and cost."""

from __future__ import annotations

from typing import Any

import msgspec

from llmlog.entry import LogEntry


def own_view(entry: LogEntry) -> LogEntry:
    """The entry as its own person may see it."""
    request, response = entry.llm_request, entry.llm_response
    messages = [message for message in request.messages if not _is_system(message)]
    if response is not None:
        response = msgspec.structs.replace(response, cost=None, raw_usage=None)
    return msgspec.structs.replace(
        entry,
        llm_request=msgspec.structs.replace(request, messages=messages, params=None),
        llm_response=response,
        headers=None,
        raw=None,
    )


def _is_system(message: Any) -> bool:
    return not isinstance(message, dict) or message.get("role") in ("system", "developer")
