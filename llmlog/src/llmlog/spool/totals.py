"""Counts of spools that are gone: when a directory is removed, its ledger is added here first.

`<root>/totals.json`, rewritten as a whole under a lock and renamed into place.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from llmlog.spool.ledger import Acknowledgement


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
        self.accepted += accepted
        self.stored += settled.stored
        self.expired += settled.expired
        self.dead_lettered += settled.dead_lettered
        self.quarantined += settled.quarantined
        for reason, count in dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + count


REMEMBERED = 200


def read_totals(root: Path) -> Totals:
    """The counts of the spools that are gone. Raises OSError."""
    try:
        return msgspec.json.decode((root / "totals.json").read_bytes(), type=Totals)
    except FileNotFoundError:
        return Totals()
    except msgspec.DecodeError:  # written by hand or by a disk that lied; figures only, start again
        return Totals()


def fold(root: Path, name: str, accepted: int, settled: Acknowledgement, dropped: dict[str, int]) -> None:
    """Add a directory's ledger before the directory is removed. Raises OSError."""
    lock = os.open(root / "totals.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        totals = read_totals(root)
        if name in totals.removed:
            return
        totals.add(accepted, settled, dropped)
        totals.removed = [*totals.removed, name][-REMEMBERED:]
        building = root / ".totals.json"
        fd = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(msgspec.json.encode(totals))
            file.flush()
            os.fsync(file.fileno())
        building.rename(root / "totals.json")
    finally:
        os.close(lock)
