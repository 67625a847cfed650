"""Who sends the bill, and by which names they may know a model.

A call is billed by its flow where that is a seller of its own (OpenRouter bills what it passes on to others), else
by its provider. A provider that is named and not known has no price: `deepseek-r1` on somebody's own machine must
not get DeepSeek's.
"""

from __future__ import annotations

import re
from collections.abc import Collection

GUESSED = ("openai", "anthropic", "google", "x-ai")
"""Sellers a bare model name stands for where nobody is named: nobody else can run their models."""

_OTHER_NAMES = {
    "amazon-bedrock": "aws",
    "aws-bedrock": "aws",
    "aws.bedrock": "aws",
    "azure-ai": "azure",
    "azure-openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "bedrock": "aws",
    "fireworks-ai": "fireworks",
    "gcp.gemini": "google",
    "gcp.gen-ai": "google",
    "gcp.vertex-ai": "google",
    "gemini": "google",
    "google-ai-studio": "google",
    "google-gemini": "google",
    "google-vertex": "google",
    "mistral-ai": "mistral",
    "mistralai": "mistral",
    "moonshot-ai": "moonshotai",
    "together-ai": "together",
    "vertex-ai": "google",
    "xai": "x-ai",
    "z-ai": "zai",
}
"""Names of OpenTelemetry, LiteLLM and the sellers themselves, for the ids of genai-prices."""
_FOLDERS = ("models", "publishers")
_GOOGLE_VERSION = re.compile(r"-\d{3}$")


def seller_of(flow: str | None, provider: str | None, sellers: Collection[str]) -> str | None:
    """The id among `sellers` of whoever bills a call; None when they are not known."""
    for name in (flow, provider):
        seller = _seller(name, sellers) if name else None
        if seller is not None:
            return seller
    return None


def _seller(name: str, sellers: Collection[str]) -> str | None:
    plain = name.strip().lower().replace("_", "-").replace(" ", "-").removesuffix("-direct")
    found = plain if plain in sellers else _OTHER_NAMES.get(plain)
    return found if found in sellers else None


def named_in(model: str, sellers: Collection[str]) -> str | None:
    """The seller a model's own name begins with, as in `anthropic/claude-sonnet-4`."""
    prefix, slash, _ = model.partition("/")
    return _seller(prefix, sellers) if slash else None


def names_of(model: str, seller: str, sellers: Collection[str]) -> list[str]:
    """Names a seller may know a model by, the one that was logged first."""
    name = model.strip().lower()
    names = [name]
    while "/" in name:
        prefix, _, rest = name.partition("/")
        if prefix not in _FOLDERS and _seller(prefix, sellers) != seller:
            break
        name = rest
        names.append(name)
    if seller == "google" and _GOOGLE_VERSION.search(name):
        names.append(_GOOGLE_VERSION.sub("", name))
    return names
