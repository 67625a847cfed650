"""What is kept of a listener: Redis is the truth while it answers, the process goes on while it does not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis

from djforge.listener import conversation, store
from djforge.listener.conversation import Conversations, Turn
from djforge.listener.door import PAUSE_S, RedisDoor
from djforge.listener.sealing import Seal
from djforge.listener.store import ListenerStore
from llmlog.clock import ManualClock


class MemoryRedis:
    """The few commands of Redis that are used, in memory, on a clock that a test moves; `away` stops it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.away = False
        self.calls = 0
        self.values: dict[str, tuple[Any, float]] = {}

    def _answer(self) -> None:
        self.calls += 1
        if self.away:
            raise redis.ConnectionError("away")

    def get(self, key: str) -> Any:
        self._answer()
        value, expires_s = self.values.get(key, (None, 0.0))
        return value if expires_s > self.clock.monotonic_s() else None

    def set(self, key: str, value: bytes, px: int) -> None:
        self._answer()
        self.values[key] = (value, self.clock.monotonic_s() + px / 1000)

    def delete(self, key: str) -> None:
        self._answer()
        self.values.pop(key, None)

    def expire(self, key: str, ttl_s: int) -> None:
        self._answer()
        if self.get(key) is not None:
            self.values[key] = (self.values[key][0], self.clock.monotonic_s() + ttl_s)

    def ping(self) -> bool:
        self._answer()
        return True

    def eval(self, script: str, _count: int, key: str, *arguments: Any) -> Any:
        if script == store.TAKE:
            value = self.get(key)
            self.values.pop(key, None)
            return value
        assert script == conversation.APPEND
        kept: list[bytes] = list(self.get(key) or [])
        if arguments[0] == "1":
            kept = []
        kept = [*reversed(arguments[2:]), *kept][: conversation.KEPT_TURNS]
        self.values[key] = (kept, self.clock.monotonic_s() + float(arguments[1]))
        return kept


