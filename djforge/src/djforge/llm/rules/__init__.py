"""`local/rules-1`: a small, honest interpreter of sentences for demos without any key."""

from __future__ import annotations

from djforge.llm.rules.local import LocalRules

__all__ = ["LocalRules"]
