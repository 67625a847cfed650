"""The shipper: one background thread that takes entries from spools to the store.

Sources are this process's own spool and those of processes that died. A cursor moves only after the store
confirmed. While the store is away everything stays where it is, on disk.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import redis

from llmlog.clock import Clock
from llmlog.decoding import decode_entry
from llmlog.entry import ErrorInfo, LogEntry
from llmlog.errors import StoreUnavailable
from llmlog.ship.breaker import CircuitBreaker
from llmlog.ship.dead_letters import DeadLetters
from llmlog.spool import Delivery, SpoolDirectory, SpoolReader, dead_directories
from llmlog.spool.reader import Outcome
from llmlog.spool.totals import fold
from llmlog.store import RedisStore

BATCH_ENTRIES = 100
BATCH_BYTES = 4 * 1024 * 1024
TRIES = 3
"""How often an entry whose data Redis refuses is tried before it becomes a dead letter."""
SHORTEST_IDLE_S = 0.02
LONGEST_IDLE_S = 0.2
ADOPT_EVERY_S = 2.0
KEEP_SETTLED_MS = 10 * 60 * 1000
"""How long delivered segments stay on disk, for sending again what a failover of Redis forgot."""

ORPHANED = ErrorInfo(type="interrupted", message="the process ended before the outcome was known")

_logger = logging.getLogger("llmlog")


class _Source:
    """A spool being delivered, with the batch in hand."""

    def __init__(self, reader: SpoolReader) -> None:
        self.reader = reader
        self.batch: list[Delivery] = []


class Shipper:
    """Delivers spools. `start` runs it as a thread; `run_once` does one round, for simulations."""

    def __init__(
        self,
        root: Path,
        store: RedisStore,
        breaker: CircuitBreaker,
        dead_letters: DeadLetters,
        own_directory: Callable[[], SpoolDirectory | None],
        clock: Clock,
    ) -> None:
        self._root = root
        self._store = store
        self._dead_letters = dead_letters
        self._own_directory = own_directory
        self._clock = clock
        self._own: _Source | None = None
        self._adopted: list[_Source] = []
        self._next_adoption_s = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: str | None = None
        self._lock = threading.Lock()
        self._reachable = False
        self.breaker = breaker

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="llmlog-ship", daemon=True)
        self._thread.start()

    def stop(self, deadline_s: float) -> None:
        """Deliver what is left for at most `deadline_s`, then end the thread."""
        until_s = time.monotonic() + deadline_s
        while time.monotonic() < until_s and self.breaker.state != "open" and not self.idle:
            time.sleep(0.01)
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=max(0.1, until_s - time.monotonic()))

    @property
    def idle(self) -> bool:
        """Whether this process's own spool was read to its end and settled."""
        own = self._own
        return own is not None and not own.batch and own.reader.drained

    @property
    def readers(self) -> list[SpoolReader]:
        """Readers of every spool in hand."""
        sources = [*self._adopted, self._own] if self._own is not None else list(self._adopted)
        return [source.reader for source in sources]

    def release(self) -> None:
        """Give adopted spools up; what is left in them will be adopted again."""
        with self._lock:
            for source in self._adopted:
                source.reader.close()
                source.reader.directory.release()
            self._adopted.clear()
            if self._own is not None:
                self._own.reader.close()

    def run_once(self) -> bool:
        """One round over all sources; whether anything was delivered."""
        with self._lock:
            self._look_for_spools()
            worked = False
            for source in [*([self._own] if self._own else []), *self._adopted]:
                worked |= self._deliver(source)
            return worked

    def _run(self) -> None:
        idle_s = SHORTEST_IDLE_S
        while not self._stop.is_set():
            try:
                worked = self.run_once()
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever comes; it is told below
                self._tell(f"{type(error).__name__}: {error}")
                worked = False
            idle_s = 0.0 if worked else min(LONGEST_IDLE_S, max(SHORTEST_IDLE_S, idle_s * 1.5))
            if not worked:
                self._stop.wait(max(idle_s, min(self.breaker.seconds_until_try(), 1.0)))

    def _tell(self, what: str) -> None:
        if what != self._told:
            _logger.warning("llmlog: logs stay on disk for now: %s", what)
            self._told = what

    # -- sources ------------------------------------------------------------------------------------

    def _look_for_spools(self) -> None:
        if self._own is None:
            directory = self._own_directory()
            if directory is not None:
                self._own = _Source(SpoolReader(directory, self._root.parent / "quarantine", alive=True))
        now_s = self._clock.monotonic_s()
        if now_s < self._next_adoption_s:
            return
        self._next_adoption_s = now_s + ADOPT_EVERY_S
        for directory in dead_directories(self._root):
            reader = SpoolReader(directory, self._root.parent / "quarantine", alive=False)
            self._adopted.append(_Source(reader))
        self._clean_up()

    def _clean_up(self) -> None:
        keep_from_ms = self._clock.now_ms() - KEEP_SETTLED_MS
        if self._own is not None:
            self._own.reader.delete_settled_segments(keep_from_ms)
        for source in list(self._adopted):
            reader = source.reader
            if source.batch or not reader.drained or not reader.settled_before(keep_from_ms):
                continue
            ledger = reader.directory.ledger
            accepted = max(ledger.accepted, reader.last_accepted)
            fold(self._root, reader.directory.path.name, accepted, reader.settled_total(), ledger.dropped())
            reader.close()
            reader.directory.remove()
            self._adopted.remove(source)

    # -- delivery -----------------------------------------------------------------------------------

    def _deliver(self, source: _Source) -> bool:
        if not source.batch:
            source.batch = source.reader.read(BATCH_ENTRIES, BATCH_BYTES)
        if not source.batch or not self.breaker.allows():
            return False
        started_s = self._clock.monotonic_s()
        try:
            if not self._reachable:
                self._store.connection.ensure_running()
            outcomes = self._write(source.batch)
        except StoreUnavailable as error:
            self._reachable = False
            self.breaker.failure()
            self._tell(str(error))
            return False
        self._reachable = True
        self._told = None
        self.breaker.success(self._clock.monotonic_s() - started_s)
        source.reader.settle(zip(source.batch, outcomes, strict=True))
        source.batch = []
        return True

    def _write(self, batch: list[Delivery]) -> list[Outcome]:
        """Store what can be stored; says for each delivery what became of it. Raises StoreUnavailable."""
        outcomes: list[Outcome | None] = [None] * len(batch)
        waiting: dict[int, tuple[LogEntry, bytes]] = {}
        for index, delivery in enumerate(batch):
            try:
                entry, body = _entry_of(delivery)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self._dead_letters.keep(f"not readable: {error}", delivery.frame.body)
                outcomes[index] = "dead_lettered"
                continue
            if self._store.expired(entry):
                outcomes[index] = "expired"
            else:
                waiting[index] = (entry, body)
            time.sleep(0)  # give the interpreter's lock up after each log
        refusals = self._store_all(waiting)
        for index, (_, body) in waiting.items():
            if index in refusals:
                self._dead_letters.keep(refusals[index], body)
            outcomes[index] = "dead_lettered" if index in refusals else "stored"
        return [outcome or "stored" for outcome in outcomes]

    def _store_all(self, waiting: dict[int, tuple[LogEntry, bytes]]) -> dict[int, str]:
        """Send the entries; returns those refused for their data, with Redis's words."""
        left = dict(waiting)
        refusals: dict[int, str] = {}
        for turn in range(TRIES):
            if not left:
                break
            refusals = self._send(left, alone=turn > 0)
            left = {index: left[index] for index in refusals}
        return refusals

    def _send(self, entries: dict[int, tuple[LogEntry, bytes]], *, alone: bool) -> dict[int, str]:
        groups = [[index] for index in entries] if alone else [list(entries)]
        refusals: dict[int, str] = {}
        for group in groups:
            try:
                outcomes = self._store.write_batch([entries[index] for index in group])
            except redis.ResponseError as error:
                refusals.update(dict.fromkeys(group, str(error)))
                continue
            for index, outcome in zip(group, outcomes, strict=True):
                if not outcome.stored:
                    refusals[index] = outcome.error or "refused"
        return refusals


def _entry_of(delivery: Delivery) -> tuple[LogEntry, bytes]:
    """The entry of a frame and its JSON. Raises msgspec.DecodeError."""
    body = delivery.frame.body
    entry = decode_entry(body)
    if delivery.orphaned:
        error = entry.error if entry.error is not None else ORPHANED
        entry = msgspec.structs.replace(entry, result=None, status="error", error=error)
        body = msgspec.json.encode(entry)
    return entry, body
