"""The one door to Redis: one exchange at a time, off the event loop, and a pause after a failure, so that not
every request waits for a time limit while Redis is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
import redis

from llmlog.clock import Clock

Answer = TypeVar("Answer")

PAUSE_S = 2.0


class RedisAway(Exception):
    """Redis did not answer, now or within the last `PAUSE_S` seconds."""


class RedisDoor:
    """Runs exchanges with Redis in the order they were asked for."""

    def __init__(self, client: redis.Redis, clock: Clock, pause_s: float = PAUSE_S) -> None:
        self._client = client
        self._clock = clock
        self._pause_s = pause_s
        self._away_until_s = float("-inf")
        self._turn = asyncio.Lock()

    @property
    def answering(self) -> bool:
        """Whether the last exchange went well or none was tried lately."""
        return self._clock.monotonic_s() >= self._away_until_s

    async def ask(self, exchange: Callable[[redis.Redis], Answer]) -> Answer:
        """Run a blocking exchange in a thread. Raises RedisAway."""
        async with self._turn:
            if not self.answering:
                raise RedisAway
            try:
                return await anyio.to_thread.run_sync(exchange, self._client)
            except redis.RedisError as error:
                self._away_until_s = self._clock.monotonic_s() + self._pause_s
                raise RedisAway from error

    async def probe(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(await self.ask(lambda client: client.ping()))
        except RedisAway:
            return False
