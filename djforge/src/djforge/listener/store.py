"""Small values in Redis with a write-through copy in the process: what is kept of a listener outlives a
restart, and a Redis that is away locks nobody out.

Invariant: while Redis answers, Redis is the truth (what another process deleted is gone here too). What was
written or deleted while it was away is newer than Redis: it is kept as a debt and paid before the next read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import msgspec
import redis

from djforge.listener.door import RedisAway, RedisDoor
from llmlog.clock import Clock

COPY_ENTRIES = 20_000
UNKNOWN_LIFE_S = 600.0
"""How long a copy is held of a value whose remaining life in Redis is not known."""

TAKE = """
local value = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return value
"""


class _Copy(msgspec.Struct, frozen=True):
    """What the process itself remembers of one key. `value` None = deleted."""

    value: bytes | None
    expires_s: float
    """On the monotonic clock."""


class ListenerStore:
    """Sets, reads, prolongs, takes and deletes values by key. Never raises for a Redis that is away."""

    def __init__(self, door: RedisDoor, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._copies: OrderedDict[str, _Copy] = OrderedDict()
        self._debts: set[str] = set()

    async def set(self, key: str, value: bytes, ttl_s: int) -> None:
        """Keep a value for `ttl_s` seconds."""
        self._remember(key, value, ttl_s)
        self._debts.add(key)
        await self._ask(_nothing, None)

    async def delete(self, *keys: str) -> None:
        """Forget keys; with Redis away they are dead here at once, and there as soon as it is back."""
        for key in keys:
            self._remember(key, None, self._remaining_s(key))
            self._debts.add(key)
        await self._ask(_nothing, None)

    async def get(self, key: str) -> bytes | None:
        """The value, or None when there is none or it expired."""
        absent = object()
        value = await self._ask(lambda client: client.get(key), absent)
        if value is absent or key in self._debts:  # a debt: changed here while Redis was answering
            return self._own(key)
        if value is None:
            self._copies.pop(key, None)
            return None
        found = _as_bytes(value)
        if self._own(key) != found:
            self._remember(key, found, UNKNOWN_LIFE_S)
        return found

    async def names(self, prefix: str) -> frozenset[str]:
        """Every key that begins so, in Redis and in the process's own copy."""
        found = await self._ask(lambda client: list(client.scan_iter(match=f"{prefix}*", count=1000)), [])
        assert isinstance(found, list)
        own = {key for key in self._copies if key.startswith(prefix) and self._own(key) is not None}
        return frozenset(own | {_as_bytes(name).decode() for name in found})

    async def take(self, key: str) -> bytes | None:
        """The value, for the first who asks; None for everyone after."""
        own, absent = self._own(key), object()
        value = await self._ask(lambda client: client.eval(TAKE, 1, key), absent)
        if value is absent:
            self._remember(key, None, self._remaining_s(key))
            self._debts.add(key)
            return own
        if key not in self._debts:
            self._copies.pop(key, None)
        return None if value is None else _as_bytes(value)

    async def prolong(self, key: str, ttl_s: int) -> None:
        """Let a value live `ttl_s` seconds from now."""
        own = self._own(key)
        if own is not None:
            self._remember(key, own, ttl_s)
        await self._ask(lambda client: client.expire(key, ttl_s), None)

    async def _ask(self, command: Callable[[redis.Redis], object], otherwise: object) -> object:
        """Pay what is owed, then run a command; `otherwise` when Redis is away."""
        payments: list[tuple[str, _Copy | None]] = []

        def exchange(client: redis.Redis) -> object:
            payments.extend((key, self._copies.get(key)) for key in tuple(self._debts))
            self._pay(client, payments)
            return command(client)

        try:
            answer = await self._door.ask(exchange)
        except RedisAway:
            return otherwise
        for key, paid in payments:
            if self._copies.get(key) is paid:
                self._debts.discard(key)
        return answer

    def _pay(self, client: redis.Redis, payments: list[tuple[str, _Copy | None]]) -> None:
        now_s = self._clock.monotonic_s()
        for key, copy in payments:
            if copy is None or copy.value is None or copy.expires_s <= now_s:
                client.delete(key)
            else:
                client.set(key, copy.value, px=max(1, round((copy.expires_s - now_s) * 1000)))

    def _own(self, key: str) -> bytes | None:
        copy = self._copies.get(key)
        if copy is None or copy.expires_s <= self._clock.monotonic_s():
            return None
        return copy.value

    def _remaining_s(self, key: str) -> float:
        copy = self._copies.get(key)
        return UNKNOWN_LIFE_S if copy is None else max(0.0, copy.expires_s - self._clock.monotonic_s())

    def _remember(self, key: str, value: bytes | None, ttl_s: float) -> None:
        self._copies[key] = _Copy(value, self._clock.monotonic_s() + ttl_s)
        self._copies.move_to_end(key)
        while len(self._copies) > COPY_ENTRIES:
            oldest, _ = self._copies.popitem(last=False)
            self._debts.discard(oldest)


def _nothing(client: redis.Redis) -> None:
    """The exchange that only pays."""


def _as_bytes(value: object) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[call-overload]
