"""The quick look: can this entry hold a secret at all?

Ordinary entries are decided here, in microseconds, with substring tests on their encoded bytes. A positive is
only a suspicion: the careful way (cleaning.py, masking.py) then decides text by text. A negative must be right:
everything the careful way masks has to be suspicious here, and a property test holds the two together.

Message texts seen clean before are not looked at again: the system prompt and earlier turns come with every
call. Python's string hash is keyed by process and cached in the string, so the look-up reads nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from llmlog.capture.masking import SHORTEST_SECRET
from llmlog.entry import LogEntry

CLEAN_CACHE_ENTRIES = 8192
BRACKETS_LIMIT = 2_000
"""More opening brackets than this may be deep nesting: the careful way looks at it."""

_PLAIN_KEYS = frozenset({"role", "content", "type", "text", "name", "id", "tool_call_id"})
"""Keys of messages whose values are read as text on their own; any other key is for the careful way."""

_AFTER_NAME = rb"[\"'\\]{0,4}[\s\\]{0,4}[:=](?!null|true|false|\[|\{|-?[\d.]{1,16}[,}\]])"


def _needles(*rows: tuple[bytes, bytes]) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    return tuple((needle, re.compile(pattern)) for needle, pattern in rows)


_ALWAYS = _needles(
    (b"ey", rb"eyJ[A-Za-z0-9_-]{8}|ey" + _AFTER_NAME),
    (b"oken", rb"oken" + _AFTER_NAME),
    (b"ecret", rb"ecret" + _AFTER_NAME),
    (b"assw", rb"assw(?:or)?d" + _AFTER_NAME),
    (b"uthoriz", rb"uthorization" + _AFTER_NAME),
    (b"earer", rb"earer[\s\\]"),
    (b"ookie", rb"ookie" + _AFTER_NAME),
    (b"redential", rb"redentials?" + _AFTER_NAME),
    (b"ECRET", rb"ECRET" + _AFTER_NAME),
    (b"sk", rb"sk[-_][A-Za-z0-9_-]{16}"),
    (b"gh", rb"gh[pousr]_[A-Za-z0-9]{20}"),
    (b"ya29", rb"ya29\."),
    (b"xox", rb"xox[abeoprs]-"),
)
"""Needles that occur in every secret of some kind, and what must follow for it to be one."""

_GATED = (
    (
        b"K",
        _needles(
            (b"EY", rb"EY(?:-----|" + _AFTER_NAME + rb")"),
            (b"OKEN", rb"OKEN" + _AFTER_NAME),
            (b"COOKIE", rb"COOKIE" + _AFTER_NAME),
            (b"KIA", rb"KIA[0-9A-Z]{16}"),
        ),
    ),
    (b"Z", _needles((b"UTHORIZ", rb"UTHORIZATION" + _AFTER_NAME))),
    (b"W", _needles((b"ASSW", rb"ASSW(?:OR)?D" + _AFTER_NAME))),
    (b"B", _needles((b"EARER", rb"EARER[\s\\]"))),
    (b"S", _needles((b"SIA", rb"SIA[0-9A-Z]{16}"))),
    (b"I", _needles((b"Iza", rb"Iza[0-9A-Za-z_-]{30}"))),
    (b"L", _needles((b"CREDENTIAL", rb"CREDENTIALS?" + _AFTER_NAME))),
    (b"Q", _needles((b"AQ", rb"AQ[A-Za-z0-9_-]{60}"), (b"BQ", rb"BQ[A-Za-z0-9_-]{60}"))),
    (
        b"=",
        _needles((b"ig=", rb"ig="), (b"IG=", rb"IG="), (b"ignature=", rb"ignature="), (b"code=", rb"code=")),
    ),
    (b"@", _needles((b"://", rb"://[^/\s:@\"']{0,256}:[^/\s@\"']{1,256}@"))),
)
"""One character each that the needles after it need: finding a single byte is several times faster."""

_EMAIL = re.compile(rb"[A-Za-z0-9-]@[A-Za-z0-9-]")


class Suspicious(Exception):
    """The careful way must look."""


class Sieve:
    """Says whether an entry is plainly clean. Safe from any thread: the cache is only ever added to."""

    def __init__(self, known_secrets: Iterable[str] = (), *, mask_emails: bool = False) -> None:
        known = {secret for secret in known_secrets if len(secret) >= SHORTEST_SECRET}
        self._known = tuple(msgspec.json.encode(secret)[1:-1] for secret in sorted(known))
        self._emails = mask_emails
        self._clean: dict[int, int] = {}
        self._encode = msgspec.json.Encoder().encode

    def plainly_clean(self, entry: LogEntry) -> bool:
        """True when no text of the entry can be a secret and nothing in it is over a limit.

        Raises what encoding raises: TypeError, ValueError, RecursionError.
        """
        request = entry.llm_request
        fresh: list[str] = []
        try:
            self._collect(request.messages, fresh)
        except Suspicious:
            return False
        rest = self._encode((
            entry.command, entry.interpretation, entry.llm_response, entry.result, entry.attempts, entry.steps,
            entry.error, entry.tags, entry.headers, entry.raw, entry.trace_id, entry.source, entry.app_version,
            request.model, request.requested_model, request.provider, request.flow, request.params,
            request.prompt_version,
        ))  # fmt: skip
        if rest.count(b"[") + rest.count(b"{") > BRACKETS_LIMIT:
            return False
        if fresh:
            rest = b"\n".join((rest, "\n".join(fresh).encode()))
        if self._suspicious(rest):
            return False
        if len(self._clean) > CLEAN_CACHE_ENTRIES:
            self._clean.clear()
        for text in fresh:
            self._clean[hash(text)] = len(text)
        return True

    def _collect(self, messages: Any, fresh: list[str]) -> None:
        """The texts of messages that were not seen clean before. Raises Suspicious for unusual shapes."""
        if type(messages) is not list:
            raise Suspicious
        clean = self._clean
        for message in messages:
            if type(message) is not dict:
                raise Suspicious
            for key, value in message.items():
                if type(value) is str and key in _PLAIN_KEYS:
                    if clean.get(hash(value)) != len(value):
                        fresh.append(value)
                elif key == "content" and type(value) is list:
                    self._collect(value, fresh)
                elif value is not None or type(key) is not str:
                    raise Suspicious

    def _suspicious(self, data: bytes) -> bool:
        for secret in self._known:
            if secret in data:
                return True
        if _any(_ALWAYS, data):
            return True
        for character, needles in _GATED:
            if character in data and _any(needles, data):
                return True
        return self._emails and b"@" in data and _EMAIL.search(data) is not None


def _any(needles: tuple[tuple[bytes, re.Pattern[bytes]], ...], data: bytes) -> bool:
    for needle, pattern in needles:
        place = data.find(needle)
        while place != -1:
            if pattern.match(data, place):
                return True
            place = data.find(needle, place + 1)
    return False
