"""The models a person may choose between, and the choice.

Invariant: only what whoever runs this app offers is ever asked; a choice that is no longer offered counts as none.
"""

from __future__ import annotations

from collections.abc import Sequence

from djforge.listener.preferences import Preferences
from djforge.settings import LlmSettings


class NotOffered(Exception):
    """A model that is not on offer. `offered` says what is."""

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(f"This model is not offered. Choose one of: {', '.join(offered)}.")
        self.offered = offered


class Models:
    """What is offered, and what each person chose."""

    def __init__(self, offered: Sequence[str], preferences: Preferences) -> None:
        self.offered = tuple(offered)
        """Model ids; the first is asked where nobody chose."""
        self._preferences = preferences

    @property
    def default(self) -> str:
        """The model that is asked where nobody chose one."""
        return self.offered[0]

    async def chosen(self, pseudonym: str) -> str | None:
        """The person's choice; None = whatever is the default."""
        model = await self._preferences.model(pseudonym)
        return model if model in self.offered else None

    async def choose(self, pseudonym: str, model: str | None) -> None:
        """Remember a choice; None goes back to the default. Raises NotOffered."""
        if model is not None and model not in self.offered:
            raise NotOffered(self.offered)
        await self._preferences.choose_model(pseudonym, model)


def offered_models(settings: LlmSettings, default_model: str) -> list[str]:
    """What people may choose between, the default first; without any provider only the built-in rules."""
    if not settings.any_provider:
        return [default_model]
    return list(dict.fromkeys((default_model, *settings.fallback_models, *settings.offered_models)))
