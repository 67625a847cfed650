"""Whether the files of an index are as they were written.

The library checks that a file is whole, not what is in it: a bit that a disk turned gives wrong answers or a panic.
But behind each file stands a checksum of what is before it: `<content><footer as JSON><length of footer><1337>`.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import msgspec

_END = struct.Struct("<II")
_MAGIC = 1337
_PIECE = 1024 * 1024


class _Segment(msgspec.Struct):
    segment_id: str


class _Meta(msgspec.Struct):
    segments: list[_Segment]


class _Footer(msgspec.Struct):
    crc: int


def sound(path: Path) -> bool:
    """Whether each file that belongs to the index is; what was merged away meanwhile is passed over. About 1 GB/s.

    Raises OSError where the disk fails.
    """
    try:
        meta = msgspec.json.decode((path / "meta.json").read_bytes(), type=_Meta)
    except msgspec.DecodeError:
        return False
    names = [segment.segment_id.replace("-", "") for segment in meta.segments]
    return all(_as_written(file) for name in names for file in path.glob(f"{name}.*"))


def _as_written(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            return _checksum_holds(content, file.stat().st_size)
    except FileNotFoundError:
        return True


def _checksum_holds(content: BinaryIO, size: int) -> bool:
    if size < _END.size:
        return False
    content.seek(size - _END.size)
    length, magic = _END.unpack(content.read(_END.size))
    left = size - _END.size - length
    if magic != _MAGIC or left < 0:
        return False
    content.seek(left)
    try:
        footer = msgspec.json.decode(content.read(length), type=_Footer)
    except msgspec.DecodeError:
        return False
    content.seek(0)
    checksum = 0
    while left:
        piece = content.read(min(left, _PIECE))
        if not piece:
            return False
        checksum = zlib.crc32(piece, checksum)
        left -= len(piece)
    return checksum == footer.crc
