"""Writing batches: packed by the caller's thread while Redis is busy with the batch before.

`pack` and the plan touch no socket; `send` gives a batch to Redis, `receive` waits for its answer. One batch is on
the way at a time. One thread uses a writer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any, Literal, NamedTuple

import redis

from llmlog.clock import Clock
from llmlog.cost.pricing import Pricing
from llmlog.errors import StoreUnavailable
from llmlog.store import codec, keys
from llmlog.store.connection import WRITE_TIMEOUT_S, RedisConnection, is_down_reply
from llmlog.store.dictionaries import Compressor
from llmlog.store.head import head_of
from llmlog.store.plan import BatchPlan, Dictionary, PackedEntry
from llmlog.store.priced import priced

BLOBS_MISSING = [b"blobs missing"]
"""The script's answer when a prompt or dictionary sent by name only is not there; nothing was written."""
ERASED = 2
"""The script's answer for an entry of an erased person."""
NAMES_REMEMBERED = 1_000


class WriteOutcome(NamedTuple):
    """What became of one entry of a batch."""

    stored: bool
    """In the store now, by this write or an earlier one."""
    error: str | None = None
    """Redis's words about the data; None when stored."""
    fresh: bool = False
    """It was not there before."""
    erased: bool = False
    """Its person was erased after it was logged: it is not kept."""


class BatchWriter:
    """The writing end of the store."""

    def __init__(
        self, connection: RedisConnection, retention_days: int, clock: Clock, pricing: Pricing | None = None
    ) -> None:
        """pricing: says what calls cost whose provider did not; None leaves costs as they come."""
        self._connection = connection
        self._pricing = pricing
        self._retention_ms = retention_days * keys.DAY_MS
        self._clock = clock
        self._client = connection.client(WRITE_TIMEOUT_S)
        self._script = resources.files("llmlog.store").joinpath("batch.lua").read_text()
        self._sha = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()
        self._wire: Any = None
        self._compressor = Compressor()
        self._newest_taken = False
        self._dictionary_unsaved = False
        self._prompts = codec.PromptMemory()
        self._known: frozenset[str] = frozenset()
        self.forgotten: Literal["nothing", "perhaps", "surely"] = "nothing"
        """`surely`: Redis has lost what it had confirmed to this writer; `perhaps`: it is new, or has lost what it
        confirmed to an earlier process. Whoever has sent again what there is takes it back."""

    def get_ready(self) -> None:
        """Before the first batch and after an outage: have the embedded server running, use the newest
        dictionary there is, and look whether Redis still knows us. Raises StoreUnavailable."""
        self._connection.ensure_running()
        with self._connection.watched():
            if not self._newest_taken:
                number = self._client.get(keys.NEWEST_DICTIONARY)
                content = self._client.get(keys.dictionary(int(number))) if number is not None else None
                if number is not None and content is not None:
                    self._compressor.use(int(number), content)
                self._newest_taken = True
            if not self._client.exists(keys.MARKER):
                self._note_forgotten()

    def pack(self, body: bytes) -> PackedEntry | None:
        """An entry's JSON, ready to be written; None when it is older than the retention.

        Raises msgspec.DecodeError or UnicodeDecodeError when it is no entry.
        """
        head, body = head_of(body)
        if head.timestamp + self._retention_ms <= self._clock.now_ms():
            return None
        head, body = priced(head, body, self._pricing)
        encoded = codec.encode(head, body, self._prompts)
        packed = self._compressor.compress(encoded.payload)
        return PackedEntry(head, body, encoded.scalars, packed, encoded.prompts)

    def new_plan(self) -> BatchPlan:
        """An empty batch for entries packed from now on."""
        content = self._compressor.content
        dictionary = Dictionary(self._compressor.number, content) if content is not None else None
        return BatchPlan(dictionary, self._known, self._clock.now_ms(), self._retention_ms)

    def write(self, entries: Sequence[PackedEntry]) -> list[WriteOutcome]:
        """Store entries in one atomic step. Raises StoreUnavailable, and redis.ResponseError for replies
        about the data."""
        plan = self.new_plan()
        for entry in entries:
            plan.add(entry)
        plan.seal()
        self.send(plan)
        return self.receive(plan)

    def send(self, plan: BatchPlan) -> None:
        """Give a batch to Redis without waiting for the answer. Raises StoreUnavailable."""
        with self._connection.watched(conclusive=False):
            wire = self._client.connection_pool.get_connection()
            self._wire = wire
            try:
                wire.send_command("EVALSHA", self._sha, len(plan.keys), *plan.keys, *plan.arguments)
            except BaseException:
                self._let_go(broken=True)
                raise

    def receive(self, plan: BatchPlan) -> list[WriteOutcome]:
        """Wait for the answer to the batch that was sent.

        Raises StoreUnavailable, and redis.ResponseError for replies about the data.
        """
        with self._connection.watched():
            replies = self._replies(plan)
            if replies == BLOBS_MISSING:  # Redis lost what it had: it was emptied, or a failover forgot it
                self._note_forgotten()
                self._dictionary_unsaved = self._compressor.content is not None
                plan = self._complete(plan)
                replies = self._client.evalsha(self._sha, len(plan.keys), *plan.keys, *plan.arguments)
            for reply in replies:
                if isinstance(reply, bytes) and is_down_reply(reply.decode("utf-8", "replace")):
                    raise redis.ResponseError(reply.decode("utf-8", "replace"))
        remembered = self._known if len(self._known) < NAMES_REMEMBERED else frozenset()
        self._known = remembered | plan.blob_names
        return [_outcome(reply) for reply in replies]

    def abandon(self) -> None:
        """Forget a batch that was sent and will not be received."""
        if self._wire is not None:
            self._let_go(broken=True)

    def renew_dictionary(self) -> None:
        """Between batches: train a new dictionary when that will pay (some 100 ms), and save it."""
        if self._compressor.train_if_due():
            self._dictionary_unsaved = True
        content = self._compressor.content
        if not self._dictionary_unsaved or content is None:
            return
        try:
            with self._connection.watched(), self._client.pipeline(transaction=True) as pipe:
                pipe.set(keys.dictionary(self._compressor.number), content, px=self._retention_ms)
                pipe.set(keys.NEWEST_DICTIONARY, self._compressor.number, px=self._retention_ms)
                pipe.execute()
        except (StoreUnavailable, redis.ResponseError):
            return  # each batch carries it; it is saved as the newest with a later one
        self._dictionary_unsaved = False

    # -- inside -------------------------------------------------------------------------------------

    def _complete(self, plan: BatchPlan) -> BatchPlan:
        """The same batch with all it refers to."""
        whole = BatchPlan(plan.dictionary, frozenset(), self._clock.now_ms(), self._retention_ms)
        for entry in plan.entries:
            whole.add(entry)
        whole.seal()
        return whole

    def _note_forgotten(self) -> None:
        self.forgotten = "surely" if keys.MARKER in self._known else "perhaps"
        self._known = frozenset()

    def _replies(self, plan: BatchPlan) -> list[Any]:
        broken = True
        try:
            replies = list(self._wire.read_response())
            broken = False
        except redis.exceptions.NoScriptError:
            broken = False
            self._client.script_load(self._script)
            replies = list(self._client.evalsha(self._sha, len(plan.keys), *plan.keys, *plan.arguments))
        except redis.ResponseError:
            broken = False
            raise
        finally:
            self._let_go(broken=broken)
        return replies

    def _let_go(self, *, broken: bool) -> None:
        wire, self._wire = self._wire, None
        if broken:
            wire.disconnect()
        self._client.connection_pool.release(wire)


def _outcome(reply: int | bytes) -> WriteOutcome:
    if isinstance(reply, int):
        return WriteOutcome(stored=reply < ERASED, fresh=reply == 1, erased=reply == ERASED)
    return WriteOutcome(stored=False, error=reply.decode("utf-8", "replace"))
