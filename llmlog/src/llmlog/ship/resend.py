"""Sending again what Redis had confirmed and lost: a failover, a wiped volume, a FLUSHALL.

Writing is idempotent, so what Redis still has stays as it is, statistics included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import msgspec
import redis

from llmlog.ship.door import StoreDoor
from llmlog.spool import Frame
from llmlog.store import PackedEntry

BATCH_ENTRIES = 200


class Resent(NamedTuple):
    """What sending again came to."""

    looked_at: int
    """Entries on disk."""
    restored: int
    """Of them, those that were missing in Redis and are there again."""


def resend(frames: Iterable[Frame], writer: StoreDoor) -> Resent:
    """Send entries again, in batches. Raises StoreUnavailable, OSError."""
    looked_at = restored = 0
    packed = _packed(frames, writer)
    while batch := list(islice(packed, BATCH_ENTRIES)):
        looked_at += len(batch)
        try:
            outcomes = writer.write(batch)
        except redis.ResponseError:  # refused data is among the dead letters already
            continue
        restored += sum(outcome.fresh for outcome in outcomes)
    return Resent(looked_at, restored)


def _packed(frames: Iterable[Frame], writer: StoreDoor) -> Iterator[PackedEntry]:
    for frame in frames:
        try:
            entry = writer.pack(frame.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # a dead letter already
        if entry is not None:
            yield entry
