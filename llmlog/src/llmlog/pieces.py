"""The pieces of a running service, opened in order and closed in reverse."""

from __future__ import annotations

import logging

from llmlog.clock import Clock
from llmlog.cost.pricing import Pricing
from llmlog.drop_notice import DropNotice
from llmlog.errors import StoreUnavailable
from llmlog.query.finder import LogFinder
from llmlog.query.logs import LogQueries
from llmlog.settings import Settings
from llmlog.ship import CircuitBreaker, DeadLetters, Shipper, Sources
from llmlog.ship.pace import Alone, Courtesy, Pace
from llmlog.spool import SpoolDirectory, SpoolKeeper, SpoolWriter
from llmlog.store import EmbeddedServer, RedisConnection, RedisStore

_logger = logging.getLogger("llmlog")


class ReadingPieces:
    """What reading needs: a connection, the store, the queries."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        url, max_bytes = settings.store.redis_url, settings.store.max_bytes
        self.embedded = None if url is not None else EmbeddedServer(settings.data_dir, max_bytes)
        self.connection = RedisConnection(clock, url, self.embedded)
        self.pricing = Pricing(settings.own_prices)
        self.store = RedisStore(self.connection, settings.store.retention_days, clock, self.pricing)
        self.queries = LogQueries(self.store, clock)
        self.finder = LogFinder(self.store, self.queries, settings.data_dir, clock)

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
        self.finder.close()
        self.store.close()
        if self.embedded is not None:
            self.embedded.leave()


def make_shipper(
    settings: Settings,
    clock: Clock,
    reading: ReadingPieces,
    own: SpoolWriter | None,
) -> Shipper:
    """A shipper for the spools of a data directory. own: None where it has its process to itself; then it attends
    to the spools of the living too."""

    def own_directory() -> SpoolDirectory | None:
        return own.directory if own is not None else None

    return Shipper(
        Sources(settings.spool_root, own_directory, clock, settings.spool_limit(), attend=own is None),
        reading.store.writer,
        CircuitBreaker(clock),
        DeadLetters(settings.data_dir / "dead-letters", clock),
        clock,
        Pace(Alone() if own is None else Courtesy(lambda: own.accepted)),
    )


class WritingPieces:
    """What writing needs on top: the threads that keep and empty the spool."""

    def __init__(self, settings: Settings, clock: Clock, writer: SpoolWriter, reading: ReadingPieces) -> None:
        self.writer = writer
        self.notice = DropNotice(clock)
        self.keeper = SpoolKeeper(writer, self.notice.look)
        self.shipper: Shipper | None = None
        if settings.ship.in_process:
            self.shipper = make_shipper(settings, clock, reading, writer)

    def start(self) -> None:
        """Start the threads."""
        self.writer.prepare()
        self.keeper.start()
        if self.shipper is not None:
            self.shipper.start()

    def close(self, deadline_s: float) -> None:
        """Refuse what comes, deliver what is there for at most `deadline_s`, give the spool up."""
        self.writer.close()
        if self.shipper is not None:
            self.shipper.stop(deadline_s)
        self.keeper.stop()
        if self.shipper is not None:
            self.shipper.release()
        if self.writer.directory is not None:
            self.writer.directory.release()
