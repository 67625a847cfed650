"""Replacing the cost of logs that are stored: body, scalars and counters in one atomic step, or nothing.

A log is replaced only while it is what it was when it was read, so whoever ships, erases or amends at the same time
is not in the way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple

import msgspec
import redis
import zstandard

from llmlog.clock import utc_day
from llmlog.entry import Cost
from llmlog.store import codec, keys
from llmlog.store.connection import READ_TIMEOUT_S, RedisConnection
from llmlog.store.counters import increments
from llmlog.store.dictionaries import Decompressor
from llmlog.store.head import EntryHead, head_of
from llmlog.store.priced import with_cost
from llmlog.store.scalars import scalars_of

_pack = msgspec.msgpack.Encoder().encode
_encode = msgspec.json.Encoder().encode


class StoredLog(NamedTuple):
    """A log as it was read."""

    id: str
    head: EntryHead
    body: bytes
    """JSON; prompts that stand elsewhere are left out."""
    prompts: list[tuple[int, str]]
    packed: bytes
    """`z` as it lies in Redis."""
    dictionary: int
    """The number of the one it is compressed with; 0 = none."""


class Amender:
    """Reads logs to be changed and writes them back. One thread uses it."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._client = connection.client(READ_TIMEOUT_S)
        self._script = resources.files("llmlog.store").joinpath("amend.lua").read_text()
        self._sha = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()
        self._decompressor = Decompressor()
        self._compressors = {0: zstandard.ZstdCompressor(level=codec.LEVEL)}

    def read(self, ids: Sequence[str]) -> list[StoredLog]:
        """Those of some logs that are there, are ours and can be read. Raises StoreUnavailable."""
        with self._connection.watched(), self._client.pipeline(transaction=False) as pipe:
            for entry_id in ids:
                pipe.hget(keys.log(entry_id), "z")
            found = zip(ids, pipe.execute(), strict=True)
        packed = {entry_id: z for entry_id, z in found if z is not None}
        self._learn({codec.dictionary_number(z) for z in packed.values()})
        logs = (self._opened(entry_id, z) for entry_id, z in packed.items())
        return [log for log in logs if log is not None]

    def replace_costs(self, changes: Sequence[tuple[StoredLog, Cost]]) -> list[bool]:
        """Give logs other costs; whether each was still as it was read, and has the new one now.

        Raises StoreUnavailable.
        """
        plan = _Plan()
        for log, cost in changes:
            head, body = with_cost(log.head, log.body, cost)
            payload = b"".join((b'{"p":', _encode(log.prompts), b',"e":', body, b"}"))
            packed = self._compressors[log.dictionary].compress(payload)
            plan.add(log, head, scalars_of(head, len(body)), packed)
        arguments = (len(plan.keys), *plan.keys, _pack(plan.rows), *plan.values)
        with self._connection.watched():
            try:
                replies = self._client.evalsha(self._sha, *arguments)
            except redis.exceptions.NoScriptError:
                replies = self._client.eval(self._script, *arguments)
        return [reply == 1 for reply in replies]

    def _learn(self, numbers: set[int]) -> None:
        for number in self._decompressor.missing(numbers):
            with self._connection.watched():
                content: bytes | None = self._client.get(keys.dictionary(number))
            if content is not None:
                self._decompressor.learn(number, content)
                dictionary = zstandard.ZstdCompressionDict(content)
                dictionary.precompute_compress(level=codec.LEVEL)
                self._compressors[number] = zstandard.ZstdCompressor(level=codec.LEVEL, dict_data=dictionary)

    def _opened(self, entry_id: str, packed: bytes) -> StoredLog | None:
        number = codec.dictionary_number(packed)
        try:
            envelope = codec.opened(self._decompressor.decompress(packed, number))
            head, body = head_of(bytes(envelope.e))
        except (zstandard.ZstdError, KeyError, msgspec.DecodeError, UnicodeDecodeError):
            return None  # its dictionary is gone, or it is damaged: what is left of it stays as it is
        return StoredLog(entry_id, head, body, envelope.p, packed, number)


class _Plan:
    """Rows as `amend.lua` wants them."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.values: list[bytes] = []
        self.rows: list[list[Any]] = []
        self._numbers: dict[str, int] = {}

    def add(self, log: StoredLog, head: EntryHead, scalars: bytes, packed: bytes) -> None:
        """One log more."""
        before, after = increments(log.head), increments(head)
        self.rows.append([
            self._key(keys.log(log.id)),
            self._key(keys.daily_statistics(utc_day(head.timestamp))),
            self._value(log.packed),
            self._value(scalars),
            self._value(packed),
            {
                counter: difference
                for counter in sorted(before.keys() | after.keys())
                if (difference := after.get(counter, 0) - before.get(counter, 0))
            },
        ])  # fmt: skip

    def _key(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            self.keys.append(name)
            number = self._numbers[name] = len(self.keys)
        return number

    def _value(self, value: bytes) -> int:
        self.values.append(value)
        return len(self.values) + 1  # ARGV[1] is the plan
