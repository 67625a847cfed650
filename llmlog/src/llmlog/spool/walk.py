"""Going through the frames of a spool in order, over damage, holes and from segment to segment."""

from __future__ import annotations

import logging
from collections import deque
from pathlib import Path

from llmlog.spool.files import Files, ReadPages
from llmlog.spool.frame import (
    HEADER_BYTES,
    Absent,
    Damaged,
    Frame,
    Position,
    next_frame_offset,
    read_frame,
)
from llmlog.spool.segment import SEGMENT_HEADER_BYTES, segment_numbers, segment_path

_logger = logging.getLogger("llmlog")


class FrameWalk:
    """A place in a spool directory that moves from whole frame to whole frame."""

    def __init__(self, files: Files, directory: Path, quarantine: Path, start: Position, *, alive: bool) -> None:
        """alive: the owner may still append; then a place where nothing is may be written to any moment."""
        self.position = start
        self.alive = alive
        self.exhausted = False
        """Whether the newest look found nothing more."""
        self.put_aside: deque[Position] = deque()
        """Where damaged pieces lay that were stepped over."""
        self._files = files
        self._directory = directory
        self._quarantine = quarantine
        self._open: dict[int, ReadPages] = {}
        self._nothing_after: set[Position] = set()

    def next(self) -> Frame | None:
        """The next whole frame, or None when there is none now. Raises OSError."""
        while True:
            number, offset = self.position
            pages = self._pages(number)
            try:
                if pages is None:
                    stepped = self._go_to_later_segment(number)
                else:
                    frame = read_frame(pages, number, offset, len(pages))
                    self.position = frame.end
                    self.exhausted = False
                    return frame
            except Absent:
                stepped = pages is not None and self._step_over_nothing(pages)
            except Damaged:
                stepped = pages is not None and self._step_over_damage(pages)
            if not stepped:
                self.exhausted = True
                return None

    def frame_at(self, place: Position) -> Frame | None:
        """A frame that was passed; None when it was damaged since, and is put aside. Raises OSError."""
        pages = self._pages(place.segment)
        assert pages is not None
        try:
            return read_frame(pages, place.segment, place.offset, len(pages))
        except (Absent, Damaged):
            self._put_aside(pages, place, self._next_whole(pages, place))
            return None

    def let_go(self, before_segment: int) -> None:
        """Close the segments before that one."""
        for number in [number for number in self._open if number < before_segment]:
            self._open.pop(number).close()

    def close(self) -> None:
        """Close all segments."""
        for pages in self._open.values():
            pages.close()
        self._open.clear()

    def _step_over_nothing(self, pages: ReadPages) -> bool:
        """Where nothing was written: whether frames follow all the same, in a later segment or (a power cut
        may leave a hole) in this one; then go there.

        The second look matters: a frame may have been written here between the first look and the
        rotation that made the later segment the active one.
        """
        number, offset = before = self.position
        later = self._go_to_later_segment(number)
        if self.alive and not later:
            return False
        if any(pages[offset : offset + HEADER_BYTES]):
            self.position = before
            return True
        after = self._next_whole(pages, before)
        if after is not None:
            self.position = after
        return later or after is not None

    def _step_over_damage(self, pages: ReadPages) -> bool:
        """Put the damaged bytes aside and go on at the next whole frame.

        Without a next frame this is the torn tail of a killed process (cut, nothing to deliver), or, while
        the owner lives, a frame being written this moment (looked at again later).
        """
        place = self.position
        after = self._next_whole(pages, place)
        if after is not None:
            if _whole(pages, place):
                return True  # another process was writing it when it was looked at first
            self.position = after
        elif not self._go_to_later_segment(place.segment):
            return False
        self._put_aside(pages, place, after)
        return True

    def _go_to_later_segment(self, number: int) -> bool:
        """Go to the next segment that has frames, if there is one."""
        for later in segment_numbers(self._directory, self._files):
            pages = self._pages(later) if later > number else None
            if pages is not None and self._has_frames(pages, later):
                self.position = Position(later, SEGMENT_HEADER_BYTES)
                return True
        return False

    def _has_frames(self, pages: ReadPages, number: int) -> bool:
        first = Position(number, SEGMENT_HEADER_BYTES)
        if any(pages[first.offset : first.offset + HEADER_BYTES]):
            return True
        return not self.alive and self._next_whole(pages, first) is not None

    def _next_whole(self, pages: ReadPages, place: Position) -> Position | None:
        """Where the next whole frame after a place is, in its segment. Looked for once where none can come."""
        if place in self._nothing_after:
            return None
        offset = next_frame_offset(pages, place.segment, place.offset)
        if offset is not None:
            return Position(place.segment, offset)
        if not self.alive:
            self._nothing_after.add(place)
        return None

    def _put_aside(self, pages: ReadPages, place: Position, end: Position | None) -> None:
        self.put_aside.append(place)
        name = f"{self._directory.name}-{place.segment:08d}-{place.offset:08d}.frame"
        piece = bytes(pages[place.offset : end.offset if end is not None else len(pages)])
        try:
            self._files.make_directory(self._quarantine)
            self._files.write(self._quarantine / name, piece.rstrip(b"\0"))
        except OSError as error:  # a disk without room for it must not hold up what is whole
            _logger.warning("llmlog: a damaged piece of the spool (%s) could not be put aside: %s", name, error)

    def _pages(self, number: int) -> ReadPages | None:
        pages = self._open.get(number)
        if pages is None:
            pages = self._files.pages(segment_path(self._directory, number))
            if pages is not None:
                self._open[number] = pages
        return pages


def _whole(pages: ReadPages, place: Position) -> bool:
    try:
        read_frame(pages, place.segment, place.offset, len(pages))
    except (Absent, Damaged):
        return False
    return True
