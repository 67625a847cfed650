"""One frame: the smallest thing on disk that counts or does not.

    offset  size  field
    0       2     magic 0x4C4C; zero where nothing was written yet
    2       1     format version, 2
    3       1     kind (FrameKind)
    4       2     key id of the body's encryption, 0 = plain
    6       2     reserved, 0
    8       4     length of the body in bytes
    12      4     checksum (XXH3, low half) of the header, this field as 0, and the body
    16      8     sequence: number of the frame in its spool, from 1
    24      8     accepted: entries accepted in this spool up to and including this frame
    32      16    id of the entry (the UUID's bytes)
    48      …     body, zero-padded to a multiple of 8

All little-endian. Invariant: the header is written after the body, so a frame whose checksum holds is whole.
XXH3 takes a tenth of the time of crc32, and does not give up the interpreter's lock for pieces of this size:
getting it back beside a busy thread takes 5 ms.
"""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from llmlog.spool.files import Pages

MAGIC = 0x4C4C
VERSION = 2
HEADER = struct.Struct("<HBBHHIIQQ16s")
HEADER_BYTES = HEADER.size
ALIGNMENT = 8
_MAGIC_BYTES = MAGIC.to_bytes(2, "little")
PIECE_BYTES = 32 * 1024


class FrameKind(enum.IntEnum):
    """What a frame means for its entry."""

    FINAL = 1
    """The whole entry; there was none before."""
    PROVISIONAL = 2
    """The call has ended, the outcome is not known yet; a SUPERSEDING frame of the same id follows."""
    SUPERSEDING = 3
    """The whole entry; takes the place of the provisional one."""


class Position(NamedTuple):
    """A place in a spool: segment number, and offset in bytes within it."""

    segment: int
    offset: int


class Frame(NamedTuple):
    """One whole frame as read."""

    kind: FrameKind
    key_id: int
    sequence: int
    accepted: int
    entry_id: bytes
    body: bytes
    position: Position
    end: Position


def frame_bytes(body_length: int) -> int:
    """Room a frame with this body takes on disk."""
    return HEADER_BYTES + (body_length + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def checksum(header: bytes, body: bytes) -> int:
    """XXH3 over header and body without ever giving up the interpreter's lock: 32 bits of it."""
    digest = xxh3_64_intdigest(header)
    if len(body) <= PIECE_BYTES:
        return xxh3_64_intdigest(body, digest) & 0xFFFFFFFF
    view = memoryview(body)
    for start in range(0, len(view), PIECE_BYTES):
        digest = xxh3_64_intdigest(view[start : start + PIECE_BYTES], digest)
    return digest & 0xFFFFFFFF


def pack_header(kind: int, length: int, sequence: int, accepted: int, entry_id: bytes, body: bytes) -> bytes:
    """The header of a frame, checksum included."""
    blank = HEADER.pack(MAGIC, VERSION, kind, 0, 0, length, 0, sequence, accepted, entry_id)
    crc = checksum(blank, body)
    return HEADER.pack(MAGIC, VERSION, kind, 0, 0, length, crc, sequence, accepted, entry_id)


class Absent(Exception):
    """Nothing was written at this place yet."""


class Damaged(Exception):
    """Something is here that is no whole frame."""


def read_frame(pages: Pages, segment: int, offset: int, size: int) -> Frame:
    """The frame at `offset` of a segment of `size` bytes.

    Raises Absent where nothing was written, Damaged where the bytes are not a whole frame; OSError where the
    segment is not mapped and cannot be read.
    """
    start = offset + HEADER_BYTES
    if start > size:
        raise Absent
    fields = HEADER.unpack(pages[offset:start])
    magic, version, kind, key_id, _, length, crc, sequence, accepted, entry_id = fields
    if magic == 0 and not any(fields[1:9]):
        raise Absent
    end = offset + frame_bytes(length)
    if magic != MAGIC or version != VERSION or end > size or kind not in FrameKind._value2member_map_:
        raise Damaged
    body = bytes(pages[start : start + length])
    blank = HEADER.pack(magic, version, kind, key_id, 0, length, 0, sequence, accepted, entry_id)
    if checksum(blank, body) != crc:
        raise Damaged
    place, after = Position(segment, offset), Position(segment, end)
    return Frame(FrameKind(kind), key_id, sequence, accepted, entry_id, body, place, after)


def next_frame_offset(pages: Pages, segment: int, offset: int) -> int | None:
    """Where the next whole frame after a damaged place begins, or None when there is none."""
    candidate = pages.find(_MAGIC_BYTES, offset + 1)
    while candidate != -1:
        if candidate % ALIGNMENT == 0:
            try:
                read_frame(pages, segment, candidate, len(pages))
            except (Absent, Damaged):
                pass
            else:
                return candidate
        candidate = pages.find(_MAGIC_BYTES, candidate + 1)
    return None
