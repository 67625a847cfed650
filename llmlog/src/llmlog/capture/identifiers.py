"""UUIDv7 (RFC 9562) without a system call: a generator seeded once, and a counter.

Layout of the 74 bits that are not time: 26 bits of a counter, so that ids of one process sort in the order they
were made even within a millisecond, then 48 random bits.
"""

from __future__ import annotations

import itertools
import random
import re
import uuid

_COUNTER_BITS = 26
_RANDOM_BITS = 48
_CHOSEN = re.compile(r"[A-Za-z0-9_-]{6,64}")
_NAMESPACE = uuid.UUID("6c6c6d6c-6f67-5000-8000-000000000001")


class Identifiers:
    """Makes ids. One per process: after a fork the child needs its own."""

    def __init__(self, seed: int | None = None) -> None:
        """seed: for repeatable ids in simulations; None seeds from the system."""
        self._random = random.Random(seed)
        self._counter = itertools.count(self._random.getrandbits(_COUNTER_BITS - 1))
        self._newest_ms = 0

    def next(self, now_ms: int) -> str:
        """A new id; never sorts before an earlier one of this process, also when the clock is set back."""
        turns, count = divmod(next(self._counter), 1 << _COUNTER_BITS)
        now = max(self._newest_ms, now_ms + turns)  # after its last number the counter must not sort before itself
        self._newest_ms = now
        value = (now & ((1 << 48) - 1)) << 80
        value |= 0x7 << 76 | (count >> 14) << 64
        value |= 0b10 << 62 | (count & 0x3FFF) << 48 | self._random.getrandbits(_RANDOM_BITS)
        digits = f"{value:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def valid_id(entry_id: object) -> str | None:
    """An id the caller chose, if it can stand in a key and a URL: 6 to 64 letters, digits, - or _."""
    if type(entry_id) is str and entry_id and _CHOSEN.fullmatch(entry_id):
        return entry_id
    return None


def id_bytes(entry_id: str) -> bytes:
    """The 16 bytes that stand for an id in a frame: the UUID's own, or a UUIDv5 of any other text."""
    if len(entry_id) == 36:
        try:
            raw = bytes.fromhex(entry_id.replace("-", ""))
        except ValueError:
            raw = b""
        if len(raw) == 16:
            return raw
    return uuid.uuid5(_NAMESPACE, entry_id).bytes
