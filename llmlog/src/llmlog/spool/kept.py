"""Delivered segments that are still on disk, read once more: for a Redis that forgot what it had confirmed.

Reading takes no lock and moves no cursor: the spools may be alive, and what is sent again is already counted.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from llmlog.spool.directory import directories
from llmlog.spool.frame import Absent, Damaged, Frame, FrameKind, Position, next_frame_offset, read_frame
from llmlog.spool.ledger import Ledger
from llmlog.spool.segment import SEGMENT_HEADER_BYTES, segment_numbers, segment_path


def kept_frames(root: Path, written_since_ms: int) -> Iterator[Frame]:
    """Whole entries that were acknowledged, of every segment that was written to since a moment (ms since the
    epoch), oldest first within each spool. Raises OSError."""
    for directory in directories(root):
        ledger = Ledger(directory / "ledger")
        cursor = ledger.acknowledged.cursor
        ledger.close()
        for number in segment_numbers(directory):
            path = segment_path(directory, number)
            try:
                if number > cursor.segment or path.stat().st_mtime * 1000 < written_since_ms:
                    continue
                with path.open("rb") as file:
                    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except (FileNotFoundError, ValueError):
                continue  # deleted meanwhile, or still empty
            with mapped:
                yield from _entries(mapped, number, cursor)


def _entries(mapped: mmap.mmap, number: int, cursor: Position) -> Iterator[Frame]:
    offset: int | None = SEGMENT_HEADER_BYTES
    while offset is not None and (number, offset) < cursor:
        try:
            frame = read_frame(mapped, number, offset, len(mapped))
        except Absent:
            return
        except Damaged:
            offset = next_frame_offset(mapped, number, offset)
            continue
        offset = frame.end.offset
        if frame.kind != FrameKind.PROVISIONAL:
            yield frame
