"""Entries the store will never take: kept on disk, one JSON line each, with the reason."""

from __future__ import annotations

import base64
import os
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
            file.write(msgspec.json.encode(record) + b"\n")
            file.flush()
            os.fsync(file.fileno())
