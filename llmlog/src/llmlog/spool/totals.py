"""Counts of spools that are gone: when a directory is removed, its ledger is added here first.

`<root>/totals.json`, rewritten as a whole under a lock.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from llmlog.spool.files import LOCAL_FILES, Files
from llmlog.spool.ledger import Acknowledgement

DAMAGED = "damaged"
"""Accepted once, but lost on the disk: told beside what was dropped, and no longer among what was accepted."""


class Totals(msgspec.Struct):
    """Sums over the removed directories."""

    accepted: int = 0
    stored: int = 0
    expired: int = 0
    dead_lettered: int = 0
    quarantined: int = 0
    dropped: dict[str, int] = {}
    removed: list[str] = []
    """Names of the newest removed directories: a crash between adding and removing must not add twice."""

    def add(self, accepted: int, settled: Acknowledgement, dropped: dict[str, int]) -> None:
        """Add one ledger."""
        self.accepted += accepted - settled.lost
        self.stored += settled.stored
        self.expired += settled.expired
        self.dead_lettered += settled.dead_lettered
        self.quarantined += settled.quarantined
        for reason, count in [*dropped.items(), (DAMAGED, settled.lost)]:
            if count:
                self.dropped[reason] = self.dropped.get(reason, 0) + count


REMEMBERED = 200


def read_totals(root: Path, files: Files = LOCAL_FILES) -> Totals:
    """The counts of the spools that are gone. Raises OSError."""
    try:
        return msgspec.json.decode(files.read(root / "totals.json"), type=Totals)
    except FileNotFoundError:
        return Totals()
    except msgspec.DecodeError:  # written by hand or by a disk that lied; figures only, start again
        return Totals()


def fold(
    root: Path,
    name: str,
    accepted: int,
    settled: Acknowledgement,
    dropped: dict[str, int],
    files: Files = LOCAL_FILES,
) -> None:
    """Add a directory's ledger before the directory is removed. Raises OSError."""
    lock = files.wait_for_lock(root / "totals.lock")
    try:
        totals = read_totals(root, files)
        if name in totals.removed:
            return
        totals.add(accepted, settled, dropped)
        totals.removed = [*totals.removed, name][-REMEMBERED:]
        files.write(root / "totals.json", msgspec.json.encode(totals))
    finally:
        files.unlock(lock)
