"""The store: batches in, entries and counters out. Every Redis command of llmlog is sent from this folder.

Writes are idempotent by id. Reads raise StoreUnavailable when Redis is away, never an empty answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import zstandard

from llmlog.clock import Clock, utc_day
from llmlog.cost.pricing import Pricing
from llmlog.entry import LogEntry
from llmlog.errors import StoreUnavailable
from llmlog.store import codec, keys
from llmlog.store.batch_writer import BatchWriter
from llmlog.store.connection import PROBE_TIMEOUT_S, READ_TIMEOUT_S, RedisConnection
from llmlog.store.dictionaries import Decompressor

LOADING_LOOK_S = 0.02


class Member(NamedTuple):
    """An id in a sorted set with its timestamp in ms."""

    timestamp: int
    id: str


class RedisStore:
    """llmlog's keys in one Redis. `writer` is for one thread; reads are for any."""

    def __init__(
        self, connection: RedisConnection, retention_days: int, clock: Clock, pricing: Pricing | None = None
    ) -> None:
        self.connection = connection
        self.retention_days = retention_days
        self._reader = connection.client(READ_TIMEOUT_S)
        self._prober = connection.client(PROBE_TIMEOUT_S)
        self.writer = BatchWriter(connection, retention_days, clock, pricing)
        self._decompressor = Decompressor()
        self._decompressor_lock = threading.Lock()

    def probe(self) -> None:
        """Ask whether Redis answers; an embedded server that died is started again. Raises StoreUnavailable."""
        try:
            self._ping()
        except StoreUnavailable:
            if not self.connection.started_again():
                raise
            self._ping()

    def await_loaded(self, at_most_s: float) -> None:
        """While the server answers that it is loading its data (it was just started), wait; not for one that is
        away. Never raises."""
        until_s = time.monotonic() + at_most_s
        while time.monotonic() < until_s:
            try:
                self._ping()
            except StoreUnavailable as error:
                if error.reason == "LOADING":
                    time.sleep(LOADING_LOOK_S)
                    continue
            return

    def _ping(self) -> None:
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

    def erase(self, pseudonym: str, now_ms: int, retention_ms: int) -> list[str]:
        """Delete a person's logs and keep what is still under way out; gives the ids. Counters stay."""
        name = keys.user(pseudonym)
        with self.connection.watched():
            self._reader.set(keys.erased(pseudonym), now_ms, px=retention_ms)
            rows = self._reader.zrange(name, 0, -1, withscores=True)
            with self._reader.pipeline(transaction=False) as pipe:
                for entry_id, score in rows:
                    pipe.unlink(keys.log(entry_id.decode()))
                    pipe.zrem(keys.day(utc_day(int(score))), entry_id)
                pipe.unlink(name)
                pipe.execute()
        return [entry_id.decode() for entry_id, _ in rows]

    def has_logs_of(self, pseudonym: str) -> bool:
        """Whether a person has logs."""
        with self.connection.watched():
            return bool(self._reader.exists(keys.user(pseudonym)))

    def read_logs(self, ids: Sequence[str]) -> list[LogEntry | None]:
        """Whole entries by id, in the order asked; None where there is none (expired, erased)."""
        rows = self._pipeline(("HMGET", keys.log(entry_id), "z", "_raw") for entry_id in ids)
        with self._decompressor_lock:
            bodies = self._bodies([row[0] for row in rows])
        wanted = {digest for body in bodies if body is not None for _, digest in body.p}
        prompts = self._prompt_texts(sorted(wanted))
        return [
            self._whole(body, prompts) or self._without_body(entry_id, row)
            for entry_id, body, row in zip(ids, bodies, rows, strict=True)
        ]

    def daily_counters(self, days: Sequence[str]) -> list[Mapping[bytes, bytes]]:
        """The raw counters of some UTC days."""
        return self._pipeline(("HGETALL", keys.daily_statistics(day)) for day in days)

    def newest_event(self) -> str:
        """The id of the newest event in the stream of arrivals, `0-0` when there is none."""
        with self.connection.watched():
            rows = self._reader.xrevrange(keys.EVENTS, count=1)
        return rows[0][0].decode() if rows else "0-0"

    def oldest_event(self) -> str | None:
        """The id of the oldest event still kept, None when there is none."""
        with self.connection.watched():
            rows = self._reader.xrange(keys.EVENTS, count=1)
        return rows[0][0].decode() if rows else None

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

    def _bodies(self, packed: Sequence[bytes | None]) -> list[codec.Envelope | None]:
        numbers = {codec.dictionary_number(body) for body in packed if body is not None}
        for number in self._decompressor.missing(numbers):
            content = self._get(keys.dictionary(number))
            if content is not None:
                self._decompressor.learn(number, content)
        return [None if body is None else self._open(body) for body in packed]

    def _whole(self, body: codec.Envelope | None, prompts: dict[str, str]) -> LogEntry | None:
        try:
            return codec.decode(body, prompts) if body is not None else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _without_body(self, entry_id: str, row: Sequence[bytes | None]) -> LogEntry | None:
        """A log of another writer; or of ours, what its scalars still tell; or None, when there is none."""
        packed, raw = row
        if packed is None:
            return codec.decode_foreign(raw, entry_id)
        with self.connection.watched():
            known: bytes | None = self._reader.hget(keys.log(entry_id), "s")
        return codec.decode_scalars(known, packed) if known is not None else None

    def _open(self, packed: bytes) -> codec.Envelope | None:
        try:
            return codec.opened(self._decompressor.decompress(packed, codec.dictionary_number(packed)))
        except (zstandard.ZstdError, KeyError, msgspec.DecodeError, UnicodeDecodeError):
            return None  # its dictionary is gone, or it is damaged

    def _prompt_texts(self, digests: Sequence[str]) -> dict[str, str]:
        texts = self._pipeline(("GET", keys.prompt(digest)) for digest in digests) if digests else []
        return {d: text.decode() for d, text in zip(digests, texts, strict=True) if text is not None}

    def _get(self, key: str) -> bytes | None:
        with self.connection.watched():
            value: bytes | None = self._reader.get(key)
        return value

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()
