"""Where the index lies, who writes it, and how far it is.

    <data>/index/writer.lock     flock held by the one process that writes
    <data>/index/v<n>/           the index of schema version n; its file `made` tells one from the next in its place
    <data>/index/checkpoint      see Checkpoint; written after each commit

The index is a copy: whatever is wrong with it, it is thrown away and made again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

import msgspec
import tantivy

from llmlog.query.index.arrived import START
from llmlog.query.index.schema import VERSION, schema
from llmlog.query.index.soundness import sound

ROOM_BYTES = 64 * 1024 * 1024
"""So much of the disk is not for the index, but for logs that wait to be delivered."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far the index is. It may be behind the index after a kill, never ahead of it."""

    version: int = VERSION
    event: str = START
    """The newest event of the stream of arrivals that is in the index."""
    whole: bool = False
    """Whether everything up to that event is in it; False while it is being built."""
    indexed: int = 0
    """Logs in the index."""
    total: int = 0
    """Logs there were in the store then."""
    at_ms: int = 0
    """When that was, ms since the epoch."""


class IndexPlace:
    """The files of an index. Raises OSError where the disk fails."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "index"
        self.path = self._root / f"v{VERSION}"

    def checkpoint(self) -> Checkpoint:
        """How far it is; the beginning, when nothing useful is there."""
        try:
            found = msgspec.json.decode((self._root / "checkpoint").read_bytes(), type=Checkpoint)
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return Checkpoint()
        return found if found.version == VERSION else Checkpoint()

    def note(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint; call it after the commit it speaks of."""
        building = self._root / f".checkpoint-{os.getpid()}"
        building.write_bytes(msgspec.json.encode(checkpoint))
        building.rename(self._root / "checkpoint")

    def lock(self) -> int | None:
        """Become the one writer: a descriptor to close in the end, or None while another process is."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(self._root / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    def being_written(self) -> bool:
        """Whether a process keeps the index at this moment."""
        try:
            fd = os.open(self._root / "writer.lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def still_there(self, lock: int) -> bool:
        """Whether the lock is still that of the directory: not when somebody deleted it."""
        try:
            return os.path.samestat(os.fstat(lock), (self._root / "writer.lock").stat()) and self.path.is_dir()
        except (FileNotFoundError, NotADirectoryError):
            return False

    def open_for_writing(self) -> tantivy.Index:
        """The index, made anew where there is none or it is damaged; those of other versions are removed.

        Raises ValueError and OSError.
        """
        for other in self._root.glob("v*"):
            if other != self.path:
                shutil.rmtree(other, ignore_errors=True)
        self.path.mkdir(exist_ok=True, mode=0o700)
        if (self.path / "meta.json").exists() and not sound(self.path):
            self.throw_away()
        try:
            index = tantivy.Index(schema(), str(self.path))
        except ValueError:  # damaged, or of another schema
            self.throw_away()
            index = tantivy.Index(schema(), str(self.path))
        (self.path / "made").touch()
        return index

    def throw_away(self) -> None:
        """Begin again with an empty one."""
        self.condemn()
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def condemn(self) -> None:
        """Remove the index; whoever keeps it sees that and makes it again."""
        with contextlib.suppress(FileNotFoundError):
            (self._root / "checkpoint").unlink()
        shutil.rmtree(self.path, ignore_errors=True)

    def has_room(self) -> bool:
        """Whether the disk has room for more than the logs that wait to be delivered."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return shutil.disk_usage(self._root).free >= ROOM_BYTES

    def made(self) -> tuple[int, int] | None:
        """Tells this index from one that was in its place before; None when there is none."""
        try:
            found = (self.path / "made").stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_ino, found.st_mtime_ns

    def changed(self) -> tuple[int, int]:
        """Tells the commits of this index from each other."""
        found = (self.path / "meta.json").stat()
        return found.st_ino, found.st_mtime_ns

    def open_for_reading(self) -> tantivy.Index:
        """The index as another process reads it. Raises ValueError when it cannot be."""
        return tantivy.Index.open(str(self.path))
