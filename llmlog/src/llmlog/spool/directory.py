"""A spool directory: one per process, owned through a file lock.

    <root>/<random>/lock      flock held by the owner for as long as it lives
    <root>/<random>/ship      flock held by whoever delivers: the owner's shipper, or `llmlog drain`
    <root>/<random>/ledger    see ledger.py
    <root>/<random>/segment-00000001.spool …

The name is random, so that containers with equal process ids do not meet. A directory whose lock can be taken
belongs to nobody alive: whoever takes both locks has adopted it. A new directory is built under a hidden name,
locked, and then renamed, so that nobody adopts it half made. The directory of an owner that leaves shipping to
`llmlog drain` is delivered by whoever holds its second lock, while the owner lives and after.
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
    """A spool directory of which this process holds a lock or both."""

    def __init__(self, path: Path, ledger: Ledger, owner_fd: int | None, ship_fd: int | None) -> None:
        self.path = path
        self.ledger = ledger
        self._owner_fd = owner_fd
        self._ship_fd = ship_fd

    @classmethod
    def create(cls, root: Path, name: str, *, ships: bool = True) -> SpoolDirectory:
        """Make a directory of one's own under `root`; `ships`: its owner delivers it too. Raises OSError."""
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        building = root / f".{name}"
        building.mkdir(mode=0o700)
        owner_fd = _try_lock(building / "lock")
        ship_fd = _try_lock(building / "ship") if ships else None
        if owner_fd is None:
            raise OSError(f"{building} is locked by another process")
        try:
            ledger = Ledger(building / "ledger")
            path = root / name
            building.rename(path)
            sync_directory(root)
        except OSError:
            _close(owner_fd, ship_fd)
            shutil.rmtree(building, ignore_errors=True)
            raise
        return cls(path, ledger, owner_fd, ship_fd)

    @classmethod
    def adopt(cls, path: Path) -> SpoolDirectory | None:
        """Take over a directory whose owner has died; None while somebody holds it. Raises OSError."""
        owner_fd = _try_lock(path / "lock")
        if owner_fd is None:
            return None
        if not (path / "ledger").exists() and not segment_numbers(path):
            os.close(owner_fd)
            shutil.rmtree(path, ignore_errors=True)
            return None
        ship_fd = _try_lock(path / "ship")
        if ship_fd is None:
            os.close(owner_fd)
            return None
        return cls(path, Ledger(path / "ledger"), owner_fd, ship_fd)

    @classmethod
    def attend(cls, path: Path) -> SpoolDirectory | None:
        """Take over the delivery of a directory whose owner lives; None when somebody delivers it already."""
        if not (path / "ledger").exists():
            return None
        ship_fd = _try_lock(path / "ship")
        return None if ship_fd is None else cls(path, Ledger(path / "ledger"), None, ship_fd)

    def owner_died(self) -> bool:
        """Whether the owner of an attended directory has died; then this process is the owner. Raises OSError."""
        if self._owner_fd is None:
            self._owner_fd = _try_lock(self.path / "lock")
        return self._owner_fd is not None

    def forget_inherited(self) -> None:
        """In a forked child: close the inherited locks, which would keep the parent's directory locked."""
        _close(self._owner_fd, self._ship_fd)
        self._owner_fd = self._ship_fd = None

    def release(self) -> None:
        """Give the locks up; what is left inside will be adopted."""
        self.ledger.close()
        self.forget_inherited()

    def remove(self) -> None:
        """Delete the directory with all that is in it, then give the locks up."""
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


def delivered(path: Path) -> bool:
    """Whether somebody delivers a spool directory at this moment."""
    fd = _try_lock(path / "ship")
    if fd is not None:
        os.close(fd)
    return fd is None


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
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _close(*fds: int | None) -> None:
    for fd in fds:
        if fd is not None:
            os.close(fd)
