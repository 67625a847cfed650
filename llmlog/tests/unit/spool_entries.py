"""What the oracle knows of entries, and how it finds their frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulated_disk import File

from llmlog.spool.frame import Absent, Damaged, Frame, read_frame
from llmlog.spool.segment import SEGMENT_HEADER_BYTES

if TYPE_CHECKING:
    from spool_world import Host


@dataclass
class Written:
    """What became of one try to append a frame of an entry."""

    body: bytes
    by: Host
    surely: bool = False
    """Whether it was accepted; else the process ended, or was interrupted, on the way."""
    synced: bool = False
    syncable: bool = True


@dataclass
class Entry:
    """What the oracle knows of an entry."""

    entry_id: bytes
    first: Written
    """Its FINAL or PROVISIONAL frame."""
    provisional: bool = False
    last: Written | None = None
    """Its SUPERSEDING frame."""
    outcome_lost: bool = False

    @property
    def frames(self) -> list[Written]:
        return [self.first] if self.last is None else [self.first, self.last]

    @property
    def required(self) -> bool:
        """Whether it must be delivered, as one of its frames."""
        return any(frame.surely for frame in self.frames)


def frames_of(file: File) -> list[Frame]:
    """The whole frames of a segment up to the first that is not."""
    pages, offset = file.content, SEGMENT_HEADER_BYTES
    frames: list[Frame] = []
    while True:
        try:
            frame = read_frame(pages, 1, offset, len(pages))  # type: ignore[arg-type]
        except (Absent, Damaged):
            return frames
        frames.append(frame)
        offset = frame.end.offset
