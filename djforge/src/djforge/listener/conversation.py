"""What was said lately: the newest turns of each person's conversation, in Redis and in the process.

Identified by the person's pseudonym. Invariant: at most `KEPT_TURNS` turns, read oldest first. With Redis
away the process's copy answers; what it missed is written as soon as it is back.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec
import redis

from djforge.listener import keys
from djforge.listener.door import RedisAway, RedisDoor
from djforge.listener.sealing import Seal

KEPT_TURNS = 8
PEOPLE = 5_000

APPEND = """
if ARGV[1] == '1' then redis.call('DEL', KEYS[1]) end
for n = 3, #ARGV do redis.call('LPUSH', KEYS[1], ARGV[n]) end
redis.call('LTRIM', KEYS[1], 0, 7)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('LRANGE', KEYS[1], 0, 7)
"""


class Choice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One way to answer a question: what it says, and the command it sends."""

    label: str
    value: str
    description: str | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One command and what came of it, as the person saw it."""

    command: str
    reply: str
    success: bool
    at_ms: int
    intent: dict[str, Any] = {}
    model: str | None = None
    """The model that answered; None when none was asked."""
    requested_model: str | None = None
    latency_ms: float | None = None
    log_id: str | None = None
    choices: list[Choice] = []
    tracks: list[dict[str, Any]] = []
    awaits_confirmation: bool = False


class _Memory(msgspec.Struct):
    """The process's own copy of one conversation, oldest first, and what Redis has not got yet."""

    turns: list[Turn] = []
    owed: list[Turn] = []
    owes_clearing: bool = False


class Conversations:
    """Remembers, recalls and forgets turns by pseudonym. Never raises for a Redis that is away."""

    def __init__(self, door: RedisDoor, seal: Seal) -> None:
        self._door = door
        self._seal = seal
        self._memories: OrderedDict[str, _Memory] = OrderedDict()

    async def remember(self, pseudonym: str, turn: Turn) -> None:
        """Add a turn; the oldest beyond `KEPT_TURNS` goes."""
        memory = self._memory(pseudonym)
        memory.turns = [*memory.turns, turn][-KEPT_TURNS:]
        memory.owed = [*memory.owed, turn][-KEPT_TURNS:]
        await self._exchange(pseudonym, memory)

    async def recall(self, pseudonym: str) -> list[Turn]:
        """The turns, oldest first."""
        memory = self._memory(pseudonym)
        await self._exchange(pseudonym, memory)
        return list(memory.turns)

    async def forget(self, pseudonym: str) -> None:
        """Wipe a conversation."""
        memory = self._memory(pseudonym)
        memory.turns, memory.owed, memory.owes_clearing = [], [], True
        await self._exchange(pseudonym, memory)

    async def _exchange(self, pseudonym: str, memory: _Memory) -> None:
        """Write what is owed and read the whole; with Redis away the copy stays as it is."""
        key = keys.conversation(pseudonym)
        owed: list[Turn] = []

        def exchange(client: redis.Redis) -> Any:
            # Read inside the exchange: two that overlap must not both write the same turn.
            owed.extend(memory.owed)
            sealed = [self._seal.close(msgspec.json.encode(turn), key) for turn in owed]
            clearing = "1" if memory.owes_clearing else "0"
            return client.eval(APPEND, 1, key, clearing, str(keys.CONVERSATION_S), *sealed)

        try:
            stored = await self._door.ask(exchange)
        except RedisAway:
            return
        memory.owed = [turn for turn in memory.owed if turn not in owed]
        memory.owes_clearing = False
        opened = [self._opened(value, key) for value in reversed(stored)]
        known = [turn for turn in opened if turn is not None]
        memory.turns = [*known, *memory.owed][-KEPT_TURNS:]

    def _opened(self, sealed: bytes, key: str) -> Turn | None:
        """A stored turn; None when it was sealed with another key or is of a shape of long ago."""
        value = self._seal.open(sealed, key)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=Turn)
        except msgspec.DecodeError:
            return None

    def _memory(self, pseudonym: str) -> _Memory:
        memory = self._memories.setdefault(pseudonym, _Memory())
        self._memories.move_to_end(pseudonym)
        while len(self._memories) > PEOPLE:
            self._memories.popitem(last=False)
        return memory
