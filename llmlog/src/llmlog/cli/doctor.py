"""`llmlog doctor`: is everything in order, and what to do if not."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from llmlog.capture.pseudonyms import FILE_NAME
from llmlog.clock import SystemClock
from llmlog.errors import StoreUnavailable
from llmlog.service import LLMLoggingService

SKEW_MS = 5_000


class Finding(NamedTuple):
    """One line of the report."""

    verdict: Literal["ok", "warn", "fail"]
    text: str


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("doctor", help="check Redis, spool, keys, retention, clock; say what to do")
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Print every finding; 1 when one failed."""
    findings = list(_findings(service))
    for finding in findings:
        print(f"{finding.verdict:5} {finding.text}", file=sys.stdout)
    return 1 if any(finding.verdict == "fail" for finding in findings) else 0


def _findings(service: LLMLoggingService) -> Iterator[Finding]:
    data_dir, health = service.settings.data_dir, service.health()
    writable = os.access(data_dir, os.W_OK)
    yield (
        Finding("ok", f"Data directory {data_dir}")
        if writable
        else Finding("fail", f"{data_dir} cannot be written. Give this user the right, or set LLMLOG_DATA_DIR.")
    )
    store = health.store
    if store.answering:
        yield Finding("ok", f"Redis answers: {store.where}")
        yield _clock(service)
    else:
        yield Finding(
            "fail",
            f"Redis does not answer: {store.where} ({store.last_error}). Start it, or correct LLMLOG_REDIS_URL; "
            "logs wait on disk meanwhile.",
        )
    spool = health.spool
    yield Finding(
        "ok" if not spool.spooled else "warn",
        f"Ledger: {spool.accepted:,} accepted = {spool.stored:,} stored + {spool.spooled:,} on disk + "
        f"{spool.dead_lettered:,} dead letters + {spool.expired:,} too old",
    )
    if spool.mode == "written":
        yield Finding("ok", f"Logs reach {spool.directory} by plain writes: mapping is not safe on its file system")
    if spool.last_sync_error is not None:
        yield Finding("fail", f"The spool's disk cannot sync ({spool.last_sync_error}). Look at the disk.")
    for reason, count in spool.dropped.items():
        yield Finding("warn", f"{count:,} logs were dropped: {reason}. docs/operations.md says what to free.")
    if spool.dead_lettered:
        yield Finding("warn", f"Look into {data_dir / 'dead-letters'}: Redis refused this data.")
    yield _keys(service)
    yield Finding("ok", f"Logs are kept for {store.retention_days} days")


def _clock(service: LLMLoggingService) -> Finding:
    try:
        skew_ms = abs(service.store_time_ms() - SystemClock().now_ms())
    except StoreUnavailable as error:
        return Finding("fail", str(error))
    if skew_ms > SKEW_MS:
        return Finding(
            "warn", f"The clocks of this machine and of Redis differ by {skew_ms / 1000:.0f} s. Set them."
        )
    return Finding("ok", f"Clock: {skew_ms} ms from Redis's")


def _keys(service: LLMLoggingService) -> Finding:
    if service.settings.capture.pseudonym_keys is not None:
        return Finding("ok", "Pseudonym keys come from LLMLOG_PSEUDONYM_KEYS")
    path = service.settings.data_dir / FILE_NAME
    if not path.exists():
        return Finding("fail", f"{path} is missing and could not be made.")
    if path.stat().st_mode & 0o077:
        return Finding("fail", f"{path} can be read by others. Type: chmod 600 {path}")
    return Finding("ok", f"Pseudonym keys in {path}: keep a copy")
