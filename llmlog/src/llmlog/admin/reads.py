"""Calling the service's blocking reads from async code: in a bounded pool of threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread

THREADS = 8

T = TypeVar("T")


class Reads:
    """Runs reads, at most `THREADS` at a time, so that a Redis that hangs cannot use up the host's threads."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """The function's answer, from a thread. Raises what it raises."""
        if self._limiter is None:  # made here because a limiter belongs to the running event loop
            self._limiter = anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), limiter=self._limiter)
