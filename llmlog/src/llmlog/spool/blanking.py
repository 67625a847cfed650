"""Making a person's logs unreadable in segments that were delivered already.

Only frames before the cursor are touched: nobody delivers them again, and sending again passes over what is no
entry. The header stays as it is but for its checksum, so the way through the segment stays whole.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from llmlog.spool.directory import directories
from llmlog.spool.frame import HEADER_BYTES, Absent, Damaged, Position, next_frame_offset, pack_header, read_frame
from llmlog.spool.ledger import Ledger
from llmlog.spool.segment import SEGMENT_HEADER_BYTES, segment_numbers, segment_path


class Blanked(NamedTuple):
    """What was found in all spools of a data directory."""

    blanked: int
    """Delivered frames that were made unreadable."""
    waiting: int
    """Frames not delivered yet; the tombstone keeps them out of the store."""


def blank_frames(root: Path, marks: Collection[bytes]) -> Blanked:
    """Blank every delivered frame that has one of these byte strings in its body. Raises OSError."""
    blanked = waiting = 0
    for directory in directories(root):
        ledger = Ledger(directory / "ledger")
        cursor = ledger.acknowledged.cursor
        ledger.close()
        for number in segment_numbers(directory):
            try:
                with segment_path(directory, number).open("r+b") as file:
                    pages = mmap.mmap(file.fileno(), 0)
            except (FileNotFoundError, ValueError):
                continue  # deleted meanwhile, or still empty
            with pages:
                found = _in_segment(pages, number, cursor, marks)
                if found.blanked:
                    pages.flush()
            blanked, waiting = blanked + found.blanked, waiting + found.waiting
    return Blanked(blanked, waiting)


def _in_segment(pages: mmap.mmap, number: int, cursor: Position, marks: Collection[bytes]) -> Blanked:
    blanked = waiting = 0
    offset: int | None = SEGMENT_HEADER_BYTES
    while offset is not None:
        try:
            frame = read_frame(pages, number, offset, len(pages))
        except Absent:
            break
        except Damaged:
            offset = next_frame_offset(pages, number, offset)
            continue
        if any(mark in frame.body for mark in marks):
            if frame.position < cursor:
                body = bytes(len(frame.body))
                start = offset + HEADER_BYTES
                pages[start : start + len(body)] = body
                pages[offset:start] = pack_header(
                    frame.kind, len(body), frame.sequence, frame.accepted, frame.entry_id, body
                )
                blanked += 1
            else:
                waiting += 1
        offset = frame.end.offset
    return Blanked(blanked, waiting)
