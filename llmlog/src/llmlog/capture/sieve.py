"""The quick look: can this entry hold a secret at all?

Ordinary entries are decided here, in microseconds. A positive is only a suspicion: the careful way (cleaning.py,
masking.py) then decides text by text. A negative must be right: everything the careful way masks has to be
suspicious here, and a property test holds the two together.

All texts are joined and looked at together (suspicion.py).

Message texts seen clean before are not looked at again: the system prompt and earlier turns come with every
call. Python's string hash is keyed by process and cached in the string, so the look-up reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from llmlog.capture.masking import SHORTEST_SECRET
from llmlog.capture.secrets import SECRET_KEY
from llmlog.capture.suspicion import looks_like_email, looks_secret
from llmlog.entry import LogEntry

CLEAN_CACHE_ENTRIES: Final = 8192
DEEPEST: Final = 40
"""Deeper nesting is for the careful way, which has a limit."""
LARGEST_NUMBER: Final = 2**63 - 1
_NUMBERS: Final = frozenset({bool, int, float})
LONGEST_KEY: Final = 100


class Suspicious(Exception):
    """The careful way must look."""


class Sieve:
    """Says whether an entry is plainly clean. Safe from any thread: the caches are only ever added to."""

    def __init__(self, known_secrets: Iterable[str] = (), *, mask_emails: bool = False) -> None:
        known = {secret for secret in known_secrets if len(secret) >= SHORTEST_SECRET}
        self._known = tuple(secret.encode("utf-8", "surrogatepass") for secret in sorted(known))
        self._emails = mask_emails
        self._clean: dict[int, int] = {}
        self._clean_keys: set[str] = {"role", "content", "type", "text", "name", "id", "intent"}

    def plainly_clean(self, entry: LogEntry) -> bool:
        """True when no text of the entry can be a secret and nothing in it needs making fit.

        Raises UnicodeEncodeError for lone surrogates.
        """
        texts: list[str] = []
        fresh: list[str] = []
        keys: list[str] = []
        try:
            self._messages(entry.llm_request.messages, fresh, texts, keys)
            self._gather(entry, texts, keys)
        except Suspicious:
            return False
        data = "\n".join((*texts, *fresh, *keys)).encode()
        if looks_secret(data) or any(secret in data for secret in self._known):
            return False
        if self._emails and looks_like_email(data):
            return False
        self._remember(fresh, keys)
        return True

    def _remember(self, fresh: list[str], keys: list[str]) -> None:
        if len(self._clean) > CLEAN_CACHE_ENTRIES:
            self._clean.clear()
        for text in fresh:
            self._clean[hash(text)] = len(text)
        if len(self._clean_keys) < CLEAN_CACHE_ENTRIES:
            self._clean_keys.update(keys)

    # -- gathering the texts ------------------------------------------------------------------------

    def _gather(self, entry: LogEntry, texts: list[str], keys: list[str]) -> None:
        request, response = entry.llm_request, entry.llm_response
        self._values((
            entry.command, entry.interpretation, entry.tags, entry.trace_id, entry.source, entry.app_version,
            request.model, request.requested_model, request.provider, request.flow, request.temperature,
            request.params, request.prompt_version, entry.headers, entry.raw,
        ), texts, keys, 0)  # fmt: skip
        if response is not None:
            self._values((
                response.content, response.usage, response.latency, response.raw_usage, response.finish_reason,
                response.provider_request_id, response.cost, response.reasoning, response.tool_calls,
            ), texts, keys, 0)  # fmt: skip
        for value in (entry.result, entry.error):
            if value is not None:
                self._other(value, texts, keys, 0)
        if entry.attempts:
            self._other(entry.attempts, texts, keys, 0)
        if entry.steps:
            self._other(entry.steps, texts, keys, 0)

    def _messages(self, messages: Any, fresh: list[str], texts: list[str], keys: list[str]) -> None:
        """The texts of messages; those of `content` seen clean before are left out."""
        if type(messages) is not list:
            raise Suspicious
        clean, clean_keys = self._clean, self._clean_keys
        for message in messages:
            if type(message) is not dict:
                self._values((message,), texts, keys, 1)
                continue
            for key, value in message.items():
                if key not in clean_keys:
                    self._key(key, keys)
                if type(value) is str:
                    if len(value) >= SHORTEST_SECRET and clean.get(hash(value)) != len(value):
                        fresh.append(value)
                elif type(value) is list:
                    self._messages(value, fresh, texts, keys)
                elif value is not None:
                    self._other(value, texts, keys, 1)

    def _values(self, values: Iterable[Any], texts: list[str], keys: list[str], depth: int) -> None:
        for value in values:
            if type(value) is str:
                if len(value) >= SHORTEST_SECRET:
                    texts.append(value)
            elif value is not None:
                self._other(value, texts, keys, depth)

    def _other(self, value: Any, texts: list[str], keys: list[str], depth: int) -> None:
        """Anything but text and None. Raises Suspicious for what JSON cannot hold as it is."""
        kind = type(value)
        if kind in _NUMBERS:
            if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:  # not a number is neither
                raise Suspicious
        elif depth > DEEPEST:
            raise Suspicious
        elif kind is dict:
            if not self._clean_keys.issuperset(value):
                for key in value:
                    self._key(key, keys)
            self._values(value.values(), texts, keys, depth + 1)
        elif kind is list or kind is tuple:
            self._values(value, texts, keys, depth + 1)
        elif isinstance(value, msgspec.Struct):
            self._values([getattr(value, name) for name in value.__struct_fields__], texts, keys, depth + 1)
        else:
            raise Suspicious

    def _key(self, key: Any, keys: list[str]) -> None:
        if type(key) is not str or len(key) > LONGEST_KEY or SECRET_KEY.fullmatch(key):
            raise Suspicious
        keys.append(key)
