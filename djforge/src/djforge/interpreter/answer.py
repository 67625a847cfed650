"""The second call of a conversation: a question answered in plain text, logged like any other call."""

from __future__ import annotations

import json
from collections.abc import Sequence

from djforge.interpreter.prompt import (
    ANSWER_PROMPT_VERSION,
    NowPlaying,
    Turn,
    prompt_text,
    question_messages,
)
from djforge.llm.completion import Completion, CompletionRequest
from djforge.llm.orchestrator import LLMOrchestrator


class Answerer:
    """Answers what is no command. Reads its prompt when built."""

    def __init__(self, orchestrator: LLMOrchestrator) -> None:
        self._orchestrator = orchestrator
        self._prompt = prompt_text(ANSWER_PROMPT_VERSION)

    async def answer(
        self,
        command: str,
        history: Sequence[Turn],
        model: str | None = None,
        playing: NowPlaying | None = None,
    ) -> tuple[str, Completion]:
        """The answer's text and the call it came from. Raises NoModelAnswered."""
        completion = await self._orchestrator.complete(
            CompletionRequest(
                messages=question_messages(self._prompt, command, history, playing),
                model=model,
                prompt_version=ANSWER_PROMPT_VERSION,
            )
        )
        return _plain(completion.content), completion


def _plain(content: str) -> str:
    """The text, also where a model wrapped it into JSON all the same."""
    text = content.strip()
    try:
        found = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        return text
    if isinstance(found, dict):
        for name in ("response", "message", "answer"):
            if isinstance(found.get(name), str) and found[name].strip():
                return str(found[name]).strip()
    return text
