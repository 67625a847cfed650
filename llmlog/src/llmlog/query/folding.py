"""The one folding of text for search: case, accents and compatibility forms never matter."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Text as search sees it: `Beyoncé` and `BEYONCE` both become `beyonce`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in decomposed if not unicodedata.combining(char))
