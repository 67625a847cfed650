"""The pieces of a running service, opened in order and closed in reverse."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from llmlog.clock import Clock
from llmlog.drop_notice import DropNotice
from llmlog.errors import StoreUnavailable
from llmlog.query import LogQueries
from llmlog.settings import DEFAULT_SPOOL_MAX_BYTES, Settings
from llmlog.ship import CircuitBreaker, Shipper
from llmlog.ship.dead_letters import DeadLetters
from llmlog.spool import SpoolKeeper, SpoolWriter
from llmlog.store import EmbeddedServer, RedisConnection, RedisStore

_logger = logging.getLogger("llmlog")


class ReadingPieces:
    """What reading needs: a connection, the store, the queries."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        url, max_bytes = settings.store.redis_url, settings.store.max_bytes
        self.embedded = None if url is not None else EmbeddedServer(settings.data_dir, max_bytes)
        self.connection = RedisConnection(clock, url, self.embedded)
        self.store = RedisStore(self.connection, settings.store.retention_days, clock)
        self.queries = LogQueries(self.store, clock)

    def connect(self) -> None:
        """Have the embedded server running; told, not raised, when that fails."""
        try:
            self.connection.ensure_running()
        except StoreUnavailable as error:
            _logger.warning("llmlog: %s %s", error, error.__cause__ or "")

    def forget_inherited(self) -> None:
        """In a forked child: the parent's sockets and locks are not ours."""
        if self.embedded is not None:
            self.embedded.forget_inherited()

    def close(self) -> None:
        """Close connections; the last user of an embedded server stops it."""
        self.store.close()
        if self.embedded is not None:
            self.embedded.leave()


class WritingPieces:
    """What writing needs on top: the threads that keep and empty the spool."""

    def __init__(self, settings: Settings, clock: Clock, writer: SpoolWriter, reading: ReadingPieces) -> None:
        self.writer = writer
        self.notice = DropNotice(clock)
        self.keeper = SpoolKeeper(writer, self.notice.look)
        self.shipper = Shipper(
            spool_root(settings),
            reading.store,
            CircuitBreaker(clock),
            DeadLetters(settings.data_dir / "dead-letters", clock),
            lambda: writer.directory,
            clock,
        )

    def start(self) -> None:
        """Start both threads."""
        self.writer.prepare()
        self.keeper.start()
        self.shipper.start()

    def close(self, deadline_s: float) -> None:
        """Refuse what comes, deliver what is there for at most `deadline_s`, give the spool up."""
        self.writer.close()
        self.shipper.stop(deadline_s)
        self.keeper.stop()
        self.shipper.release()
        if self.writer.directory is not None:
            self.writer.directory.release()


def spool_root(settings: Settings) -> Path:
    """Where the spools of a data directory lie."""
    return settings.data_dir / "spool"


def spool_limit(settings: Settings) -> int:
    """The bound of all spools together: as set, else 4 GiB or a tenth of the free disk, the smaller."""
    if settings.spool.max_bytes is not None:
        return settings.spool.max_bytes
    existing = next((path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists()), None)
    if existing is None:
        return DEFAULT_SPOOL_MAX_BYTES
    return min(DEFAULT_SPOOL_MAX_BYTES, shutil.disk_usage(existing).free // 10)