class Rig:
    """A store over a Redis in memory, and a second process beside it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.redis = MemoryRedis(self.clock)
        self.here = self.process()
        self.there = self.process()

    def door(self) -> RedisDoor:
        return RedisDoor(self.redis, self.clock)  # type: ignore[arg-type]

    def process(self) -> ListenerStore:
        return ListenerStore(self.door(), self.clock)

    def conversations(self) -> Conversations:
        return Conversations(self.door(), seal())

    def back(self) -> None:
        """Redis answers again, and the pause after the failure is over."""
        self.redis.away = False
        self.clock.advance(PAUSE_S + 0.1)


def seal() -> Seal:
    counter = iter(range(1_000_000))
    return Seal(b"k" * 32, lambda count: next(counter).to_bytes(count, "big"))


def test_what_is_set_is_read_in_every_process() -> None:
    """A value set in one process is read in another."""

    async def story() -> None:
        rig = Rig()
        await rig.here.set("key", b"value", 60)
        assert await rig.there.get("key") == b"value"

    asyncio.run(story())


def test_a_value_expires() -> None:
    """A value is gone after its time, with Redis and without."""

    async def story() -> None:
        rig = Rig()
        await rig.here.set("key", b"value", 60)
        rig.clock.advance(61)
        assert await rig.here.get("key") is None
        await rig.here.set("key", b"value", 60)
        rig.redis.away = True
        rig.clock.advance(59)
        assert await rig.here.get("key") == b"value"
        rig.clock.advance(2)
        assert await rig.here.get("key") is None

    asyncio.run(story())


def test_with_redis_away_reads_come_from_the_copy() -> None:
    """What was set before Redis went away is still read."""

    async def story() -> None:
        rig = Rig()
        await rig.here.set("key", b"value", 60)
        rig.redis.away = True
        assert await rig.here.get("key") == b"value"

    asyncio.run(story())


def test_what_is_set_while_redis_is_away_reaches_it_later() -> None:
    """A value set without Redis is in Redis once it is back, with the life it has left."""

    async def story() -> None:
        rig = Rig()
        rig.redis.away = True
        await rig.here.set("key", b"value", 60)
        assert await rig.here.get("key") == b"value"
        rig.back()
        assert await rig.here.get("key") == b"value"
        assert await rig.there.get("key") == b"value"
        rig.clock.advance(60)
        assert await rig.there.get("key") is None

    asyncio.run(story())


def test_a_delete_while_redis_is_away_is_final() -> None:
    """What was deleted without Redis is dead at once and does not come back with Redis."""

    async def story() -> None:
        rig = Rig()
        await rig.here.set("key", b"value", 3600)
        rig.redis.away = True
        await rig.here.delete("key")
        assert await rig.here.get("key") is None
        rig.back()
        assert await rig.here.get("key") is None
        assert await rig.there.get("key") is None

    asyncio.run(story())


def test_a_delete_elsewhere_counts_here() -> None:
    """What another process deleted is gone here, although a copy was held."""

    async def story() -> None:
        rig = Rig()
        await rig.here.set("key", b"value", 3600)
        await rig.there.delete("key")
        assert await rig.here.get("key") is None
        rig.redis.away = True
        assert await rig.here.get("key") is None

    asyncio.run(story())


def test_after_a_failure_redis_is_left_alone_for_a_while() -> None:
    """While Redis is away only one request in a pause waits for it."""

    async def story() -> None:
        rig = Rig()
        rig.redis.away = True
        await rig.here.set("key", b"value", 3600)
        calls = rig.redis.calls
        for _ in range(50):
            assert await rig.here.get("key") == b"value"
        assert rig.redis.calls == calls
        rig.clock.advance(PAUSE_S + 0.1)
        await rig.here.get("key")
        assert rig.redis.calls == calls + 1

    asyncio.run(story())


@pytest.mark.parametrize("away", [False, True])
def test_a_value_is_taken_once(away: bool) -> None:
    """A value is given to the first who takes it and to nobody after, with Redis and without."""

    async def story() -> None:
        rig = Rig()
        await rig.here.set("key", b"value", 60)
        rig.redis.away = away
        assert await rig.here.take("key") == b"value"
        assert await rig.here.take("key") is None
        rig.back()
        assert await rig.here.take("key") is None
        assert await rig.there.take("key") is None

    asyncio.run(story())


def test_a_value_is_taken_once_by_many_at_the_same_time() -> None:
    """Of twenty that take at once exactly one gets the value."""

    async def story() -> None:
        rig = Rig()
        await rig.here.set("key", b"value", 60)
        taken = await asyncio.gather(*(rig.here.take("key") for _ in range(20)))
        assert sorted(value is not None for value in taken) == [False] * 19 + [True]

    asyncio.run(story())


def test_prolonging_gives_more_time() -> None:
    """A value that is prolonged lives on from then, with Redis and in the copy."""

    async def story() -> None:
        rig = Rig()
        await rig.here.set("key", b"value", 60)
        rig.clock.advance(50)
        await rig.here.prolong("key", 60)
        rig.clock.advance(50)
        assert await rig.there.get("key") == b"value"
        rig.redis.away = True
        assert await rig.here.get("key") == b"value"

    asyncio.run(story())


def test_concurrent_writes_end_with_the_last() -> None:
    """Of many writes at once the last one asked for is what Redis holds."""

    async def story() -> None:
        rig = Rig()
        await asyncio.gather(*(rig.here.set("key", str(n).encode(), 60) for n in range(30)))
        assert await rig.there.get("key") == b"29"

    asyncio.run(story())


def turn(number: int) -> Turn:
    return Turn(command=f"command {number}", reply="Done.", success=True, at_ms=number)


def numbers(turns: list[Turn]) -> list[int]:
    return [turn.at_ms for turn in turns]


def test_a_conversation_keeps_the_eight_newest_oldest_first() -> None:
    """Of ten turns the eight newest are recalled, oldest first, in every process."""

    async def story() -> None:
        rig = Rig()
        conversations = rig.conversations()
        for number in range(10):
            await conversations.remember("p", turn(number))
        assert numbers(await conversations.recall("p")) == list(range(2, 10))
        assert numbers(await rig.conversations().recall("p")) == list(range(2, 10))

    asyncio.run(story())


def test_a_conversation_goes_on_without_redis_and_is_handed_in_later() -> None:
    """Turns remembered without Redis are recalled at once and in Redis once it is back, none twice."""

    async def story() -> None:
        rig = Rig()
        conversations = rig.conversations()
        await conversations.remember("p", turn(1))
        rig.redis.away = True
        await conversations.remember("p", turn(2))
        await conversations.remember("p", turn(3))
        assert numbers(await conversations.recall("p")) == [1, 2, 3]
        rig.back()
        await asyncio.gather(*(conversations.recall("p") for _ in range(5)))
        assert numbers(await rig.conversations().recall("p")) == [1, 2, 3]

    asyncio.run(story())


def test_a_conversation_that_was_wiped_stays_wiped() -> None:
    """Wiping works without Redis too: nothing of before comes back with it."""

    async def story() -> None:
        rig = Rig()
        conversations = rig.conversations()
        await conversations.remember("p", turn(1))
        rig.redis.away = True
        await conversations.forget("p")
        await conversations.remember("p", turn(2))
        rig.back()
        assert numbers(await conversations.recall("p")) == [2]
        assert numbers(await rig.conversations().recall("p")) == [2]

    asyncio.run(story())


def test_nothing_in_redis_can_be_read_without_the_key() -> None:
    """What a person said lies sealed in Redis."""

    async def story() -> None:
        rig = Rig()
        await rig.conversations().remember("p", turn(7))
        assert b"command 7" not in repr(rig.redis.values).encode()

    asyncio.run(story())


def test_a_sealed_value_opens_only_where_it_was_put() -> None:
    """A sealed value that is moved to another key, damaged, or sealed with another key does not open."""
    sealed = seal().close(b"secret", "here")
    assert seal().open(sealed, "here") == b"secret"
    assert seal().open(sealed, "there") is None
    assert seal().open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "here") is None
    assert seal().open(b"", "here") is None
    assert Seal(b"x" * 32, lambda count: b"\0" * count).open(sealed, "here") is None
