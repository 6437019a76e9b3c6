"""A server of a few lines for tests.

It answers each connection with bytes that the test chooses, and keeps what was asked. What is promised against the true
server is tested against the true server; this one misbehaves.
"""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    Script = Callable[["Talk"], None]

DEADLINE = 10.0
"""Seconds that a test waits for anything: far above what it takes, on a busy machine too."""


@dataclass
class Asked:
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Talk:
    """One connection, after its request was read."""

    def __init__(self, connection: socket.socket, asked: Asked, ended: threading.Event) -> None:
        self.connection = connection
        self.asked = asked
        self.ended = ended
        """The peer is closed; who waits shall wait no longer."""

    def send(self, *pieces: bytes) -> None:
        """Sends bytes as they are."""
        for piece in pieces:
            self.connection.sendall(piece)

    def answer(self, status: int, body: bytes | str | dict[str, Any] = b"", **headers: str) -> None:
        """Sends a whole answer. Headers are named with underscores."""
        raw = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
        told = {"content-length": str(len(raw)), **{name.replace("_", "-"): text for name, text in headers.items()}}
        head = "".join(f"{name}: {text}\r\n" for name, text in told.items())
        self.send(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + raw)

    def stream(self, *blocks: str) -> None:
        """Begins a stream that ends with the connection, and sends blocks of it."""
        self.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        for block in blocks:
            self.send(block.encode())

    def stay(self) -> None:
        """Keeps the connection open until the peer is closed, or the other end has gone."""
        self.connection.settimeout(0.05)
        while not self.ended.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return


def _absent(talk: Talk) -> None:
    talk.answer(404)


def put(document: dict[str, Any]) -> str:
    """A snapshot as a block of a stream."""
    return f"id: {document['epoch']}-{document['revision']}\nevent: put\ndata: {json.dumps(document)}\n\n"


class Peer:
    """The server. Each path has a script; what has none is answered 404."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.asked: list[Asked] = []
        self.scripts: dict[str, Script] = {}
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'' if tls is None else 's'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._begin(functools.partial(self._serve, connection))

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), self._secured(connection) as connection:
            asked = _read(connection)
            if asked is None:
                return
            with self._changed:
                self.asked.append(asked)
                script = self.scripts.get(asked.target.partition("?")[0], _absent)
                self._changed.notify_all()
            script(Talk(connection, asked, self._ended))

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        try:
            return self._tls.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise

    def seen(self, path: str) -> list[Asked]:
        """The requests of a path so far."""
        with self._changed:
            return [asked for asked in self.asked if asked.target.partition("?")[0] == path]

    def wait_for(self, path: str, count: int = 1) -> list[Asked]:
        """Waits until a path has been asked for so often; those requests."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: sum(asked.target.partition("?")[0] == path for asked in self.asked) >= count, DEADLINE
            )
        assert found, f"{path} was not asked for {count} times: {[asked.target for asked in self.asked]}"
        return self.seen(path)

    def close(self) -> None:
        """Ends everything."""
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(DEADLINE)


def _read(connection: socket.socket) -> Asked | None:
    with connection.makefile("rb") as file:
        first = file.readline().decode().split(" ")
        if len(first) != 3:
            return None
        headers = {}
        while (line := file.readline().decode().strip()) != "":
            name, _, text = line.partition(":")
            headers[name.lower()] = text.strip()
        return Asked(first[0], first[1], headers, file.read(int(headers.get("content-length", 0))))
