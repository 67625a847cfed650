"""The order of logs as one number, so that the index can sort by it: newer is higher, and logs of one millisecond
have an order too."""

from __future__ import annotations

import zlib

from llmlog.store.redis_store import Member

_BITS = 20
LATEST_MS = (1 << 44) - 1
"""In the year 2527; what claims to be later has the rank of this moment."""


def rank(timestamp_ms: int, entry_id: str) -> int:
    """Timestamp and a hash of the id."""
    return min(max(0, timestamp_ms), LATEST_MS) << _BITS | zlib.crc32(entry_id.encode()) & ((1 << _BITS) - 1)


def timestamp_of(ranked: int) -> int:
    """The timestamp in a rank, ms since the epoch."""
    return ranked >> _BITS


def place_of(member: Member) -> tuple[int, str]:
    """What to sort logs by: two of the same rank are one in a million, and go by their ids."""
    return rank(member.timestamp, member.id), member.id
