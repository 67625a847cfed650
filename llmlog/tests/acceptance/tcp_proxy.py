"""A network between llmlog and Redis that can be slow, cut, one-way or silent, and that changes at run time."""

from __future__ import annotations

import socket
import struct
import threading
import time
from types import TracebackType

LOOK_EVERY_S = 0.02
SEND_TIMEOUT_S = 5.0
PIECE_BYTES = 65536


class TcpProxy:
    """Listens on `port` and passes everything on to a target on the loopback. Attributes may be set any time.

    delay_s             how long each piece of a reply is held back
    silent              accepts and keeps connections, but passes nothing on in either direction (half-open)
    swallows_replies    requests arrive, replies never come
    reply_bytes_left    replies are cut with a reset after so many bytes in all; None = never
    resets_left         so many of the next connections are reset right after they were accepted
    connections         accepted so far
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LOOK_EVERY_S)
        self.port: int = self._listener.getsockname()[1]
        self.delay_s = 0.0
        self.silent = False
        self.swallows_replies = False
        self.reply_bytes_left: int | None = None
        self.resets_left = 0
        self.connections = 0
        self._closing = False
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> TcpProxy:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            if self.resets_left > 0:
                self.resets_left -= 1
                _reset(client)
                continue
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        while self.silent and not self._closing:
            time.sleep(LOOK_EVERY_S)
        try:
            server = socket.create_connection(("127.0.0.1", self._target_port), timeout=SEND_TIMEOUT_S)
        except OSError:
            _reset(client)
            return
        for end in (client, server):
            end.settimeout(LOOK_EVERY_S)
        ended = threading.Event()
        requests = threading.Thread(target=self._pump, args=(client, server, ended, False))
        requests.start()
        self._pump(server, client, ended, True)
        requests.join()
        _reset(client)
        server.close()

    def _pump(self, source: socket.socket, target: socket.socket, ended: threading.Event, replies: bool) -> None:
        sink = target.dup()  # with a time limit of its own: the other direction receives from `target`
        sink.settimeout(SEND_TIMEOUT_S)
        try:
            while not self._closing and not ended.is_set():
                if self.silent:
                    time.sleep(LOOK_EVERY_S)
                    continue
                try:
                    piece = source.recv(PIECE_BYTES)
                except TimeoutError:
                    continue
                if not piece or not self._pass_on(piece, sink, replies):
                    return
        except OSError:
            pass  # one end is gone: so is the connection
        finally:
            ended.set()
            sink.close()

    def _pass_on(self, piece: bytes, target: socket.socket, reply: bool) -> bool:
        """Send a piece on as the rules of the moment say; whether the connection lives."""
        if not reply:
            target.sendall(piece)
            return True
        if self.delay_s:
            time.sleep(self.delay_s)
        if self.swallows_replies:
            return True
        if self.reply_bytes_left is None:
            target.sendall(piece)
            return True
        allowed = piece[: self.reply_bytes_left]
        self.reply_bytes_left -= len(allowed)
        target.sendall(allowed)
        return len(allowed) == len(piece)


def _reset(connection: socket.socket) -> None:
    """Close with a RST instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
