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

import contextlib
from collections.abc import Iterator
from pathlib import Path

from llmlog.spool.files import LOCAL_FILES, Files
from llmlog.spool.ledger import Ledger
from llmlog.spool.segment import segment_numbers, segment_path


class SpoolDirectory:
    """A spool directory of which this process holds a lock or both."""

    def __init__(
        self, path: Path, ledger: Ledger, owner_lock: int | None, ship_lock: int | None, files: Files = LOCAL_FILES
    ) -> None:
        self.path = path
        self.ledger = ledger
        self.files = files
        self._owner_lock = owner_lock
        self._ship_lock = ship_lock
        self._outcomes_lost: set[bytes] = set()

    @classmethod
    def create(cls, root: Path, name: str, *, ships: bool = True, files: Files = LOCAL_FILES) -> SpoolDirectory:
        """Make a directory of one's own under `root`; `ships`: its owner delivers it too. Raises OSError."""
        files.make_directory(root)
        building = root / f".{name}"
        files.make_new_directory(building)
        with contextlib.ExitStack() as undo:
            undo.callback(files.remove_directory, building)
            owner_lock = _locked(files, building / "lock", undo)
            ship_lock = _locked(files, building / "ship", undo) if ships else None
            if owner_lock is None:
                raise OSError(f"{building} is locked by another process")
            ledger = Ledger(building / "ledger", files)
            undo.callback(ledger.close)
            files.sync_directory(building)
            path = root / name
            files.rename(building, path)
            undo.callback(files.remove_directory, path)
            files.sync_directory(root)
            undo.pop_all()
        return cls(path, ledger, owner_lock, ship_lock, files)

    @classmethod
    def adopt(cls, path: Path, files: Files = LOCAL_FILES) -> SpoolDirectory | None:
        """Take over a directory whose owner has died; None while somebody holds it. Raises OSError."""
        with contextlib.ExitStack() as undo:
            owner_lock = _locked(files, path / "lock", undo)
            if owner_lock is None:
                return None
            if not files.exists(path / "ledger") and not segment_numbers(path, files):
                files.remove_directory(path)
                return None
            ship_lock = _locked(files, path / "ship", undo)
            if ship_lock is None:
                return None
            adopted = cls(path, Ledger(path / "ledger", files), owner_lock, ship_lock, files)
            undo.pop_all()
        return adopted

    @classmethod
    def attend(cls, path: Path, files: Files = LOCAL_FILES) -> SpoolDirectory | None:
        """Take over the delivery of a directory whose owner lives; None when somebody delivers it already.
        Raises OSError."""
        if not files.exists(path / "ledger"):
            return None
        with contextlib.ExitStack() as undo:
            ship_lock = _locked(files, path / "ship", undo)
            if ship_lock is None:
                return None
            attended = cls(path, Ledger(path / "ledger", files), None, ship_lock, files)
            undo.pop_all()
        return attended

    def owner_died(self) -> bool:
        """Whether the owner of an attended directory has died; then this process is the owner. Raises OSError."""
        if self._owner_lock is None:
            self._owner_lock = self.files.lock(self.path / "lock")
        return self._owner_lock is not None

    def give_up_outcome(self, entry_id: bytes) -> None:
        """Nothing will supersede this provisional entry any more, though its owner lives."""
        self._outcomes_lost.add(entry_id)

    def outcome_given_up(self, entry_id: bytes) -> bool:
        """Whether that was said in this process."""
        return entry_id in self._outcomes_lost

    def outcome_settled(self, entry_id: bytes) -> None:
        """The provisional entry was delivered as it is."""
        self._outcomes_lost.discard(entry_id)

    def forget_inherited(self) -> None:
        """In a forked child: close the inherited locks, which would keep the parent's directory locked."""
        for lock in (self._owner_lock, self._ship_lock):
            if lock is not None:
                self.files.unlock(lock)
        self._owner_lock = self._ship_lock = None

    def release(self) -> None:
        """Give the locks up; what is left inside will be adopted."""
        self.ledger.close()
        self.forget_inherited()

    def remove(self) -> None:
        """Delete the directory with all that is in it, then give the locks up.

        The ledger goes last but for the locks: whoever finds the rest after a crash knows what is settled.
        """
        with contextlib.suppress(OSError):
            for number in segment_numbers(self.path, self.files):
                self.files.remove(segment_path(self.path, number))
            self.files.remove(self.path / "ledger")
        self.files.remove_directory(self.path)
        self.release()


def dead_directories(root: Path, files: Files = LOCAL_FILES) -> Iterator[SpoolDirectory]:
    """Adopt, one by one, every directory under `root` that nobody alive holds. Raises OSError."""
    for name in _names(root, files):
        try:
            adopted = SpoolDirectory.adopt(root / name, files)
        except (FileNotFoundError, NotADirectoryError):
            continue  # its adopter finished and removed it meanwhile
        if adopted is not None:
            yield adopted


def directories(root: Path, files: Files = LOCAL_FILES) -> list[Path]:
    """Every spool directory under `root` that is made whole, whoever holds it. Raises OSError."""
    names = [name for name in _names(root, files) if not name.startswith(".")]
    return [root / name for name in names if files.exists(root / name / "ledger")]


def delivered(path: Path, files: Files = LOCAL_FILES) -> bool:
    """Whether somebody delivers a spool directory at this moment. Raises OSError."""
    lock = files.lock(path / "ship")
    if lock is not None:
        files.unlock(lock)
    return lock is None


def bytes_on_disk(root: Path, files: Files = LOCAL_FILES) -> int:
    """What all spools under `root` take on disk. Raises OSError."""
    total = 0
    for directory in directories(root, files):
        try:
            for number in segment_numbers(directory, files):
                total += files.look(segment_path(directory, number)).size_bytes
        except FileNotFoundError:
            continue  # removed meanwhile
    return total


def _names(root: Path, files: Files) -> list[str]:
    try:
        return files.names(root)
    except FileNotFoundError:
        return []


def _locked(files: Files, path: Path, undo: contextlib.ExitStack) -> int | None:
    lock = files.lock(path)
    if lock is not None:
        undo.callback(files.unlock, lock)
    return lock
