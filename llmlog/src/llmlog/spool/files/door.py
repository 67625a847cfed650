"""What the spool asks of a disk, and nothing more.

A file's content is reached through `Pages`: stores are slice assignments and nothing else. In mode `mapped` a store
is a copy into memory that cannot fail; in mode `written` it is a write that may raise OSError and then has left
any part of itself behind. Either way what was stored survives the death of the process, and a host crash once
`OpenFile.sync` has returned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple, Protocol, overload

Mode = Literal["mapped", "written"]
"""How stores reach a file. `written` where mapped memory is no good: see mounts.py."""


class Pages(Protocol):
    """The content of a file of fixed size. `mmap.mmap` is one."""

    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, place: int, /) -> int: ...

    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...

    def __setitem__(self, place: slice, content: bytes, /) -> None:
        """Store as many bytes as the slice has. Raises OSError in mode `written` only."""
        ...

    def find(self, wanted: bytes, start: int, /) -> int:
        """Where `wanted` is found first from `start` on, or -1."""
        ...


class ReadPages(Pages, Protocol):
    """The content of a file that was opened for reading."""

    def close(self) -> None:
        """Let the memory go."""
        ...


class OpenFile(Protocol):
    """A file open for reading and storing."""

    @property
    def pages(self) -> Pages:
        """Its content."""
        ...

    @property
    def mode(self) -> Mode:
        """How stores reach it."""
        ...

    def sync(self) -> None:
        """Bring what was stored to the disk. Raises OSError; then never ask again: the kernel forgets what it
        could not write and would say that all is well."""
        ...

    def close(self) -> None:
        """Let memory and descriptor go."""
        ...


class Look(NamedTuple):
    """What can be seen of a file from outside."""

    size_bytes: int
    modified_ms: int
    """ms since the epoch."""


class Files(Protocol):
    """A disk. Everything may raise OSError."""

    def mode(self, path: Path) -> Mode:
        """How files under `path` would be stored to."""
        ...

    def make_directory(self, path: Path) -> None:
        """Make a directory with those above it where they are missing, and bring their names to the disk."""
        ...

    def make_new_directory(self, path: Path) -> None:
        """Make one directory. Raises FileExistsError."""
        ...

    def lock(self, path: Path) -> int | None:
        """Lock a file, made when missing, for as long as this process lives. A token to unlock it with; None
        while somebody else holds it."""
        ...

    def wait_for_lock(self, path: Path) -> int:
        """The same, but wait until it is free."""
        ...

    def unlock(self, token: int) -> None:
        """Give a lock up."""
        ...

    def rename(self, path: Path, new: Path) -> None:
        """Give a file or directory another name within its directory, at once."""
        ...

    def names(self, directory: Path) -> list[str]:
        """The names in a directory, sorted. Raises FileNotFoundError, NotADirectoryError."""
        ...

    def exists(self, path: Path) -> bool:
        """Whether something has that name."""
        ...

    def look(self, path: Path) -> Look:
        """Size and time of the last change. Raises FileNotFoundError."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file. Raises FileNotFoundError."""
        ...

    def remove_directory(self, path: Path) -> None:
        """Remove a directory with all that is in it, as far as it can be done; never raises."""
        ...

    def sync_directory(self, path: Path) -> None:
        """Bring a directory's own entries to the disk."""
        ...

    def create(self, path: Path, size_bytes: int, *, touch: bool) -> OpenFile:
        """Make a file of zeros with its room on the disk taken, so far as the disk can promise room.

        touch: make its memory ready too, which takes a while. When it raises, no file is left behind.
        """
        ...

    def open(self, path: Path, size_bytes: int) -> OpenFile:
        """Open a file for storing; zeros up to `size_bytes` where it was shorter or missing."""
        ...

    def pages(self, path: Path) -> ReadPages | None:
        """A file's content, for reading; what is stored later is seen too. None while missing or empty."""
        ...

    def read(self, path: Path) -> bytes:
        """A small file as a whole. Raises FileNotFoundError."""
        ...

    def write(self, path: Path, content: bytes) -> None:
        """A small file as a whole, on the disk when it returns; whoever reads finds the old or the new one."""
        ...
