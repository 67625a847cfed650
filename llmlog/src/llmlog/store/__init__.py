"""The one door to Redis: keys, codec, one atomic batch script, retention, the embedded server."""

from llmlog.store.connection import RedisConnection
from llmlog.store.embedded import EmbeddedServer
from llmlog.store.redis_store import RedisStore, WriteOutcome

__all__ = ["EmbeddedServer", "RedisConnection", "RedisStore", "WriteOutcome"]
