"""Which provider is asked for which model, and how each wants to be spoken to.

With a key for both, ids with a slash (`google/gemini-2.5-flash`) go to OpenRouter and OpenAI's own ids
(`gpt-5-mini`, `o3`) to OpenAI directly. With one key only, that provider is asked for everything, in its own
spelling where the id has one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from djforge.llm.completion import Adapter
from djforge.llm.openai_chat import ChatWire, OpenAIChatAdapter
from djforge.llm.rules import LocalRules
from djforge.settings import LlmSettings, ProviderSettings
from llmlog.clock import Clock

OPENROUTER_URL = "https://openrouter.ai/api/v1"
OPENAI_URL = "https://api.openai.com/v1"
OPENROUTER_DEFAULT = "google/gemini-2.5-flash"
OPENAI_DEFAULT = "gpt-5-mini"

_OPENAI_ID = re.compile(r"(?:openai/)?(?:gpt-|chatgpt-|o[0-9])[\w.:\-]*", re.IGNORECASE)
_REASONING_ID = re.compile(r"(?:openai/)?(?:gpt-5|o[0-9])[\w.:\-]*", re.IGNORECASE)


class Routes:
    """The adapters in the order they are tried for a model. At least one is needed."""

    def __init__(self, adapters: Sequence[Adapter]) -> None:
        if not adapters:
            raise ValueError("At least one adapter is needed.")
        self._adapters = tuple(adapters)

    def adapter_for(self, model: str) -> Adapter:
        """The first adapter that serves the model; the first of all where none says so."""
        for adapter in self._adapters:
            if adapter.serves(model):
                return adapter
        return self._adapters[0]

    async def aclose(self) -> None:
        """Close all adapters."""
        for adapter in self._adapters:
            await adapter.aclose()


def adapters_of(settings: LlmSettings, clock: Clock) -> list[Adapter]:
    """An adapter for each configured provider; the built-in rules where there is none."""
    adapters: list[Adapter] = []
    if settings.openai.configured:
        adapters.append(OpenAIChatAdapter(_openai(settings.openai), settings.openai.api_key, clock))
    if settings.openrouter.configured:
        wire = _openrouter(settings.openrouter, settings.app_url)
        adapters.append(OpenAIChatAdapter(wire, settings.openrouter.api_key, clock))
    return adapters or [LocalRules()]


def default_model_of(settings: LlmSettings) -> str:
    """The model that is asked where nobody chose one."""
    if not settings.openrouter.configured and not settings.openai.configured:
        return LocalRules.MODEL
    if settings.default_model is not None:
        return settings.default_model
    return OPENROUTER_DEFAULT if settings.openrouter.configured else OPENAI_DEFAULT


def _openai(provider: ProviderSettings) -> ChatWire:
    return ChatWire(
        provider="openai",
        flow="openai-direct",
        base_url=provider.base_url or OPENAI_URL,
        serves=lambda model: bool(_OPENAI_ID.fullmatch(model)) and "/" not in model,
        wire_model=lambda model: model.removeprefix("openai/") if _OPENAI_ID.fullmatch(model) else model,
        # The newer models refuse `max_tokens` and any temperature but their own.
        limit_field="max_completion_tokens",
        fixed_temperature=lambda model: bool(_REASONING_ID.fullmatch(model)),
    )


def _openrouter(provider: ProviderSettings, app_url: str | None) -> ChatWire:
    told_where = {"HTTP-Referer": app_url} if app_url is not None else {}
    return ChatWire(
        provider="openrouter",
        flow="openrouter",
        base_url=provider.base_url or OPENROUTER_URL,
        serves=lambda model: True,
        wire_model=lambda model: f"openai/{model}" if _is_bare_openai(model) else model,
        headers={"X-OpenRouter-Metadata": "enabled", **told_where, "X-Title": "DJ Forge"},
    )


def _is_bare_openai(model: str) -> bool:
    return "/" not in model and bool(_OPENAI_ID.fullmatch(model))
