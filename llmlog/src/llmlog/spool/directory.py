"""A spool directory: one per process, owned through a file lock.

    <root>/<random>/lock      flock held by the owner for as long as it lives
    <root>/<random>/ledger    see ledger.py
    <root>/<random>/segment-00000001.spool …

The name is random, so that containers with equal process ids do not meet. A directory whose lock can be taken
belongs to nobody alive: whoever takes the lock has adopted it. A new directory is built under a hidden name,
locked, and then renamed, so that nobody adopts it half made.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from llmlog.spool.ledger import Ledger
from llmlog.spool.segment import segment_numbers, segment_path


class SpoolDirectory:
    """A spool directory whose lock this process holds."""

    def __init__(self, path: Path, lock_fd: int, ledger: Ledger) -> None:
        self.path = path
        self.ledger = ledger
        self._lock_fd: int | None = lock_fd

    @classmethod
    def create(cls, root: Path, name: str) -> SpoolDirectory:
        """Make a directory of one's own under `root`. Raises OSError."""
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        building = root / f".{name}"
        building.mkdir(mode=0o700)
        fd = _try_lock(building)
        if fd is None:
            raise OSError(f"{building} is locked by another process")
        ledger = Ledger(building / "ledger")
        path = root / name
        building.rename(path)
        sync_directory(root)
        return cls(path, fd, ledger)

    @classmethod
    def adopt(cls, path: Path) -> SpoolDirectory | None:
        """Take over a directory whose owner has died; None while somebody holds it. Raises OSError."""
        fd = _try_lock(path)
        if fd is None:
            return None
        if not (path / "ledger").exists() and not segment_numbers(path):
            os.close(fd)
            shutil.rmtree(path, ignore_errors=True)
            return None
        return cls(path, fd, Ledger(path / "ledger"))

    def forget_inherited(self) -> None:
        """In a forked child: close the inherited lock, which would keep the parent's directory locked."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def release(self) -> None:
        """Give the lock up; what is left inside will be adopted."""
        self.ledger.close()
        self.forget_inherited()

    def remove(self) -> None:
        """Delete the directory with all that is in it, then give the lock up."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()


def dead_directories(root: Path) -> Iterator[SpoolDirectory]:
    """Adopt, one by one, every directory under `root` that nobody alive holds."""
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return
    for name in names:
        try:
            adopted = SpoolDirectory.adopt(root / name)
        except (FileNotFoundError, NotADirectoryError):
            continue  # its adopter finished and removed it meanwhile
        if adopted is not None:
            yield adopted


def directories(root: Path) -> list[Path]:
    """Every spool directory under `root`, whoever holds it."""
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    return [root / name for name in names if (root / name / "ledger").exists()]


def bytes_on_disk(root: Path) -> int:
    """What all spools under `root` take on disk."""
    total = 0
    for directory in directories(root):
        try:
            for number in segment_numbers(directory):
                total += segment_path(directory, number).stat().st_size
        except FileNotFoundError:
            continue  # removed meanwhile
    return total


def sync_directory(path: Path) -> None:
    """Bring a directory's own entries to the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _try_lock(path: Path) -> int | None:
    fd = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd
