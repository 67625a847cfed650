"""The ladder: which models are tried, in which order, until one answers."""

from __future__ import annotations

import msgspec

LOCAL_RULES = "local/rules-1"


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """The model asked by default, and those that are tried when the asked one fails.

    local: whether only the built-in rules are there to answer. With a real provider they are never a rung:
    a person who paid for a model must not get a table of rules for an answer without knowing.
    """

    default_model: str
    fallback_models: tuple[str, ...] = ()
    local: bool = False

    def rungs(self, asked_model: str | None) -> list[str]:
        """The models to try, first to last, each once."""
        if self.local:
            return [LOCAL_RULES]
        wished = (asked_model or "").strip()
        first = wished if wished and wished != LOCAL_RULES else self.default_model
        models = dict.fromkeys((first, *self.fallback_models))
        return [model for model in models if model != LOCAL_RULES]
