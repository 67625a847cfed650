"""Files that are written instead of mapped."""

from __future__ import annotations

import errno
import os
from typing import overload

from llmlog.spool.files.door import Mode

_PIECE_BYTES = 64 * 1024


class WrittenPages:
    """The content of an open file, read and stored with system calls. Safe from any thread."""

    def __init__(self, fd: int, size_bytes: int) -> None:
        """The descriptor becomes its own."""
        self._fd = fd
        self._size = size_bytes

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int, /) -> int: ...

    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...

    def __getitem__(self, place: int | slice, /) -> int | bytes:
        if isinstance(place, int):
            return self._read(place, place + 1)[0]
        start, stop, _ = place.indices(self._size)
        return self._read(start, stop)

    def __setitem__(self, place: slice, content: bytes, /) -> None:
        """Raises OSError; then any part of it may have been written."""
        start, _, _ = place.indices(self._size)
        with memoryview(content) as view:
            done = 0
            while done < len(view):
                with view[done:] as rest:
                    count = os.pwrite(self._fd, rest, start + done)
                if count == 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                done += count

    def find(self, wanted: bytes, start: int, /) -> int:
        """As `bytes.find`, a piece at a time."""
        while start < self._size:
            piece = self._read(start, min(self._size, start + _PIECE_BYTES))
            at = piece.find(wanted)
            if at >= 0:
                return start + at
            if start + len(piece) >= self._size:
                break
            start += len(piece) - len(wanted) + 1
        return -1

    def sync(self) -> None:
        """Bring what was stored to the disk. Raises OSError."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Close the descriptor; once."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _read(self, start: int, stop: int) -> bytes:
        """Always as many bytes as asked for: what a file does not have yet is zero."""
        content = b""
        while len(content) < stop - start:
            piece = os.pread(self._fd, stop - start - len(content), start + len(content))
            if not piece:
                return content.ljust(stop - start, b"\0")
            content += piece
        return content


class WrittenFile:
    """A file whose pages are written."""

    mode: Mode = "written"

    def __init__(self, fd: int, size_bytes: int) -> None:
        """The descriptor becomes its own."""
        self.pages = WrittenPages(fd, size_bytes)

    def sync(self) -> None:
        """Bring what was stored to the disk. Raises OSError."""
        self.pages.sync()

    def close(self) -> None:
        """Close it."""
        self.pages.close()
