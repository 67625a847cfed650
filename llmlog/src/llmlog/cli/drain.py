"""`llmlog drain`: shipping in a process of its own, and sending again what Redis lost."""

from __future__ import annotations

import argparse
import re
import time
from datetime import UTC, datetime
from typing import Any

from llmlog.errors import BadRequest
from llmlog.service import CLOSE_DEADLINE_S, LLMLoggingService

TELL_EVERY_S = 5.0
LOOK_EVERY_S = 0.1
_AGO = re.compile(r"(\d{1,6})([smh])")
_UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000}


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser(
        "drain",
        help="ship logs from disk to Redis in this process",
        description="Ships the spools of processes that died, and of those that run with LLMLOG_SHIPPING=drain, "
        "until it is stopped (TERM or Ctrl-C; it ends within 2 s).",
    )
    made.add_argument("--once", action="store_true", help="end when nothing is left to ship")
    made.add_argument(
        "--resend",
        metavar="SINCE",
        help="send again what was shipped since then and is still on disk (10 minutes back), e.g. 10m, 1h or "
        "2026-11-23T14:30; then end",
    )
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Ship; 0 when stopped or done, 1 when --once could not finish. Raises StoreUnavailable for --resend."""
    if asked.resend is not None:
        resent = service.send_again(since_ms(asked.resend, time.time()))
        print(
            f"{resent.looked_at:,} logs on disk looked at; {resent.restored:,} were missing in Redis and are back."
        )
        return 0
    shipper = service.drainer()
    shipper.start()
    print(f"Shipping {service.settings.spool_root}", flush=True)
    try:
        return _watch(service, shipper, once=asked.once)
    finally:
        shipper.stop(CLOSE_DEADLINE_S)
        shipper.release()


def since_ms(text: str, now_s: float) -> int:
    """The moment a person means, ms since the epoch. Raises BadRequest."""
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return int(now_s * 1000) - int(ago[1]) * _UNIT_MS[ago[2]]
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadRequest(
            "resend", f"“{text}” is no time. Type how long ago (10m, 1h) or a moment (2026-11-23T14:30, UTC)."
        ) from None
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _watch(service: LLMLoggingService, shipper: Any, *, once: bool) -> int:
    told: str | None = None
    next_tell_s = 0.0
    while True:
        now_s = time.monotonic()
        if now_s >= next_tell_s:
            next_tell_s = now_s + TELL_EVERY_S
            health = service.health()
            if health.sentence != told:
                told = health.sentence
                print(told, flush=True)
        if once and shipper.rounds > 1 and shipper.drained:
            print(service.health().sentence)
            return 0
        if once and shipper.breaker.state == "open":
            service.store_time_ms()  # raises StoreUnavailable, with since when
        time.sleep(LOOK_EVERY_S)
