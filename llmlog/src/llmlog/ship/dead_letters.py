"""Entries the store will never take: kept on disk, one JSON line each, with the reason."""

from __future__ import annotations

import base64
import fcntl
import os
from collections.abc import Collection
from pathlib import Path

import msgspec

from llmlog.clock import Clock, utc_day


class DeadLetters:
    """`<data>/dead-letters/YYYY-MM-DD.jsonl`."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def keep(self, reason: str, body: bytes) -> None:
        """Put one entry aside and bring it to the disk. Raises OSError."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        now_ms = self._clock.now_ms()
        record: dict[str, object] = {"at": now_ms, "reason": reason}
        try:
            msgspec.json.decode(body)
            record["entry"] = msgspec.Raw(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            record["bytes"] = base64.b64encode(body).decode("ascii")
        path = self._directory / f"{utc_day(now_ms)}.jsonl"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "ab") as file:
            fcntl.flock(fd, fcntl.LOCK_EX)
            file.write(msgspec.json.encode(record) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def remove(self, marks: Collection[bytes]) -> int:
        """Take out every letter with one of these byte strings in it; gives how many. Raises OSError."""
        removed = 0
        for path in sorted(self._directory.glob("*.jsonl")):
            with path.open("r+b") as file:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX)
                letters = file.readlines()
                kept = [letter for letter in letters if not any(mark in letter for mark in marks)]
                if len(kept) < len(letters):
                    removed += len(letters) - len(kept)
                    file.seek(0)
                    file.write(b"".join(kept))
                    file.truncate()
                    file.flush()
                    os.fsync(file.fileno())
        return removed
