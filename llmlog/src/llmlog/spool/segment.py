"""One segment: a file of fixed size, allocated for real and mapped into memory.

    offset  0   magic `LLMLOGS1`, 8 bytes        offset  16   number of the segment, u64
    offset  8   created, ms since the epoch      offset  64   frames

`posix_fallocate` makes a full disk an error here, at a moment of ours, instead of a SIGBUS in the host when a
page is first written. Its pages are touched before use, because the first write to a fresh page costs a fault
of up to milliseconds; by a read from /dev/zero into the mapping, which gives the interpreter's lock up once, not
once a page.
"""

from __future__ import annotations

import mmap
import os
import re
import struct
from pathlib import Path

SEGMENT_BYTES = 8 * 1024 * 1024
SEGMENT_HEADER_BYTES = 64
_HEADER = struct.Struct("<8sQQ")
_MAGIC = b"LLMLOGS1"
_NAME = re.compile(r"segment-(\d{8})\.spool")


def segment_path(directory: Path, number: int) -> Path:
    """Where segment `number` of a spool directory lies."""
    return directory / f"segment-{number:08d}.spool"


def segment_numbers(directory: Path) -> list[int]:
    """The segments a spool directory holds, oldest first. Raises OSError."""
    matches = (_NAME.fullmatch(name) for name in os.listdir(directory))
    return sorted(int(match[1]) for match in matches if match)


class Segment:
    """A segment open for appending; `offset` is where the next frame goes."""

    def __init__(self, number: int, fd: int, mapped: mmap.mmap, size: int) -> None:
        self.number = number
        self.size = size
        self.offset = SEGMENT_HEADER_BYTES
        self.map = mapped
        self._fd = fd

    @classmethod
    def create(
        cls, directory: Path, number: int, now_ms: int, size: int = SEGMENT_BYTES, *, touch: bool = True
    ) -> Segment:
        """Allocate and map a new segment, and touch its pages. Raises OSError; then no file is left behind."""
        path = segment_path(directory, number)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, size)
            mapped = mmap.mmap(fd, size)
            if touch:
                _touch(mapped)
            _HEADER.pack_into(mapped, 0, _MAGIC, now_ms, number)
        except OSError:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
        return cls(number, fd, mapped, size)

    def room_for(self, size: int) -> bool:
        """Whether a frame of `size` bytes still fits."""
        return self.offset + size <= self.size

    def sync(self) -> None:
        """Bring what was written to the disk (`fdatasync`: `mmap.flush` would hold the interpreter's lock)."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Unmap and close."""
        self.map.close()
        os.close(self._fd)


def _touch(mapped: mmap.mmap) -> None:
    """Fault every page in, for writing."""
    zeros = os.open("/dev/zero", os.O_RDONLY | os.O_CLOEXEC)
    try:
        with memoryview(mapped) as view:
            done = 0
            while done < len(view):
                with view[done:] as rest:
                    done += os.readv(zeros, [rest])
    finally:
        os.close(zeros)
