"""The store: batches in, entries and counters out. Every Redis command of llmlog is sent from this folder.

Writes are idempotent by id. Reads raise StoreUnavailable when Redis is away, never an empty answer.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

import msgspec
import redis
import zstandard

from llmlog.clock import Clock, utc_day
from llmlog.entry import LogEntry
from llmlog.store import codec, keys
from llmlog.store.connection import (
    PROBE_TIMEOUT_S,
    READ_TIMEOUT_S,
    WRITE_TIMEOUT_S,
    RedisConnection,
    is_down_reply,
)
from llmlog.store.counters import increments
from llmlog.store.dictionaries import Compressor, Decompressor

_pack = msgspec.msgpack.Encoder().encode


BLOBS_MISSING = [b"blobs missing"]
"""The script's answer when a prompt or dictionary sent by name only is not there; nothing was written."""


class WriteOutcome(NamedTuple):
    """What became of one entry of a batch."""

    stored: bool
    """In the store now, by this write or an earlier one."""
    error: str | None = None
    """Redis's words about the data; None when stored."""


class Member(NamedTuple):
    """An id in a sorted set with its timestamp in ms."""

    timestamp: int
    id: str


class RedisStore:
    """llmlog's keys in one Redis. `write_batch` is for one thread; reads are for any."""

    def __init__(self, connection: RedisConnection, retention_days: int, clock: Clock) -> None:
        self.connection = connection
        self.retention_days = retention_days
        self._retention_ms = retention_days * keys.DAY_MS
        self._clock = clock
        self._writer = connection.client(WRITE_TIMEOUT_S)
        self._reader = connection.client(READ_TIMEOUT_S)
        self._prober = connection.client(PROBE_TIMEOUT_S)
        source = resources.files("llmlog.store").joinpath("batch.lua").read_text()
        self._script = self._writer.register_script(source)
        self._compressor = Compressor()
        self._dictionary_known = False
        self._prompts = codec.PromptMemory()
        self._kept_blobs: frozenset[str] = frozenset()
        self._decompressor = Decompressor()
        self._decompressor_lock = threading.Lock()

    def expired(self, entry: LogEntry) -> bool:
        """Whether the entry is older than the retention, and so not to be stored any more."""
        return entry.timestamp + self._retention_ms <= self._clock.now_ms()

    def write_batch(self, batch: Sequence[tuple[LogEntry, bytes]]) -> list[WriteOutcome]:
        """Store entries (each with its JSON) in one atomic step. Raises StoreUnavailable."""
        with self.connection.watched():
            if not self._dictionary_known:
                self._take_newest_dictionary()
            replies = self._send(batch)
            if self._compressor.train_if_due():
                self._save_dictionary()
            for reply in replies:
                if isinstance(reply, bytes) and is_down_reply(reply.decode("utf-8", "replace")):
                    raise redis.ResponseError(reply.decode("utf-8", "replace"))
        return [_outcome(reply) for reply in replies]

    def _send(self, batch: Sequence[tuple[LogEntry, bytes]]) -> list[Any]:
        plan = _Plan(self, batch, self._clock.now_ms(), self._kept_blobs)
        replies = self._script(keys=plan.keys, args=plan.arguments())
        if replies == BLOBS_MISSING:  # Redis lost what it had: it was emptied, or a failover forgot it
            plan = _Plan(self, batch, self._clock.now_ms(), frozenset())
            replies = self._script(keys=plan.keys, args=plan.arguments())
        self._kept_blobs = plan.blob_names if len(self._kept_blobs) > 1000 else self._kept_blobs | plan.blob_names
        return list(replies)

    def probe(self) -> None:
        """Ask whether Redis answers. Raises StoreUnavailable."""
        with self.connection.watched():
            self._prober.ping()

    def server_time_ms(self) -> int:
        """Redis's clock. Raises StoreUnavailable."""
        with self.connection.watched():
            seconds, microseconds = self._reader.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    # -- reads --------------------------------------------------------------------------------------

    def count_by_day(self, days: Sequence[str]) -> list[int]:
        """How many entries each UTC day has."""
        return [int(n) for n in self._pipeline(("ZCARD", keys.day(day)) for day in days)]

    def members_before(self, key: str, before: Member | None, count: int, skip: int = 0) -> list[Member]:
        """Up to `count` members of a sorted set, newest first, strictly before one, `skip` left out."""
        highest = "+inf" if before is None else str(before.timestamp)
        found: list[Member] = []
        while len(found) < count:
            with self.connection.watched():
                rows = self._reader.zrevrangebyscore(key, highest, "-inf", skip, count, withscores=True)
            for name, score in rows:
                member = Member(int(score), name.decode("utf-8", "replace"))
                if before is None or member < before:
                    found.append(member)
            if len(rows) < count:
                break
            skip += count
        return found[:count]

    def count(self, key: str) -> int:
        """How many members a sorted set has."""
        with self.connection.watched():
            return int(self._reader.zcard(key))

    def user_pseudonyms(self, prefix: str) -> list[str]:
        """The full pseudonyms that begin with `prefix` (after `v<n>:`, which may be left out)."""
        pattern = keys.user(prefix + "*" if prefix.startswith("v") and ":" in prefix else f"v*:{prefix}*")
        with self.connection.watched():
            found = [key.decode() for key in self._reader.scan_iter(match=pattern, count=2000)]
        return sorted(key.removeprefix("llm:user:").removesuffix(":logs") for key in found)

    def read_logs(self, ids: Sequence[str]) -> list[LogEntry | None]:
        """Whole entries by id, in the order asked; None where there is none (expired, erased)."""
        rows = self._pipeline(("HMGET", keys.log(entry_id), "z", "_raw") for entry_id in ids)
        with self._decompressor_lock:
            payloads = self._payloads([row[0] for row in rows])
        wanted = {digest for payload in payloads if payload for digest in codec.prompt_hashes(payload)}
        prompts = self._prompt_texts(sorted(wanted))
        return [
            codec.decode(payload, prompts) if payload is not None else codec.decode_foreign(row[1])
            for payload, row in zip(payloads, rows, strict=True)
        ]

    def daily_counters(self, days: Sequence[str]) -> list[Mapping[bytes, bytes]]:
        """The raw counters of some UTC days."""
        return self._pipeline(("HGETALL", keys.daily_statistics(day)) for day in days)

    def newest_event(self) -> str:
        """The id of the newest event in the stream of arrivals, `0-0` when there is none."""
        with self.connection.watched():
            rows = self._reader.xrevrange(keys.EVENTS, count=1)
        return rows[0][0].decode() if rows else "0-0"

    def events_after(self, event: str, count: int = 500) -> list[tuple[str, str]]:
        """(event, entry id) of what arrived after an event, oldest first."""
        with self.connection.watched():
            rows = self._reader.xrange(keys.EVENTS, min=f"({event}", count=count)
        return [(name.decode(), fields[b"id"].decode()) for name, fields in rows]

    # -- inside -------------------------------------------------------------------------------------

    def _pipeline(self, commands: Any) -> list[Any]:
        with self.connection.watched(), self._reader.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            rows: list[Any] = pipe.execute()
        return rows

    def _payloads(self, packed: Sequence[bytes | None]) -> list[bytes | None]:
        numbers = {codec.dictionary_number(body) for body in packed if body is not None}
        for number in self._decompressor.missing(numbers):
            content = self._get(keys.dictionary(number))
            if content is not None:
                self._decompressor.learn(number, content)
        return [None if body is None else self._open(body) for body in packed]

    def _open(self, packed: bytes) -> bytes | None:
        try:
            return self._decompressor.decompress(packed, codec.dictionary_number(packed))
        except (zstandard.ZstdError, KeyError):
            return None

    def _prompt_texts(self, digests: Sequence[str]) -> dict[str, str]:
        texts = self._pipeline(("GET", keys.prompt(digest)) for digest in digests) if digests else []
        return {d: text.decode() for d, text in zip(digests, texts, strict=True) if text is not None}

    def _get(self, key: str) -> bytes | None:
        with self.connection.watched():
            value: bytes | None = self._reader.get(key)
        return value

    def _take_newest_dictionary(self) -> None:
        number = self._writer.get(keys.NEWEST_DICTIONARY)
        content = self._writer.get(keys.dictionary(int(number))) if number is not None else None
        if number is not None and content is not None:
            self._compressor.use(int(number), content)
        self._dictionary_known = True

    def _save_dictionary(self) -> None:
        number, content = self._compressor.number, self._compressor.content
        if content is None:
            return
        with self._writer.pipeline(transaction=True) as pipe:
            pipe.set(keys.dictionary(number), content, px=self._retention_ms)
            pipe.set(keys.NEWEST_DICTIONARY, number, px=self._retention_ms)
            pipe.execute()

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()


