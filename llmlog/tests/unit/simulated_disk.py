"""A disk in memory that knows what is in the page cache and what is on the platter.

A power cut leaves of each file what was synced and any part of the 4 KiB pages that were not, and of each directory
what was synced and any first few of the changes that were not. A sync that fails marks the pages clean all the
same, as kernels do: asked again it would say that all is well. Locks belong to processes and end with them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from llmlog.clock import ManualClock

if TYPE_CHECKING:
    from simulated_files import SimulatedFiles

PAGE_BYTES = 4096
WORD_BYTES = 8


class File:
    """A file: its content as every process sees it, and what of it is on the platter."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.platter = bytearray()
        self.dirty: set[int] = set()
        self.room_pages: set[int] = set()
        self.modified_ms = 0
        self.syncs_asked = 0

    def grow(self, size_bytes: int) -> None:
        """Zeros up to a size."""
        self.content.extend(bytes(max(0, size_bytes - len(self.content))))

    def store(self, start: int, content: bytes) -> None:
        """Into the page cache."""
        if content:
            self.content[start : start + len(content)] = content
            self.dirty.update(pages_of(start, len(content)))

    def sync(self) -> None:
        """Everything that is known not to be there yet to the platter."""
        for page in self.dirty:
            self.write_back(page)
        self.platter.extend(bytes(max(0, len(self.content) - len(self.platter))))
        self.dirty.clear()

    def write_back(self, page: int, words: int | None = None) -> None:
        """One page to the platter, or only the first words of it; the kernel does that when it likes."""
        start = page * PAGE_BYTES
        end = start + (PAGE_BYTES if words is None else words * WORD_BYTES)
        self.platter.extend(bytes(max(0, len(self.content) - len(self.platter))))
        self.platter[start:end] = self.content[start:end]

    def cut_power(self, random: Random) -> None:
        """Keep what is on the platter and any part of the rest."""
        for page in sorted(self.dirty):
            words = PAGE_BYTES // WORD_BYTES
            self.write_back(page, random.choice([0, words, random.randrange(words)]))
        if len(self.platter) < len(self.content) and random.random() < 0.5:
            self.platter.extend(bytes(len(self.content) - len(self.platter)))
        self.content = bytearray(self.platter)
        self.dirty.clear()


class Directory:
    """A directory: its names as every process sees them, and the changes that are not on the platter."""

    def __init__(self) -> None:
        self.entries: dict[str, File | Directory] = {}
        self.platter: dict[str, File | Directory] = {}
        self.unsynced: list[dict[str, File | Directory | None]] = []

    def change(self, names: dict[str, File | Directory | None]) -> None:
        """Add names, or take them away (None), at once."""
        _apply(self.entries, names)
        self.unsynced.append(names)

    def sync(self) -> None:
        """Everything to the platter."""
        self.platter = dict(self.entries)
        self.unsynced.clear()

    def cut_power(self, random: Random) -> None:
        """Keep what is on the platter and the first few changes of the rest."""
        for names in self.unsynced[: random.randint(0, len(self.unsynced))]:
            _apply(self.platter, names)
        self.entries = dict(self.platter)
        self.unsynced.clear()
        for entry in self.entries.values():
            entry.cut_power(random)

    def files(self) -> Iterator[File]:
        """All files below."""
        for entry in self.entries.values():
            if isinstance(entry, Directory):
                yield from entry.files()
            else:
                yield entry


class SimulatedDisk:
    """The machine: a disk, and who holds which lock."""

    def __init__(self, clock: ManualClock, capacity_bytes: int = 2**40) -> None:
        self.clock = clock
        self.capacity_bytes = capacity_bytes
        self.root = Directory()
        self.locks: dict[int, tuple[File, SimulatedFiles]] = {}
        self.failing_syncs = 0
        """How many of the next syncs of files fail (EIO)."""
        self.failing_writes = 0
        """How many of the next writes fail half way (EIO), where files are written."""
        self._next_token = 1

    @contextmanager
    def sound(self) -> Iterator[None]:
        """With room and without faults for a while: for who only looks."""
        faults = self.capacity_bytes, self.failing_syncs, self.failing_writes
        self.capacity_bytes, self.failing_syncs, self.failing_writes = 2**40, 0, 0
        yield
        self.capacity_bytes, self.failing_syncs, self.failing_writes = faults

    def free_pages(self) -> int:
        """Room left."""
        return self.capacity_bytes // PAGE_BYTES - sum(len(file.room_pages) for file in self.root.files())

    def kill(self, process: SimulatedFiles) -> None:
        """End a process: its locks are free."""
        process.dead = True
        self.locks = {token: held for token, held in self.locks.items() if held[1] is not process}

    def cut_power(self, random: Random) -> None:
        """End all processes, and keep only what a disk may have kept."""
        for _, process in list(self.locks.values()):
            self.kill(process)
        self.root.cut_power(random)

    def write_back(self, random: Random) -> None:
        """The kernel brings some pages to the platter."""
        for file in self.root.files():
            for page in sorted(file.dirty):
                if random.random() < 0.5:
                    file.write_back(page)
                    file.dirty.discard(page)

    def lock(self, file: File, process: SimulatedFiles) -> int | None:
        """A token, or None while somebody holds it."""
        if any(held is file for held, _ in self.locks.values()):
            return None
        token, self._next_token = self._next_token, self._next_token + 1
        self.locks[token] = (file, process)
        return token

    def find(self, path: Path) -> File | Directory:
        """What has a path. Raises FileNotFoundError, NotADirectoryError."""
        found: File | Directory = self.root
        for name in path.parts[1:]:
            if isinstance(found, File):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            if name not in found.entries:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
            found = found.entries[name]
        return found

    def file(self, path: Path) -> File:
        """The file with a path. Raises FileNotFoundError, IsADirectoryError."""
        found = self.find(path)
        if isinstance(found, Directory):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        return found

    def directory(self, path: Path) -> Directory:
        """The directory with a path. Raises FileNotFoundError, NotADirectoryError."""
        found = self.find(path)
        if isinstance(found, File):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        return found


def pages_of(start: int, length: int) -> range:
    """The pages a place touches."""
    return range(start // PAGE_BYTES, (start + length - 1) // PAGE_BYTES + 1)


def _apply(entries: dict[str, File | Directory], names: dict[str, File | Directory | None]) -> None:
    for name, entry in names.items():
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry
