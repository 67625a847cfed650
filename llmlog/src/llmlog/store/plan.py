"""One batch as `batch.lua` wants it: keys and values by number, packed."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from llmlog.clock import utc_day
from llmlog.store import keys
from llmlog.store.counters import increments
from llmlog.store.head import EntryHead

_pack = msgspec.msgpack.Encoder().encode
_USER_EXPIRY = 10


class PackedEntry(NamedTuple):
    """One entry ready to be written."""

    head: EntryHead
    body: bytes
    """Its whole JSON, for a dead letter should Redis refuse it."""
    scalars: bytes
    payload: bytes
    """Compressed."""
    prompts: dict[str, str]
    """System prompts the payload refers to, by hash."""


class Dictionary(NamedTuple):
    """The zstd dictionary the payloads need."""

    number: int
    content: bytes


class BatchPlan:
    """A batch, addressed: add its entries one by one, then seal it.

    known: names of prompts and dictionaries that Redis is known to have.
    """

    def __init__(
        self, dictionary: Dictionary | None, known: frozenset[str], now_ms: int, retention_ms: int
    ) -> None:
        self.entries: list[PackedEntry] = []
        self.dictionary = dictionary
        self.blob_names: frozenset[str] = frozenset()
        """Prompts and dictionaries the batch refers to; once it is stored, Redis has them."""
        self.keys: list[str] = []
        self.arguments: list[bytes | str] = []
        """ARGV of the script, once sealed."""
        self._known = known
        self._numbers: dict[str, int] = {}
        self._values: list[bytes | str] = []
        self._rows: list[list[Any]] = []
        self._now_ms = now_ms
        self._retention_ms = retention_ms
        self._renewed_until = now_ms + retention_ms

    def add(self, entry: PackedEntry) -> None:
        """One entry more."""
        self.entries.append(entry)
        self._rows.append(self._row(entry))
        self._renewed_until = max(self._renewed_until, entry.head.timestamp + self._retention_ms)

    def seal(self) -> None:
        """No more entries: ready to be sent."""
        for row in self._rows:
            row[_USER_EXPIRY] = self._renewed_until
        events = [self._key(keys.EVENTS), keys.EVENTS_LENGTH, self._renewed_until]
        plan = _pack({"e": self._rows, "a": self._blobs(), "x": events})
        self.arguments = [plan, *self._values]

    def _key(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            self.keys.append(name)
            number = self._numbers[name] = len(self.keys)
        return number

    def _value(self, value: bytes) -> int:
        self._values.append(value)
        return len(self._values) + 1  # ARGV[1] is the plan

    def _blobs(self) -> list[list[int]]:
        prompts = {digest: text for entry in self.entries for digest, text in entry.prompts.items()}
        blobs = [self._blob(keys.prompt(digest), text.encode()) for digest, text in prompts.items()]
        if self.dictionary is not None:
            blobs.append(self._blob(keys.dictionary(self.dictionary.number), self.dictionary.content))
        blobs.append(self._blob(keys.MARKER, str(self._now_ms).encode()))
        return blobs

    def _blob(self, name: str, value: bytes) -> list[int]:
        """By name only when Redis is known to have it: a dictionary is 64 KB."""
        self.blob_names |= {name}
        number = 0 if name in self._known else self._value(value)
        return [self._key(name), number, self._renewed_until]

    def _row(self, entry: PackedEntry) -> list[Any]:
        head = entry.head
        utc_date = utc_day(head.timestamp)
        return [
            self._key(keys.log(head.id)),
            self._key(keys.day(utc_date)),
            self._key(keys.user(head.user_id)) if head.user_id else 0,
            self._key(keys.daily_statistics(utc_date)),
            head.id,
            head.timestamp,
            head.timestamp + self._retention_ms,
            self._value(entry.scalars),
            self._value(entry.payload),
            keys.end_of_day_ms(head.timestamp) + self._retention_ms,
            0,  # the user key's expiry: the newest entry of the batch decides
            self._now_ms - self._retention_ms,
            increments(head),
            self._key(keys.erased(head.user_id)) if head.user_id else 0,
        ]