def _outcome(reply: int | bytes) -> WriteOutcome:
    if isinstance(reply, int):
        return WriteOutcome(stored=True)
    return WriteOutcome(stored=False, error=reply.decode("utf-8", "replace"))


class _Plan:
    """One batch as `batch.lua` wants it: keys and values by number."""

    def __init__(
        self, store: RedisStore, batch: Sequence[tuple[LogEntry, bytes]], now_ms: int, kept: frozenset[str]
    ) -> None:
        self.keys: list[str] = []
        self.blob_names: frozenset[str] = frozenset()
        self._store = store
        self._kept = kept
        self._numbers: dict[str, int] = {}
        self._values: list[bytes | str] = []
        self._now_ms = now_ms
        newest = max((entry.timestamp for entry, _ in batch), default=now_ms)
        self._renewed_until = max(now_ms, newest) + store._retention_ms
        self._prompts: dict[str, str] = {}
        self._entries = [self._entry(entry, body) for entry, body in batch]
        self._blobs = [self._blob(keys.prompt(d), text.encode()) for d, text in self._prompts.items()]
        compressor = store._compressor
        if compressor.content is not None:
            self._blobs.append(self._blob(keys.dictionary(compressor.number), compressor.content))
        self._events = [self._key(keys.EVENTS), keys.EVENTS_LENGTH, self._renewed_until]

    def arguments(self) -> list[bytes | str]:
        """ARGV of the script."""
        return [_pack({"e": self._entries, "a": self._blobs, "x": self._events}), *self._values]

    def _key(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            self.keys.append(name)
            number = self._numbers[name] = len(self.keys)
        return number

    def _value(self, value: bytes) -> int:
        self._values.append(value)
        return len(self._values) + 1  # ARGV[1] is the plan

    def _blob(self, name: str, value: bytes) -> list[int]:
        """By name only when Redis is known to have it: a dictionary is 64 KB."""
        self.blob_names |= {name}
        number = 0 if name in self._kept else self._value(value)
        return [self._key(name), number, self._renewed_until]

    def _entry(self, entry: LogEntry, body: bytes) -> list[Any]:
        store = self._store
        encoded = codec.encode(entry, body, store._prompts)
        self._prompts.update(encoded.prompts)
        utc_date = utc_day(entry.timestamp)
        return [
            self._key(keys.log(entry.id)),
            self._key(keys.day(utc_date)),
            self._key(keys.user(entry.user_id)) if entry.user_id else 0,
            self._key(keys.daily_statistics(utc_date)),
            entry.id,
            entry.timestamp,
            entry.timestamp + store._retention_ms,
            self._value(encoded.scalars),
            self._value(store._compressor.compress(encoded.payload)),
            keys.end_of_day_ms(entry.timestamp) + store._retention_ms,
            self._renewed_until,
            self._now_ms - store._retention_ms,
            increments(entry),
        ]
