"""The shipper: takes entries from spools to the store, one batch at a time.

While Redis is busy with a batch, the next one is packed, at a pace that leaves the host its turn (pace.py). A
cursor moves only after the store confirmed. While the store is away everything stays where it is, on disk.
"""

from __future__ import annotations

import logging
import threading
import time

from llmlog.clock import Clock
from llmlog.errors import StoreUnavailable
from llmlog.ship.batch import Batch
from llmlog.ship.breaker import CircuitBreaker
from llmlog.ship.dead_letters import DeadLetters
from llmlog.ship.door import StoreDoor
from llmlog.ship.pace import Pace
from llmlog.ship.resend import resend
from llmlog.ship.sources import KEEP_SETTLED_MS, Source, Sources
from llmlog.spool import SpoolReader
from llmlog.spool.kept import kept_frames

LARGEST_BATCH = 800
"""Entries."""
BATCH_BYTES = 4 * 1024 * 1024
SLOW_BATCH_S = 0.05
"""When a full batch was waited for longer, the way there is slow: carry more at once."""
SHORTEST_IDLE_S = 0.02
LONGEST_IDLE_S = 0.2

_logger = logging.getLogger("llmlog")


class Shipper:
    """Delivers spools. `start` runs it as a thread; `run_once` does one round, for simulations."""

    def __init__(
        self,
        sources: Sources,
        writer: StoreDoor,
        breaker: CircuitBreaker,
        dead_letters: DeadLetters,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._courtesy = pace.courtesy
        self._sources = sources
        self._writer = writer
        self._dead_letters = dead_letters
        self._clock = clock
        self._smallest_batch = self._batch_entries = pace.smallest_batch
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: str | None = None
        self._lock = threading.Lock()
        self._reachable = False
        self.rounds = 0
        """How often it has looked at all spools."""
        self.breaker = breaker
        self.trouble: tuple[int, str] | None = None
        """Since when (ms since the epoch) no batch was taken, and the short name of why; None while they are."""
        self.restored: tuple[int, int] | None = None
        """When (ms since the epoch) Redis was last found to have forgotten logs, and how many were sent again."""

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="llmlog-ship", daemon=True)
        self._thread.start()

    def stop(self, deadline_s: float) -> None:
        """Deliver what is left for at most `deadline_s`, then end the thread."""
        until_s = time.monotonic() + deadline_s
        fresh_look = self.rounds + 2  # the round under way may have looked before the last entry came
        while time.monotonic() < until_s and self.breaker.state != "open":
            if self.rounds >= fresh_look and self.idle:
                break
            time.sleep(0.005)
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=max(0.1, until_s - time.monotonic()))

    @property
    def idle(self) -> bool:
        """Whether this process's own spool was read to its end and settled."""
        own = self._sources.own
        return own is None or own.drained

    @property
    def drained(self) -> bool:
        """Whether every spool in hand was read to its end and settled."""
        return all(source.drained for source in self._sources.all())

    @property
    def readers(self) -> list[SpoolReader]:
        """Readers of every spool in hand."""
        return [source.reader for source in self._sources.all()]

    def release(self) -> None:
        """Give adopted spools up; what is left in them will be adopted again."""
        with self._lock:
            self._sources.release()

    def run_once(self) -> bool:
        """One round over all sources; whether anything was delivered. Raises OSError."""
        with self._lock:
            self._sources.look()
            worked = self._restore_forgotten()
            for source in self._sources.all():
                worked |= self._deliver(source)
            self.rounds += 1
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

    def _deliver(self, source: Source) -> bool:
        """One batch of one spool; whether there was one and it was delivered."""
        if not self.breaker.allows():
            return False
        try:
            if not self._have_batch(source):
                return False
            waited_s = self._exchange(source)
        except StoreUnavailable as error:
            self._writer.abandon()
            self._reachable = False
            self.breaker.failure()
            self.trouble = (self.trouble[0] if self.trouble else self._clock.now_ms(), error.reason)
            self._tell(str(error))
            return False
        except BaseException:
            self._writer.abandon()
            raise
        batch = source.batch
        assert batch is not None
        source.reader.settle(zip(batch.deliveries, batch.outcomes, strict=True))
        source.batch, source.following = source.following, None
        self._note_success(len(batch.deliveries), waited_s)
        return True

    def _have_batch(self, source: Source) -> bool:
        """Whether there is a batch to send, with the store ready for it. Raises StoreUnavailable, OSError."""
        if not source.batch and not source.first:
            source.first = source.reader.read(1, 1)
            if not source.first:
                return False
        if not self._reachable:
            self._writer.get_ready()
        if source.batch is None:
            source.batch = self._pack_next(source)
        return source.batch is not None

    def _exchange(self, source: Source) -> float:
        """Send the batch in hand, pack the next one meanwhile, wait for the answer; gives the seconds waited."""
        assert source.batch is not None
        clock = self._clock
        sent_s = clock.monotonic_s()
        source.batch.send()
        packing_s = clock.monotonic_s()
        if source.following is None:
            source.following = self._pack_next(source)
        receiving_s = clock.monotonic_s()
        source.batch.receive()
        return (packing_s - sent_s) + (clock.monotonic_s() - receiving_s)

    def _restore_forgotten(self) -> bool:
        """When Redis lost what it had confirmed: send again what is still on disk."""
        if self._writer.forgotten == "nothing" or not self.breaker.allows():
            return False
        now_ms = self._clock.now_ms()
        try:
            resent = resend(kept_frames(self._sources.root, now_ms - KEEP_SETTLED_MS), self._writer)
        except StoreUnavailable:
            self._writer.abandon()
            self.breaker.failure()
            return False
        surely, self._writer.forgotten = self._writer.forgotten == "surely", "nothing"
        if surely or resent.restored:
            self.restored = (now_ms, resent.restored)
            _logger.warning(
                "llmlog: Redis had lost logs; %d of the last minutes were sent again from disk", resent.restored
            )
        return True

    def _pack_next(self, source: Source) -> Batch | None:
        """Read and pack entries, one at a time. What was read is never let go: not when reading fails either."""
        batch = source.packing or Batch(self._writer, self._dead_letters)
        source.packing = batch
        while len(batch.deliveries) < self._batch_entries and batch.size_bytes < BATCH_BYTES:
            found = source.first or source.reader.read(1, 1)
            source.first = []
            if not found:
                break
            batch.add(found[0])
            self._courtesy.pause()
        if not batch.deliveries:
            return None
        source.packing = None
        batch.seal()
        return batch

    def _note_success(self, entries: int, waited_s: float) -> None:
        self._reachable = True
        self._told = self.trouble = None
        self.breaker.success(waited_s)
        self._writer.renew_dictionary()
        if waited_s > SLOW_BATCH_S and entries >= self._batch_entries:
            self._batch_entries = min(LARGEST_BATCH, self._batch_entries * 2)
        elif waited_s < SLOW_BATCH_S / 2:
            self._batch_entries = max(self._smallest_batch, self._batch_entries // 2)
