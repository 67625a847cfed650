"""A host that logs and does as it is told, for the acceptance tests to kill, starve and cut off.

Usage: logging_process.py NAME JOURNAL

It reads commands from stdin, one a line, and writes into JOURNAL, unbuffered, what an oracle outside needs:

    accepted <id> <microseconds>    written after the call returned, so it tells exactly what was accepted
    refused - <microseconds>        an LLM call that could not be logged
    done <answer>                   the end of a command

    log COUNT [PER_SECOND]          entries of its own making, with ids NAME-000000, NAME-000001 …
    call COUNT                      LLM calls outside of any interaction; their ids are llmlog's
    health                          answers with the health as JSON
    set_clock_back SECONDS          steps the wall clock; the monotonic one goes on
    fork COUNT                      has a forked child log COUNT entries and end without closing anything,
                                    and logs as many itself meanwhile
    close                           closes the service
    let_go                          forgets the service without closing it

It ends with stdin, or on SIGTERM like a web server does: by `sys.exit`, and never closes the service by itself.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import msgspec

from llmlog import LlmCall, LLMLoggingService, LlmRequest, LlmResponse, LogEntry, Result
from llmlog.clock import SystemClock

MODELS = ("claude-sonnet-4", "o3-pro", "local/rules-1")
SYSTEM_PROMPT = {"role": "system", "content": "You turn words into music. " * 60}
CALL_WORDS = " ".join(f"{random.Random(7).getrandbits(64):x}" for _ in range(100))


class SteppedClock(SystemClock):
    """The machine's clock, set back now and then."""

    def __init__(self) -> None:
        self.behind_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() - self.behind_ms


class Host:
    """The commands."""

    def __init__(self, name: str, journal: Path) -> None:
        self._name = name
        self._journal_fd = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._clock = SteppedClock()
        self._log = LLMLoggingService.open(clock=self._clock)
        self._number = 0

    def log(self, count: str, per_second: str = "0") -> str:
        """Log entries, at a rate or as fast as it goes."""
        for _ in range(int(count)):
            made = self._entry()
            started_s = time.perf_counter()
            self._log.log_interaction(made)
            self._note("accepted", made.id, time.perf_counter() - started_s)
            if per_second != "0":
                time.sleep(1 / float(per_second))
        return ""

    def call(self, count: str) -> str:
        """Record calls; these tell whether they were accepted."""
        for _ in range(int(count)):
            made = LlmCall(
                request=LlmRequest(
                    model="o3-pro", messages=[SYSTEM_PROMPT, {"role": "user", "content": CALL_WORDS}]
                ),
                started_at=self._clock.now_ms(),
                response=LlmResponse(content="{}" * 200, latency=12.5),
            )
            started_s = time.perf_counter()
            entry_id = self._log.record_call(made)
            self._note(
                "refused" if entry_id is None else "accepted", entry_id or "-", time.perf_counter() - started_s
            )
        return ""

    def health(self) -> str:
        """The health as JSON."""
        return msgspec.json.encode(self._log.health()).decode()

    def set_clock_back(self, seconds: str) -> str:
        """Step the wall clock."""
        self._clock.behind_ms += int(seconds) * 1000
        return ""

    def fork(self, count: str) -> str:
        """Log from a child that ends as `multiprocessing` ends them, without any clean-up; and meanwhile, too."""
        child = os.fork()
        if child == 0:
            self._name, self._number = f"{self._name}-child", 0
            self.log(count)
            os._exit(0)
        self.log(count)
        os.waitpid(child, 0)
        return str(child)

    def close(self) -> str:
        """Close the service."""
        self._log.close()
        return ""

    def let_go(self) -> str:
        """As a function does that ends: nobody holds the service any more."""
        del self._log
        return ""

    def obey(self, line: str) -> None:
        """Do as one line says."""
        command, *arguments = line.split()
        answer: str = getattr(self, command)(*arguments)
        os.write(self._journal_fd, f"done {answer}\n".encode())

    def _entry(self) -> LogEntry:
        number, self._number = self._number, self._number + 1
        return LogEntry(
            id=f"{self._name}-{number:06d}",
            command=f"command {number}",
            user_id=f"person-{number % 7}",
            session_id="session",
            interpretation={"intent": "play_specific_song", "number": number},
            llm_request=LlmRequest(model=MODELS[number % 3], messages=[SYSTEM_PROMPT]),
            llm_response=LlmResponse(content="{}" * 200, latency=float(number % 50 + 1)),
            result=Result(success=True, message="done"),
        )

    def _note(self, what: str, entry_id: str, duration_s: float) -> None:
        os.write(self._journal_fd, f"{what} {entry_id} {duration_s * 1e6:.0f}\n".encode())


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _leave)
    host = Host(sys.argv[1], Path(sys.argv[2]))
    for line in sys.stdin:
        host.obey(line)
