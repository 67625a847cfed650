"""What is measured: each contender logs one turn on the caller's thread and says how to end. Others: `peers`.

`prepare` builds its own object from a turn, untimed, as the clock starts with the entry built; `log` is what the
caller pays.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from llmlog import Settings

Turn = dict[str, Any]


class Contender(NamedTuple):
    """One way to log."""

    prepare: Callable[[Turn], Any]
    log: Callable[[Any], None]
    close: Callable[[], None]


def llmlog(directory: Path, sink_url: str) -> Contender:
    """llmlog on its embedded Redis, masking on."""
    from llmlog import Settings

    return _llmlog(Settings(data_dir=directory))


def _llmlog(settings: Settings) -> Contender:
    from llmlog import LLMLoggingService, LlmRequest, LlmResponse, LogEntry, Result, Usage

    service = LLMLoggingService.open(settings)

    def prepare(turn: Turn) -> LogEntry:
        return LogEntry(
            command=turn["command"],
            user_id=turn["user"],
            session_id=turn["session"],
            interpretation=turn["interpretation"],
            llm_request=LlmRequest(
                model=turn["model"],
                messages=turn["messages"],
                temperature=0.7,
                requested_model=turn["model"],
                provider="openrouter",
                flow="openrouter",
                json_mode=True,
            ),
            llm_response=LlmResponse(
                content=turn["content"],
                latency=turn["latency"],
                usage=Usage(prompt_tokens=1700, completion_tokens=210, total_tokens=1910),
                finish_reason="stop",
            ),
            result=Result(success=True, message=turn["message"]),
        )

    return Contender(prepare, service.log_interaction, lambda: service.close(30))


def redis_pipeline(directory: Path, sink_url: str) -> Contender:
    """The plan's keys written with a redis-py pipeline on the caller's thread."""
    import time
    import uuid

    from redis import Redis

    from llmlog.store import EmbeddedServer

    server = EmbeddedServer(directory)
    server.ensure_running()
    client = Redis(unix_socket_path=str(server.socket_path))

    def log(turn: Turn) -> None:
        entry_id, now_ms = str(uuid.uuid4()), int(time.time() * 1000)
        body = json.dumps({"id": entry_id, "timestamp": now_ms, **turn})
        with client.pipeline(transaction=False) as pipe:
            pipe.set(f"llm:log:{entry_id}", body, ex=90 * 86400)
            pipe.zadd("llm:logs:2026-11-23", {entry_id: now_ms})
            pipe.zadd(f"llm:user:{turn['user']}:logs", {entry_id: now_ms})
            pipe.hincrby("llm:stats:daily:2026-11-23", f"model:{turn['model']}", 1)
            pipe.execute()

    def close() -> None:
        client.close()
        server.leave()

    return Contender(lambda turn: turn, log, close)


def queue_handler(directory: Path, sink_url: str) -> Contender:
    """The standard library's QueueHandler: a thread writes JSON lines; what is queued dies with the process."""
    import logging.handlers
    import queue

    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    target = logging.FileHandler(directory / "log.jsonl")
    target.setFormatter(_JsonFormatter())
    listener = logging.handlers.QueueListener(waiting, target)
    listener.start()
    logger = logging.Logger("benchmark")
    logger.addHandler(logging.handlers.QueueHandler(waiting))

    def close() -> None:
        listener.stop()
        target.close()

    return Contender(lambda turn: turn, lambda turn: logger.info("llm_call", extra={"turn": turn}), close)


class _JsonFormatter(logging.Formatter):
    """One record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({"event": record.getMessage(), "turn": record.__dict__["turn"]})


def floor(directory: Path, sink_url: str) -> Contender:
    """No log at all, but the least that any durable one pays: encode, a checksum in pieces, a copy into an mmap.

    Says how fast the machine is.
    """
    import mmap
    import threading
    import zlib

    import msgspec

    size, piece = 64 * 1024 * 1024, 5 * 1024
    encode = msgspec.json.Encoder().encode
    path = directory / "floor"
    path.write_bytes(bytes(size))
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), size)
    mapped[:] = bytes(size)
    place, taking = 0, threading.Lock()

    def log(turn: Turn) -> None:
        nonlocal place
        body = encode(turn)
        crc = 0
        view = memoryview(body)
        for start in range(0, len(body), piece):
            crc = zlib.crc32(view[start : start + piece], crc)
        with taking:
            own = 0 if place + len(body) > size else place
            place = own + len(body)
        mapped[own : own + len(body)] = body

    return Contender(lambda turn: turn, log, mapped.close)


def llmlog_unmasked(directory: Path, sink_url: str) -> Contender:
    """llmlog with masking off."""
    from llmlog import Settings
    from llmlog.settings import CaptureSettings

    return _llmlog(Settings(data_dir=directory, capture=CaptureSettings(mask_secrets=False)))


OWN: dict[str, Callable[[Path, str], Contender]] = {
    "llmlog": llmlog,
    "llmlog (masking off)": llmlog_unmasked,
    "(floor)": floor,
    "redis-py pipeline": redis_pipeline,
    "QueueHandler": queue_handler,
}
