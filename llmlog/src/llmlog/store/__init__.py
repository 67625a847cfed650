"""The one door to Redis: keys, codec, one atomic batch script, retention, the embedded server."""

from llmlog.store.batch_writer import BatchWriter, WriteOutcome
from llmlog.store.connection import RedisConnection
from llmlog.store.embedded import EmbeddedServer
from llmlog.store.plan import BatchPlan, PackedEntry
from llmlog.store.redis_store import RedisStore

__all__ = [
    "BatchPlan",
    "BatchWriter",
    "EmbeddedServer",
    "PackedEntry",
    "RedisConnection",
    "RedisStore",
    "WriteOutcome",
]
