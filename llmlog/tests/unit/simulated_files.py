"""`Files` for each process on a simulated disk, which can be told to end the process anywhere.

A process ends before any single store into a file or any call it was told to; a store that is cut short keeps
whole 8-byte words from its beginning.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import overload

from simulated_disk import PAGE_BYTES, WORD_BYTES, Directory, File, SimulatedDisk, pages_of

from llmlog.spool.files import Look, Mode


class Crash(BaseException):
    """The process ends here. No code of it runs any more: whatever it calls raises this again."""


class SimulatedPages:
    """A file's content as one process has it open."""

    def __init__(self, process: SimulatedFiles, file: File, mode: Mode) -> None:
        self._process = process
        self._file = file
        self._mode = mode
        self._length = len(file.content)
        self._closed = False

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int, /) -> int: ...

    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...

    def __getitem__(self, place: int | slice, /) -> int | bytes:
        self._look()
        if isinstance(place, int):
            return self._file.content[place]
        return bytes(self._file.content[place])

    def __setitem__(self, place: slice, content: bytes, /) -> None:
        self._look()
        start, stop, _ = place.indices(self._length)
        if stop - start != len(content):
            raise IndexError("a store must be as long as its place")
        kept = self._process.step_into(len(content))
        if kept is None and self._mode == "written":
            kept = self._room_for(start, len(content))
        self._file.store(start, content[:kept])
        self._file.modified_ms = self._process.disk.clock.now_ms()
        if self._process.dead:
            raise Crash
        if kept is not None:
            failing = self._process.disk.failing_writes > 0
            self._process.disk.failing_writes -= failing
            code = errno.EIO if failing else errno.ENOSPC
            raise OSError(code, os.strerror(code))

    def find(self, wanted: bytes, start: int, /) -> int:
        self._look()
        return self._file.content.find(wanted, start)

    def close(self) -> None:
        self._process.alive()
        self._closed = True

    def _look(self) -> None:
        self._process.alive()
        if self._closed:
            raise ValueError("closed")

    def _room_for(self, start: int, length: int) -> int | None:
        """How much of a write is done before it fails; None when it does not."""
        disk = self._process.disk
        if disk.failing_writes:
            return length // 2 // WORD_BYTES * WORD_BYTES
        missing = [page for page in pages_of(start, length) if page not in self._file.room_pages]
        free = max(0, disk.free_pages())
        self._file.room_pages.update(missing[:free])
        return None if len(missing) <= free else max(0, missing[free] * PAGE_BYTES - start)


class SimulatedFile:
    """A file open for storing."""

    def __init__(self, process: SimulatedFiles, file: File, mode: Mode) -> None:
        self.pages = SimulatedPages(process, file, mode)
        self.mode = mode
        self._process = process
        self._file = file
        self._closed = False
        process.open_files += 1

    def sync(self) -> None:
        self._process.step()
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        disk = self._process.disk
        self._file.syncs_asked += 1
        if disk.failing_syncs:
            disk.failing_syncs -= 1
            self._file.dirty.clear()
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._file.sync()

    def close(self) -> None:
        self.pages.close()
        self._process.open_files -= not self._closed
        self._closed = True


