"""A process that keeps the search index of LLMLOG_DATA_DIR and does nothing else, for tests to kill.

It tells `keeping` on stdout when it has begun. Commands on stdin: `fork` has a forked child that lives until it is
killed, and tells its pid; `stop` closes the service and tells the milliseconds it took. It ends with stdin.
SIGUSR1 has it tell on stderr what each thread does.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import time

from llmlog import LLMLoggingService


def child() -> int:
    """A forked process; its pid."""
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        sys.exit(0)
    return pid


def short_child() -> int:
    """A forked process that ends by itself like any program; its exit code."""
    pid = os.fork()
    if pid == 0:
        sys.exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    faulthandler.register(signal.SIGUSR1)
    service = LLMLoggingService.open_reader()
    service.finder.keep_index()
    print("keeping", flush=True)
    for line in sys.stdin:
        command = line.strip()
        if command == "fork":
            print(child(), flush=True)
        elif command == "fork and end":
            print(short_child(), flush=True)
        elif command == "stop":
            began_s = time.monotonic()
            service.close()
            print(f"{(time.monotonic() - began_s) * 1000:.0f}", flush=True)
    service.close()
