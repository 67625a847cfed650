"""The spool's own background thread: syncs what was appended, keeps a spare segment ready.

It is not the shipper's thread, because that one may wait seconds for a Redis that hangs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from llmlog.spool.writer import SpoolWriter

SYNC_EVERY_S = 0.1
"""A host crash (not a kill of the process) loses at most what came since the last sync."""

_logger = logging.getLogger("llmlog")


class SpoolKeeper:
    """Runs `SpoolWriter.sync` and `SpoolWriter.prepare` until stopped."""

    def __init__(self, writer: SpoolWriter, look: Callable[[SpoolWriter], None]) -> None:
        """look: called with the writer once a round, to notice what was dropped."""
        self._writer = writer
        self._look = look
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._told = False

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="llmlog-spool", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; waits for it 1 s at most."""
        self._stopped = True
        self._writer.spare_wanted.set()
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def _run(self) -> None:
        synced_s = time.monotonic()
        while not self._stopped:
            self._writer.spare_wanted.wait(SYNC_EVERY_S)
            self._writer.spare_wanted.clear()
            self._writer.prepare()
            if time.monotonic() - synced_s >= SYNC_EVERY_S:
                synced_s = time.monotonic()
                self._sync()
                self._look(self._writer)

    def _sync(self) -> None:
        try:
            self._writer.sync()
        except OSError as error:
            if not self._told:
                _logger.warning("llmlog: the spool could not be synced to disk: %s", error)
                self._told = True
        else:
            self._told = False
