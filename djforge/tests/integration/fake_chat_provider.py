"""A provider on 127.0.0.1 that speaks the OpenAI chat wire over real HTTP and answers by a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from llmlog.entry import LlmCall


@dataclass
class Reply:
    """One scripted answer. pieces: the body as sent, with `pause_s` before each."""

    pieces: Sequence[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = "application/json"
    pause_s: float = 0.0
    hang_up: bool = False
    """Close the connection after the pieces without the bytes that were promised."""


@dataclass
class Seen:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: Any


def chat(content: Any, *, model: Any = "fake/model-1", **further: Any) -> Reply:
    """A good answer; `further` replaces or adds fields of the body."""
    body = {
        "id": "gen-1",
        "model": model,
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        **further,
    }
    return json_reply({name: value for name, value in body.items() if value is not ...})


def json_reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """Any JSON with any status."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply([json.dumps(body).encode()], status=status, headers=sent)


class FakeChatProvider:
    """Answers requests in the order of its script; the last reply is repeated."""

    def __init__(self, script: Sequence[Reply]) -> None:
        self.script = list(script)
        self.seen: list[Seen] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                provider.take(self)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Note a request and send the next reply of the script."""
        length = int(handler.headers.get("content-length", "0"))
        body = json.loads(handler.rfile.read(length))
        with self._lock:
            self.seen.append(Seen(handler.path, {k.lower(): v for k, v in handler.headers.items()}, body))
            reply = self.script[min(len(self.seen), len(self.script)) - 1]
        try:
            self._send(handler, reply)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        handler.close_connection = True
        if not reply.pieces and reply.hang_up:
            return
        handler.send_response(reply.status)
        if reply.content_type is not None:
            handler.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        promised = sum(map(len, reply.pieces)) + (100 if reply.hang_up else 0)
        handler.send_header("Content-Length", str(promised))
        handler.send_header("Connection", "close")
        handler.end_headers()
        for piece in reply.pieces:
            if reply.pause_s and self.closing.wait(reply.pause_s):
                return
            handler.wfile.write(piece)
            handler.wfile.flush()

    def __enter__(self) -> FakeChatProvider:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class CollectedCalls:
    """A log that keeps its calls in a list."""

    def __init__(self) -> None:
        self.calls: list[LlmCall] = []

    def record_call(self, call: LlmCall) -> str | None:
        self.calls.append(call)
        return f"log-{len(self.calls)}"
