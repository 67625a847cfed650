"""Where the peers send to: an HTTP server on loopback, in a process of its own.

It takes whatever is posted and answers as if all were well. `GET /arrived` tells how many marked turns the bodies
since the last question held, and forgets them. Run alone: `python -m benchmarks.sink` prints its address.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.request import ProxyHandler, build_opener

ROOT = Path(__file__).parents[1]
MARK = re.compile(rb"turn-mark-\d{7}")


def mark(number: int) -> str:
    """The text by which a turn is told from the others where it arrives."""
    return f"turn-mark-{number:07d}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[tuple[str, bytes]] = []

    def arrived(self) -> dict[str, int]:
        """Marked turns (each once), requests and bytes since the last question."""
        bodies, self.bodies = self.bodies, []
        marks = {found for coding, body in bodies for found in MARK.findall(_decoded(coding, body))}
        return {"turns": len(marks), "requests": len(bodies), "bytes": sum(len(body) for _, body in bodies)}


def _decoded(coding: str, body: bytes) -> bytes:
    if coding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if coding == "deflate" else body


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        self.server.bodies.append((self.headers.get("content-encoding", ""), self._body()))
        self._answer(b"{}" if "json" in self.headers.get("content-type", "") else b"")

    def do_GET(self) -> None:
        self._answer(json.dumps(self.server.arrived()).encode() if self.path == "/arrived" else b"{}")

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json" if body else "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class RunningSink:
    """The sink as a process, for as long as the `with` lasts."""

    def __enter__(self) -> RunningSink:
        command = [sys.executable, "-m", "benchmarks.sink"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        self._opener = build_opener(ProxyHandler({}))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def arrived(self) -> dict[str, int]:
        """What came since the last question."""
        with self._opener.open(f"{self.url}/arrived", timeout=60) as answer:
            found: dict[str, int] = json.load(answer)
        return found


if __name__ == "__main__":
    with _Server() as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
