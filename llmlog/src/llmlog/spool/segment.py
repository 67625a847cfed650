"""One segment: a file of fixed size, its room on the disk taken ahead.

offset  0   magic `LLMLOGS1`, 8 bytes        offset  16   number of the segment, u64
offset  8   created, ms since the epoch      offset  64   frames
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

from llmlog.spool.files import LOCAL_FILES, Files, Mode, OpenFile

SEGMENT_BYTES = 8 * 1024 * 1024
SEGMENT_HEADER_BYTES = 64
_HEADER = struct.Struct("<8sQQ")
_MAGIC = b"LLMLOGS1"
_NAME = re.compile(r"segment-(\d{8})\.spool")


def segment_path(directory: Path, number: int) -> Path:
    """Where segment `number` of a spool directory lies."""
    return directory / f"segment-{number:08d}.spool"


def segment_numbers(directory: Path, files: Files = LOCAL_FILES) -> list[int]:
    """Numbers of the segments of a spool directory, oldest first. Raises OSError."""
    matches = (_NAME.fullmatch(name) for name in files.names(directory))
    return sorted(int(match[1]) for match in matches if match)


class Segment:
    """A segment being appended to. `pages` is written through, `offset` is where the next frame goes."""

    __slots__ = ("_file", "number", "offset", "pages", "size")

    def __init__(self, number: int, file: OpenFile) -> None:
        self.number = number
        self.pages = file.pages
        self.size = len(file.pages)
        self.offset = SEGMENT_HEADER_BYTES
        self._file = file

    @classmethod
    def create(cls, files: Files, path: Path, number: int, now_ms: int, size: int, *, touch: bool) -> Segment:
        """Make a new segment of `size` bytes. Raises OSError; then no file is left behind."""
        file = files.create(path, size, touch=touch)
        try:
            file.pages[0 : _HEADER.size] = _HEADER.pack(_MAGIC, now_ms, number)
        except OSError:
            file.close()
            files.remove(path)
            raise
        return cls(number, file)

    @property
    def mode(self) -> Mode:
        """How its frames reach the file."""
        return self._file.mode

    def room_for(self, size: int) -> bool:
        """Whether a frame of `size` bytes still fits."""
        return self.offset + size <= self.size

    def sync(self) -> None:
        """Bring what was written to the disk. Raises OSError; then never ask this segment again."""
        self._file.sync()

    def close(self) -> None:
        """Unmap and close."""
        self._file.close()
