"""A process that logs, for the acceptance tests to kill, starve and cut off.

Usage: logging_process.py COUNT PER_SECOND [kill]

Prints one line per accepted entry (`<sequence> <call duration in microseconds>`), unbuffered, so that the test
outside knows exactly what was accepted. With `kill` it kills itself (SIGKILL) right after the last call.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from llmlog import LLMLoggingService, LlmRequest, LlmResponse, LogEntry, Result

MODELS = ("claude-sonnet-4", "o3-pro", "local/rules-1")


def entry(number: int) -> LogEntry:
    """An entry that can be told from all others by its command."""
    return LogEntry(
        command=f"command {number}",
        user_id=f"person-{number % 7}",
        session_id="session",
        interpretation={"intent": "play_specific_song", "number": number},
        llm_request=LlmRequest(
            model=MODELS[number % 3],
            messages=[{"role": "system", "content": "You turn words into music. " * 60}],
        ),
        llm_response=LlmResponse(content="{}" * 200, latency=float(number % 50 + 1)),
        result=Result(success=True, message="done"),
    )


def main() -> None:
    """Log as the arguments say."""
    count, per_second = int(sys.argv[1]), float(sys.argv[2])
    out = os.fdopen(1, "wb", buffering=0)
    log = LLMLoggingService.open()
    for number in range(count):
        started_s = time.perf_counter()
        log.log_interaction(entry(number))
        duration_us = (time.perf_counter() - started_s) * 1e6
        out.write(f"{number} {duration_us:.0f}\n".encode())
        if per_second:
            time.sleep(1 / per_second)
    if "kill" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)
    log.close()


main()