class SimulatedFiles:
    """`Files` of one process on a simulated disk."""

    def __init__(self, disk: SimulatedDisk, mode: Mode = "mapped") -> None:
        self.disk = disk
        self.dead = False
        self.ends_in: int | None = None
        """The process ends at that step from now on."""
        self.keeps_words = 0
        """How many words of a store are kept when the process ends in it."""
        self.interrupted_in: int | None = None
        """A signal handler raises KeyboardInterrupt at that step from now on."""
        self.open_files = 0
        self._mode = mode

    # -- ends and interruptions ---------------------------------------------------------------------

    def alive(self) -> None:
        """Raises Crash in a process that has ended."""
        if self.dead:
            raise Crash

    def step(self) -> None:
        """Something is about to be done."""
        if self.step_into(0) is not None:
            raise Crash

    def step_into(self, length: int) -> int | None:
        """Something is about to be stored; how much of it is, when the process ends here."""
        self.alive()
        if self.interrupted_in is not None:
            self.interrupted_in -= 1
            if self.interrupted_in < 0:
                self.interrupted_in = None
                raise KeyboardInterrupt
        if self.ends_in is not None:
            self.ends_in -= 1
            if self.ends_in < 0:
                self.dead = True
                return min(self.keeps_words, length // WORD_BYTES) * WORD_BYTES
        return None

    # -- Files --------------------------------------------------------------------------------------

    def mode(self, path: Path) -> Mode:
        return self._mode

    def make_directory(self, path: Path) -> None:
        missing = [directory for directory in [path, *path.parents] if not self.exists(directory)]
        deepest = missing[-1].parent if missing else path
        self.sync_directory(deepest.parent)
        for directory in reversed(missing):
            self.make_new_directory(directory)
            self.sync_directory(directory.parent)

    def make_new_directory(self, path: Path) -> None:
        self.step()
        parent = self.disk.directory(path.parent)
        if path.name in parent.entries:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        parent.change({path.name: Directory()})

    def lock(self, path: Path) -> int | None:
        return self.disk.lock(self._made(path), self)

    def wait_for_lock(self, path: Path) -> int:
        token = self.lock(path)
        assert token is not None, "nobody is there who would give it up"
        return token

    def unlock(self, token: int) -> None:
        self.step()
        self.disk.locks.pop(token)

    def rename(self, path: Path, new: Path) -> None:
        self.step()
        entry = self.disk.find(path)
        self.disk.directory(path.parent).change({path.name: None, new.name: entry})

    def names(self, directory: Path) -> list[str]:
        self.alive()
        return sorted(self.disk.directory(directory).entries)

    def exists(self, path: Path) -> bool:
        self.alive()
        try:
            self.disk.find(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def look(self, path: Path) -> Look:
        self.alive()
        file = self.disk.file(path)
        return Look(len(file.content), file.modified_ms)

    def remove(self, path: Path) -> None:
        self.step()
        self.disk.file(path)
        self.disk.directory(path.parent).change({path.name: None})

    def remove_directory(self, path: Path) -> None:
        if not self.exists(path):
            return
        for name in self.names(path):
            self.step()
            self.disk.directory(path).change({name: None})
        self.step()
        self.disk.directory(path.parent).change({path.name: None})

    def sync_directory(self, path: Path) -> None:
        self.step()
        self.disk.directory(path).sync()

    def create(self, path: Path, size_bytes: int, *, touch: bool) -> SimulatedFile:
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        return self._open(path, size_bytes)

    def open(self, path: Path, size_bytes: int) -> SimulatedFile:
        return self._open(path, size_bytes)

    def pages(self, path: Path) -> SimulatedPages | None:
        self.alive()
        try:
            file = self.disk.file(path)
        except FileNotFoundError:
            return None
        return SimulatedPages(self, file, self._mode) if file.content else None

    def read(self, path: Path) -> bytes:
        self.alive()
        return bytes(self.disk.file(path).content)

    def write(self, path: Path, content: bytes) -> None:
        building = path.with_name(f".{path.name}")
        file = self._made(building)
        self._take_room(file, len(content))
        self.step()
        file.content, file.platter = bytearray(len(content)), bytearray()
        file.store(0, content)
        self.step()
        file.sync()
        self.rename(building, path)
        self.sync_directory(path.parent)

    def _open(self, path: Path, size_bytes: int) -> SimulatedFile:
        file = self._made(path)
        try:
            if self._mode == "mapped":
                self._take_room(file, size_bytes)
        except OSError:
            if not file.content:
                self.remove(path)
            raise
        self.step()
        file.grow(size_bytes)
        return SimulatedFile(self, file, self._mode)

    def _made(self, path: Path) -> File:
        """The file with a path, made when missing."""
        self.step()
        parent = self.disk.directory(path.parent)
        if path.name not in parent.entries:
            file = File()
            file.modified_ms = self.disk.clock.now_ms()
            parent.change({path.name: file})
        return self.disk.file(path)

    def _take_room(self, file: File, size_bytes: int) -> None:
        missing = set(pages_of(0, size_bytes)) - file.room_pages
        if len(missing) > self.disk.free_pages():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        file.room_pages |= missing


def counted_names() -> Callable[[], str]:
    """Names for spool directories that are the same in every run."""
    count = iter(range(10**9))
    return lambda: f"spool{next(count):04d}"
