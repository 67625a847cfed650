"""The spools to deliver: this process's own, those of processes that died, and (for `llmlog drain`) those whose
owners leave shipping to others."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from llmlog.clock import Clock
from llmlog.ship.batch import Batch
from llmlog.spool import Delivery, SpoolDirectory, SpoolReader, dead_directories
from llmlog.spool.directory import bytes_on_disk, directories
from llmlog.spool.segment import SEGMENT_BYTES
from llmlog.spool.totals import fold

LOOK_EVERY_S = 2.0
KEEP_SETTLED_MS = 10 * 60 * 1000
"""How long delivered segments stay on disk, for sending again what a failover of Redis forgot."""


ROOM_BYTES = 4 * SEGMENT_BYTES
"""Less free disk than this is short."""


class Source:
    """A spool being delivered, with what was read of it and not settled yet."""

    def __init__(self, directory: SpoolDirectory, quarantine: Path, *, alive: bool) -> None:
        self.directory = directory
        self.alive = alive
        self.reader = SpoolReader(directory, quarantine, alive=alive)
        self.batch: Batch | None = None
        """To be sent, or on its way."""
        self.following: Batch | None = None
        """Packed while Redis was busy with the one before."""
        self.packing: Batch | None = None
        """Not whole yet: reading failed on the way."""
        self.first: list[Delivery] = []
        """Read to see whether there is anything at all."""

    @property
    def drained(self) -> bool:
        """Whether everything was read and settled."""
        return self.reader.drained

    def close(self) -> None:
        """Let go of the files; the locks stay as they are."""
        self.reader.close()


class Sources:
    """Finds spools and lets them go. One thread at a time uses it."""

    def __init__(
        self,
        root: Path,
        own_directory: Callable[[], SpoolDirectory | None],
        clock: Clock,
        max_bytes: int,
        *,
        attend: bool = False,
    ) -> None:
        """max_bytes: the bound of all spools together. attend: deliver spools whose owners live but do not ship."""
        self._max_bytes = max_bytes
        self.root = root
        self._quarantine = root.parent / "quarantine"
        self._own_directory = own_directory
        self._clock = clock
        self._attend = attend
        self._next_look_s = 0.0
        self.own: Source | None = None
        self.others: list[Source] = []

    def all(self) -> list[Source]:
        """Every spool in hand, the own one first."""
        return [*([self.own] if self.own is not None else []), *self.others]

    def look(self) -> None:
        """Find what is to deliver; every 2 s look for the spools of others and clean up. Raises OSError."""
        if self.own is None:
            directory = self._own_directory()
            if directory is not None:
                self.own = Source(directory, self._quarantine, alive=True)
        now_s = self._clock.monotonic_s()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_EVERY_S
        for directory in dead_directories(self.root):
            self.others.append(Source(directory, self._quarantine, alive=False))
        if self._attend:
            self._look_after_the_living()
        self._clean_up()

    def release(self) -> None:
        """Give the spools of others up; what is left in them will be adopted again."""
        for source in self.others:
            source.close()
            source.directory.release()
        self.others.clear()
        if self.own is not None:
            self.own.close()

    def _look_after_the_living(self) -> None:
        for source in self.others:
            if source.alive and source.directory.owner_died():
                source.alive = False
                source.reader.owner_died()
        in_hand = {source.directory.path for source in self.others}
        for path in directories(self.root):
            directory = SpoolDirectory.attend(path) if path not in in_hand else None
            if directory is not None:
                self.others.append(Source(directory, self._quarantine, alive=True))

    def _room_is_short(self) -> bool:
        """Whether new logs need the room more than a failover may need the delivered ones."""
        if bytes_on_disk(self.root) > self._max_bytes // 2:
            return True
        return self.root.exists() and shutil.disk_usage(self.root).free < ROOM_BYTES

    def _clean_up(self) -> None:
        keep_from_ms = self._clock.now_ms() - (0 if self._room_is_short() else KEEP_SETTLED_MS)
        for source in self.all():
            if source.alive:
                source.reader.delete_settled_segments(keep_from_ms)
        for source in [each for each in self.others if not each.alive]:
            reader = source.reader
            if not source.drained or not reader.settled_before(keep_from_ms):
                continue
            ledger = reader.directory.ledger
            accepted = max(ledger.accepted, reader.last_accepted)
            fold(self.root, reader.directory.path.name, accepted, reader.settled_total(), ledger.dropped())
            source.close()
            reader.directory.remove()
            self.others.remove(source)
