"""A host under mixed load: two threads that log, and an event loop with interactions, until it is ended.

Usage: soak_host.py NAME JOURNAL. It writes `accepted <id> <microseconds>` into JOURNAL after each call returned.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from llmlog import LlmCall, LLMLoggingService, LlmRequest, LlmResponse, LogEntry

PER_SECOND = 20
"""Of each thread and of the event loop."""
SYSTEM_PROMPT = {"role": "system", "content": "You turn words into music. " * 60}


class SoakHost:
    """The load of one process."""

    def __init__(self, name: str, journal: Path) -> None:
        self._name = name
        self._stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: self._stop.set())
        self._journal_fd = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._log = LLMLoggingService.open()
        self._random = random.Random(name)

    def run(self) -> None:
        """Log until TERM."""
        threads = [threading.Thread(target=self._entries, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        asyncio.run(self._turns())
        for thread in threads:
            thread.join()
        self._log.close()

    def _entries(self, thread: int) -> None:
        number = 0
        while not self._stop.wait(self._random.uniform(0, 2 / PER_SECOND)):
            number += 1
            entry = LogEntry(
                id=f"{self._name}-{thread}-{number:08d}",
                command=f"command {number}",
                user_id=f"person-{number % 9}",
                llm_request=self._request(),
                llm_response=LlmResponse(content="{}" * self._random.randint(1, 2_000), latency=12.5),
            )
            started_s = time.perf_counter()
            self._log.log_interaction(entry)
            self._note(entry.id, started_s)

    async def _turns(self) -> None:
        turns: set[asyncio.Task[None]] = set()
        while not self._stop.is_set():
            await asyncio.sleep(self._random.uniform(0, 2 / PER_SECOND))
            turns = {turn for turn in turns if not turn.done()}
            turns.add(asyncio.create_task(self._turn()))
        await asyncio.gather(*turns)

    async def _turn(self) -> None:
        with self._log.interaction(command="play some jazz", user_id="person-1", session_id="s") as turn:
            started_s = time.perf_counter()
            entry_id = self._log.record_call(LlmCall(request=self._request(), started_at=int(time.time() * 1000)))
            if entry_id is not None:
                self._note(entry_id, started_s)
            await asyncio.sleep(self._random.uniform(0, 0.5))
            turn.interpretation = {"intent": "play_specific_song"}
            turn.result(success=True, message="Playing")

    def _request(self) -> LlmRequest:
        words = " ".join(f"{self._random.getrandbits(48):x}" for _ in range(40))
        return LlmRequest(model="o3-pro", messages=[SYSTEM_PROMPT, {"role": "user", "content": words}])

    def _note(self, entry_id: str, started_s: float) -> None:
        microseconds = (time.perf_counter() - started_s) * 1e6
        os.write(self._journal_fd, f"accepted {entry_id} {microseconds:.0f}\n".encode())


SoakHost(sys.argv[1], Path(sys.argv[2])).run()
