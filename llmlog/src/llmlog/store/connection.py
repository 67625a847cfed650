"""Reaching Redis: one place that makes clients, with a time limit on every socket operation.

redis-py's own retries are off: a caller that waits is worse than one that is told, and the shipper's breaker
decides when to try again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from llmlog.clock import Clock
from llmlog.errors import EmbeddedServerError, StoreUnavailable
from llmlog.store.embedded import EmbeddedServer

CONNECT_TIMEOUT_S = 0.5
READ_TIMEOUT_S = 2.0
WRITE_TIMEOUT_S = 1.0
PROBE_TIMEOUT_S = 0.3

_DOWN_REPLIES = (
    "OOM", "MISCONF", "LOADING", "READONLY", "MASTERDOWN", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "BUSY",
    "NOAUTH", "WRONGPASS", "NOPERM", "UNKILLABLE",
    "Protocol error: unauthenticated",
)  # fmt: skip
"""Replies that say the server cannot do its work now, whatever it was asked."""


class RedisConnection:
    """Makes clients for the embedded server or for the Redis of a URL, and notices when it is away."""

    def __init__(self, clock: Clock, url: str | None = None, embedded: EmbeddedServer | None = None) -> None:
        if (url is None) == (embedded is None):
            raise ValueError("give a URL or an embedded server, one of them")
        self._clock = clock
        self._url = url
        self._embedded = embedded
        self._clients: list[Any] = []
        self.down_since_ms: int | None = None
        """When it was first seen not answering; None while it answers."""
        self.last_error: str | None = None

    @property
    def where(self) -> str:
        """Where the store is, in words, without credentials."""
        if self._embedded is not None:
            return f"embedded ({self._embedded.description})"
        parts = urlsplit(self._url or "")
        return parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"

    def client(self, timeout_s: float) -> Any:
        """A `redis.Redis` of its own; connects on first use. Closed with the connection.

        Typed as Any because redis-py's annotations mix its synchronous and asynchronous answers.
        """
        options: dict[str, Any] = {
            "socket_timeout": timeout_s,
            "socket_connect_timeout": min(CONNECT_TIMEOUT_S, timeout_s),
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
            "health_check_interval": 0,
            "driver_info": None,
        }
        made: Any
        if self._embedded is not None:
            made = redis.Redis(unix_socket_path=str(self._embedded.socket_path), **options)
        else:
            made = redis.Redis.from_url(self._url or "", **options)
        self._clients.append(made)
        return made

    def ensure_running(self) -> None:
        """Start the embedded server if it is not running; nothing to do for a URL.

        Raises StoreUnavailable.
        """
        if self._embedded is None:
            return
        try:
            self._embedded.ensure_running()
        except (EmbeddedServerError, OSError) as error:
            raise self._seen_down(error) from error

    def started_again(self) -> bool:
        """Have an embedded server that is in use and cannot be reached running again, if that is possible.

        For readers: without a shipper nobody else would. False for the Redis of a URL.
        """
        if self._embedded is None or not self._embedded.in_use or self.last_error != "ConnectionError":
            return False
        try:
            self.ensure_running()
        except StoreUnavailable:
            return False
        return True

    @contextmanager
    def watched(self, *, conclusive: bool = True) -> Iterator[None]:
        """Run Redis calls: infrastructure failures become StoreUnavailable and are remembered, success ends
        the outage. Replies about the data (wrong type, script errors) pass through.

        conclusive: whether success proves that Redis answers; having sent something does not.
        """
        try:
            yield
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            raise self._seen_down(error) from error
        except redis.ResponseError as error:
            if is_down_reply(_reply(error)):
                raise self._seen_down(error) from error
            raise
        if conclusive:
            self.down_since_ms = None
            self.last_error = None

    def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            client.close()
        self._clients.clear()

    def _seen_down(self, error: Exception) -> StoreUnavailable:
        if self.down_since_ms is None:
            self.down_since_ms = self._clock.now_ms()
        text = _reply(error)
        self.last_error = text.split(" ", 1)[0] if is_down_reply(text) else type(error).__name__
        return StoreUnavailable(self.last_error, self.down_since_ms)


def is_down_reply(text: str) -> bool:
    """Whether an error reply of Redis is about the server, not about the data."""
    return text.startswith(_DOWN_REPLIES)


def _reply(error: Exception) -> str:
    """The reply as Redis sent it: redis-py takes the first word away from those it knows."""
    code: str | None = getattr(error, "status_code", None)
    return f"{code} {error}" if code is not None and code != "ERR" else str(error)
