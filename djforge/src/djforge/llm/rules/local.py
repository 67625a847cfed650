"""The built-in model `local/rules-1` behind the same door as every provider."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from djforge.llm.completion import Answer, CompletionRequest
from djforge.llm.ladder import LOCAL_RULES
from djforge.llm.rules.memory import remembered
from djforge.llm.rules.sentences import Sentences
from djforge.llm.rules.table import Table
from djforge.llm.rules.taste import Vocabulary


class LocalRules:
    """Answers from rules and a table of songs: no key, no network, no tokens. Reads the table when built."""

    MODEL: ClassVar[str] = LOCAL_RULES

    def __init__(self) -> None:
        self._sentences = Sentences(Table.load(), Vocabulary.load())

    @property
    def provider(self) -> str:
        """`local`."""
        return "local"

    @property
    def flow(self) -> str:
        """`local`."""
        return "local"

    def serves(self, model: str) -> bool:
        """Whether the model is the rules."""
        return model == self.MODEL

    def body(self, request: CompletionRequest, model: str) -> dict[str, Any]:
        """The messages; rules have no temperature."""
        body: dict[str, Any] = {"model": self.MODEL, "messages": request.messages}
        if request.json_mode:
            body["response_format"] = {"type": "json_object"}
        return body

    async def ask(self, body: dict[str, Any], asked_model: str) -> Answer:
        """The rules' answer: JSON in JSON mode, else its text. Never fails."""
        reply = self._sentences.answer(remembered(body["messages"]))
        in_json = "response_format" in body
        text = reply.get("message") or reply["reasoning"]
        return Answer(
            content=json.dumps(reply, ensure_ascii=False) if in_json else text,
            model=self.MODEL,
            model_source="response",
            provider=self.provider,
            finish_reason="stop",
        )

    async def aclose(self) -> None:
        """Nothing to close."""
