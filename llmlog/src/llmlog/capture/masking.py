"""Masking text, and remembering what was clean.

The system prompt and earlier turns come again with every call; reading them again would cost more than all the
rest. So the hash and length of text seen clean are kept in a bounded cache. Python's string hash is keyed by
process and cached in the string, so a look-up costs no read of the text.
"""

from __future__ import annotations

from collections.abc import Iterable

from llmlog.capture.secrets import EMAIL, PATTERNS, SecretPattern, masked

CLEAN_CACHE_ENTRIES = 8192
SHORTEST_SECRET = 8
"""Shorter texts are not looked at, and shorter known secrets are not taken: they would match by chance."""


class Masker:
    """Masks secrets in one text at a time and counts what it masked by kind."""

    def __init__(
        self, known_secrets: Iterable[str] = (), *, mask_emails: bool = False, patterns: bool = True
    ) -> None:
        """patterns: whether secret-shaped strings are masked, besides the known ones."""
        self._known = sorted({s for s in known_secrets if len(s) >= SHORTEST_SECRET}, key=len, reverse=True)
        kinds = (*(PATTERNS if patterns else ()), *((EMAIL,) if mask_emails else ()))
        self._hinted = tuple((hint, pattern) for pattern in kinds for hint in pattern.hints)
        self._clean: dict[int, int] = {}

    def mask(self, text: str, counts: dict[str, int]) -> str:
        """The text with its secrets masked; `counts` grows by what was found."""
        length = len(text)
        if length < SHORTEST_SECRET:
            return text
        key = hash(text)
        if self._clean.get(key) == length:
            return text
        result = self._mask_fresh(text, counts)
        if result is text:
            if len(self._clean) >= CLEAN_CACHE_ENTRIES:
                self._clean.clear()
            self._clean[key] = length
        return result

    def _mask_fresh(self, text: str, counts: dict[str, int]) -> str:
        result = text
        for secret in self._known:
            if secret in result:
                counts["known_secret"] = counts.get("known_secret", 0) + result.count(secret)
                result = result.replace(secret, masked("known_secret"))
        lowered = result.lower()
        tried: set[str] = set()
        for hint, pattern in self._hinted:
            if hint in lowered and pattern.kind not in tried:
                tried.add(pattern.kind)
                result = _apply(pattern, result, counts)
        return result


def _apply(pattern: SecretPattern, text: str, counts: dict[str, int]) -> str:
    pieces: list[str] = []
    end = 0
    for match in pattern.pattern.finditer(text):
        start, stop = match.span(pattern.secret_group)
        if text.startswith("[masked", start):
            continue  # an earlier pattern was here
        pieces += (text[end:start], masked(pattern.kind))
        end = stop
    if not pieces:
        return text
    counts[pattern.kind] = counts.get(pattern.kind, 0) + len(pieces) // 2
    return "".join((*pieces, text[end:]))
