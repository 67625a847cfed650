"""Search without an index: the newest logs are read and compared, within a budget, and the answer says how far.

All words must occur, `"quoted words"` in a row, in what was asked, answered and shown: command, last user
message, answer, reasoning, result, error.
"""

from __future__ import annotations

import re
from typing import Any

from llmlog.entry import LogEntry
from llmlog.query.folding import folded

_TERM = re.compile(r'"([^"]*)"|(\S+)')


def terms(query: str) -> list[str]:
    """The folded terms of a query: words and quoted phrases."""
    plain = query.replace("“", '"').replace("”", '"')
    found = (match[1] if match[1] is not None else match[2] for match in _TERM.finditer(plain))
    return [term for term in (folded(text).strip() for text in found) if term]


def matches(entry: LogEntry, wanted: list[str]) -> bool:
    """Whether every term occurs in the searched text of an entry."""
    text = folded("\n".join(_texts(entry)))
    return all(term in text for term in wanted)


def _texts(entry: LogEntry) -> list[str]:
    response, result, error = entry.llm_response, entry.result, entry.error
    texts = [
        entry.command,
        _last_user_message(entry.llm_request.messages),
        response.content if response is not None else None,
        response.reasoning if response is not None else None,
        result.message if result is not None else None,
        error.message if error is not None else None,
        error.type if error is not None else None,
    ]
    return [text for text in texts if text]


def _last_user_message(messages: list[Any]) -> str | None:
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            if isinstance(content, list):
                parts = (part.get("text") for part in content if isinstance(part, dict))
                return "\n".join(part for part in parts if isinstance(part, str))
    return None
