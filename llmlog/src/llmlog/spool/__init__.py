"""The promise of not losing: append-only segments on local disk."""

from llmlog.spool.directory import SpoolDirectory, dead_directories
from llmlog.spool.frame import Frame, FrameKind
from llmlog.spool.keeper import SpoolKeeper
from llmlog.spool.ledger import Acknowledgement, DropReason, Ledger
from llmlog.spool.reader import Delivery, Outcome, SpoolReader
from llmlog.spool.supply import Disk
from llmlog.spool.writer import SpoolWriter

__all__ = [
    "Acknowledgement",
    "Delivery",
    "Disk",
    "DropReason",
    "Frame",
    "FrameKind",
    "Ledger",
    "Outcome",
    "SpoolDirectory",
    "SpoolKeeper",
    "SpoolReader",
    "SpoolWriter",
    "dead_directories",
]
