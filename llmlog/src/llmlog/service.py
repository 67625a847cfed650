"""The public face: `LLMLoggingService` opens the pieces in order and closes them in reverse.

    with LLMLoggingService.open() as log:
        with log.interaction(command="play some jazz", user_id=uid, session_id=sid) as turn:
            ...
            turn.result(success=True, message="Playing Kind of Blue")

Writing never raises and never waits. Reading are plain functions that may: async code calls them in a thread.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from llmlog.capture import Interaction, Pseudonyms, Recorder
from llmlog.capture.interaction import current_interaction
from llmlog.capture.opening import maskers, pseudonym_keys
from llmlog.clock import Clock, SystemClock
from llmlog.diagnosis import health_of, restored_warning, shipping_health, spool_health
from llmlog.entry import LlmCall, LlmRequest, LogEntry, Source
from llmlog.errors import BadRequest, StoreUnavailable
from llmlog.health import Health, StoreHealth
from llmlog.query import LogResult, QueryOptions, SearchResult, Statistics
from llmlog.settings import Settings
from llmlog.spool import SpoolWriter

if TYPE_CHECKING:
    from llmlog.erasure import Receipt
    from llmlog.importing import Importer
    from llmlog.pieces import ReadingPieces, WritingPieces
    from llmlog.query.finder import LogFinder
    from llmlog.repricing import Repricer
    from llmlog.ship import Shipper
    from llmlog.ship.resend import Resent

CLOSE_DEADLINE_S = 2.0
LOADING_S = 10.0

_logger = logging.getLogger("llmlog")


class LLMLoggingService:
    """Logs every LLM call of an application. Make one with `open`; it is a context manager."""

    def __init__(self, settings: Settings, clock: Clock, recorder: Recorder | None, pseudonyms: Pseudonyms) -> None:
        """Not to be called directly: see `open` and `open_reader`."""
        self.settings = settings
        self._clock = clock
        self._recorder = recorder
        self._pseudonyms = pseudonyms
        self._limit = settings.spool_limit()
        self._opening = threading.Lock()
        self._reading: ReadingPieces | None = None
        self._writing: WritingPieces | None = None
        self._warnings: list[str] = []
        self._closed = False

    # -- opening and closing ------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        known_secrets: Iterable[str] = (),
        app_version: str | None = None,
        clock: Clock | None = None,
    ) -> LLMLoggingService:
        """Start logging.

        settings: None reads the environment. known_secrets: texts (keys, tokens of the host) that are masked
        wherever they occur. Raises SettingsError for a value that cannot be used, and nothing else: a Redis
        that is away or a disk that is full costs the host nothing but a warning.
        """
        settings, clock = settings or Settings.from_environment(), clock or SystemClock()
        keys, warning = pseudonym_keys(settings)
        pseudonyms = Pseudonyms(keys)
        service = cls(settings, clock, None, pseudonyms)
        masker, sieve = maskers(settings.capture, list(known_secrets))
        service._recorder = Recorder(service._new_writer(), pseudonyms, masker, sieve, clock, app_version)
        if warning:
            service._warnings.append(warning)
            _logger.warning("llmlog: %s", warning)
        service._start()
        itself = weakref.ref(service)
        os.register_at_fork(after_in_child=lambda: _in_child(itself))
        atexit.register(service.close)
        return service

    @classmethod
    def open_reader(cls, settings: Settings | None = None, clock: Clock | None = None) -> LLMLoggingService:
        """Open for reading only: no spool of its own, no threads. A Redis that was just started is given 10 s to
        load its data. Raises SettingsError."""
        settings, clock = settings or Settings.from_environment(), clock or SystemClock()
        keys, warning = pseudonym_keys(settings)
        service = cls(settings, clock, None, Pseudonyms(keys))
        if warning:
            service._warnings.append(warning)
        service._start()
        service._reads.store.await_loaded(LOADING_S)
        return service

    def close(self, deadline_s: float = CLOSE_DEADLINE_S) -> None:
        """Deliver what is left for at most `deadline_s` seconds and let go. What could not be delivered
        stays on disk and is delivered by the next process of this data directory."""
        with self._opening:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        if self._writing is not None:
            self._writing.close(deadline_s)
        if self._reading is not None:
            self._reading.close()

    def __enter__(self) -> LLMLoggingService:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- writing ------------------------------------------------------------------------------------

    def log_interaction(self, entry: LogEntry) -> None:
        """Log one entry you built yourself. Never raises, never waits; sync, threads and asyncio alike."""
        if self._recorder is not None and self._ready():
            self._recorder.log(entry)

    def interaction(
        self,
        *,
        command: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        source: Source = "chat",
        turn: int | None = None,
        tags: dict[str, Any] | None = None,
    ) -> Interaction:
        """A context manager around one command; every call recorded inside is attached to it.

        user_id, session_id: raw; only their keyed pseudonyms are ever kept.
        """
        recorder = self._recorder
        if recorder is None:
            raise RuntimeError("This service was opened for reading. Open one for writing with open().")
        self._ready()
        template = LogEntry(
            command=command,
            user_id=user_id,
            session_id=session_id,
            source=source,
            turn=turn,
            tags=dict(tags or {}),
            trace_id=recorder.new_id(),
            llm_request=_NO_REQUEST,
        )
        return Interaction(recorder, template)

    def record_call(self, call: LlmCall) -> str | None:
        """Log one finished LLM call: attached to the interaction around it, or as an entry of its own.

        Returns the entry's id, or None when it could not be logged (counted by reason). Never raises.
        """
        recorder = self._recorder
        if recorder is None or not self._ready():
            return None
        turn = current_interaction.get()
        if turn is not None and turn.recorder is recorder:
            return turn.record_call(call)
        return recorder.log_call(call)

    # -- reading ------------------------------------------------------------------------------------

    def get_logs(self, options: QueryOptions | None = None) -> LogResult:
        """One page of logs, newest first. Raises StoreUnavailable, BadRequest."""
        options = options or QueryOptions()
        pseudonyms = None
        if options.user_id is not None:
            pseudonyms = self._pseudonyms.all_of("user", options.user_id)
        elif options.pseudonym is not None:
            pseudonyms = self._reads.queries.pseudonyms_like(options.pseudonym)
        return self._reads.queries.page(options, pseudonyms)

    def get_log(self, entry_id: str) -> LogEntry | None:
        """One log by id, or None. Raises StoreUnavailable, BadRequest."""
        return self._reads.queries.one(entry_id)

    def get_logs_by_user(self, user_id: str, limit: int = 100) -> list[LogEntry]:
        """The newest logs of a person, by raw id. Raises StoreUnavailable, BadRequest."""
        return self.get_logs(QueryOptions(user_id=user_id, limit=limit)).logs

    def search_logs(
        self, query: str, limit: int = 100, cursor: str | None = None, viewer_id: str | None = None
    ) -> SearchResult:
        """The newest logs that match a query (docs/query-language.md), and what was looked at.

        viewer_id: raw id of whoever asks, for `is:mine`.

        Raises StoreUnavailable, BadRequest; QuerySyntaxError for a query that cannot be read.
        """
        return self.finder.search(self.finder.parse(query), limit, cursor, self.pseudonyms_of(viewer_id or ""))

    @property
    def finder(self) -> LogFinder:
        """Search and figures for one query; keeps the index where it is told to."""
        return self._reads.finder

    def statistics(self, from_day: str | None = None, to_day: str | None = None) -> Statistics:
        """Counts over UTC days (`YYYY-MM-DD`, both included); the last 30 by default.

        Raises StoreUnavailable, BadRequest.
        """
        return self._reads.queries.statistics(from_day, to_day)

    def is_own(self, entry: LogEntry, user_id: str) -> bool:
        """Whether a log is of the person with this raw id."""
        return entry.user_id is not None and entry.user_id in self._pseudonyms.all_of("user", user_id)

    def pseudonyms_of(self, user_id: str) -> frozenset[str]:
        """All pseudonyms a person's logs may have, by raw id; none for an empty one."""
        return frozenset(self._pseudonyms.all_of("user", user_id)) if user_id else frozenset()

    def now_ms(self) -> int:
        """This service's clock, ms since the epoch."""
        return self._clock.now_ms()

    def pseudonym(self, user_id: str) -> str:
        """The pseudonym written for a raw user id; a host may use it for keys of its own."""
        return self._pseudonyms.of("user", user_id)

    def erase(self, user_id: str | None = None, pseudonym: str | None = None) -> Receipt:
        """Erase a person: by raw id, or by a whole pseudonym as it stands in a log. Counts stay.

        Raises StoreUnavailable, BadRequest, OSError.
        """
        from llmlog.erasure import Eraser

        if (user_id is None) == (pseudonym is None) or not (user_id or pseudonym):
            raise BadRequest("userId", "Give a raw user id or a pseudonym, one of them.")
        given = self.pseudonyms_of(user_id) if user_id else self._reads.queries.whole_pseudonym(pseudonym or "")
        return Eraser(self._reads.store, self.settings.data_dir, self.settings.spool_root, self._clock).erase(given)

    def redis_client(self, timeout_s: float = 0.5) -> Any:
        """A `redis.Redis` on the same server, for the host's own keys; closed with the service."""
        return self._reads.connection.client(timeout_s)

    def events_after(self, event: str | None = None) -> tuple[str, list[str]]:
        """Ids of what arrived after an event, oldest first, and the event to go on from. None = from now.

        Raises StoreUnavailable.
        """
        store = self._reads.store
        if event is None:
            return store.newest_event(), []
        rows = store.events_after(event)
        return (rows[-1][0] if rows else event), [entry_id for _, entry_id in rows]

    def store_time_ms(self) -> int:
        """The store's clock, ms since the epoch. Raises StoreUnavailable."""
        return self._reads.store.server_time_ms()

    def health(self) -> Health:
        """How llmlog is doing. Never raises for a store that is away: that is what it tells."""
        writing, connection = self._writing, self._reads.connection
        shipper = writing.shipper if writing is not None else None
        breaker = shipper.breaker.state if shipper is not None else "closed"
        try:
            self._reads.store.probe()
        except StoreUnavailable as error:
            _logger.debug("llmlog: %s", error)
        writer = writing.writer if writing is not None else None
        spool = spool_health(self.settings.spool_root, self._limit, writer, shipper)
        store = StoreHealth(
            answering=connection.down_since_ms is None,
            where=connection.where,
            breaker=breaker,
            not_answering_since=connection.down_since_ms,
            last_error=connection.last_error,
            retention_days=self.settings.store.retention_days,
        )
        last_drop_ms = writing.notice.last_drop_ms if writing is not None else None
        warnings = [*self._warnings, *restored_warning(shipper)]
        shipping = shipping_health(self.settings.ship.in_process, self.settings.spool_root, shipper)
        return health_of(spool, store, shipping, warnings, last_drop_ms, self._clock.now_ms())

    # -- shipping from another process ----------------------------------------------------------------

    def drainer(self) -> Shipper:
        """A shipper for every spool of the data directory whose process died or does not ship itself.

        For a process of its own: start it, stop it, release it.
        """
        from llmlog.pieces import make_shipper

        return make_shipper(self.settings, self._clock, self._reads, None)

    def send_again(self, since_ms: int) -> Resent:
        """Send again what was delivered since a moment (ms since the epoch) and is still on disk.

        What Redis still has stays as it is. Raises StoreUnavailable, OSError.
        """
        from llmlog.ship.resend import resend
        from llmlog.spool.kept import kept_frames

        writer = self._reads.store.writer
        writer.get_ready()
        return resend(kept_frames(self.settings.spool_root, since_ms), writer)

    def importer(self) -> Importer:
        """Takes logs in from elsewhere, straight into the store; for a process that does nothing else."""
        from llmlog.importing import Importer, KnownPseudonyms

        masker, sieve = maskers(self.settings.capture, [])
        recorder = Recorder(
            self._new_writer(), KnownPseudonyms(pseudonym_keys(self.settings)[0]), masker, sieve, self._clock
        )
        return Importer(recorder, self._reads.store.writer)

    def repricer(self) -> Repricer:
        """Computes again what stored calls cost; for a process that does nothing else."""
        from llmlog.repricing import Repricer

        return Repricer(self._reads.store, self._reads.pricing, self.settings.data_dir, self._clock)

    # -- inside -------------------------------------------------------------------------------------

    @property
    def _reads(self) -> ReadingPieces:
        if self._reading is None:
            self._start()
        assert self._reading is not None
        return self._reading

    def _ready(self) -> bool:
        """Have the threads running: at once, but for a forked child's first log."""
        if self._writing is None and not self._closed:
            try:
                self._start()
            except Exception as error:  # noqa: BLE001 - the fence: a child that cannot start threads goes on
                _logger.warning("llmlog: could not start in this process: %s", error)
        return True

    def _start(self) -> None:
        from llmlog.pieces import ReadingPieces, WritingPieces  # redis-py takes 100 ms; importing us must not

        with self._opening:
            if self._reading is not None:
                return
            reading = ReadingPieces(self.settings, self._clock)
            reading.connect()
            self._reading = reading
            if self._recorder is not None:
                self._writing = WritingPieces(self.settings, self._clock, self._recorder.writer, reading)
                self._writing.start()

    def _new_writer(self) -> SpoolWriter:
        fsync = self.settings.spool.fsync
        ships = self.settings.ship.in_process
        return SpoolWriter(self.settings.spool_root, self._limit, self._clock, fsync, ships=ships)

    def _start_afresh_in_child(self) -> None:
        """After a fork: nothing of the parent's spool, threads, sockets or locks is ours."""
        if self._recorder is not None:
            self._recorder.writer.forget_inherited()
            self._recorder.start_afresh(self._new_writer())
        if self._reading is not None:
            self._reading.forget_inherited()
        self._opening = threading.Lock()
        self._reading = self._writing = None


_NO_REQUEST = LlmRequest(model="")


def _in_child(reference: weakref.ref[LLMLoggingService]) -> None:
    service = reference()
    if service is not None:
        service._start_afresh_in_child()
