"""One request on its way through the proxy: what a fault (faults.py) may do with it and its answer."""

import asyncio
import json
import socket
import struct
import time
import urllib.parse
from dataclasses import dataclass, field

import h11

READ = 65536
# More than any event or snapshot of these tests, so that h11 refuses no head and no pause stalls the server.
MAX_HEAD = 256 * 1024


OK = 200


class Gone(Exception):
    """One of the two ends is no longer there."""


@dataclass
class Request:
    """What an SDK asked, and what has become of it. Times are of time.monotonic()."""

    number: int
    connection: int
    at: float
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    status: int | None = None
    answered: dict[str, str] = field(default_factory=dict)
    passed: int = 0
    ended: float | None = None

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self):
        """What was asked, where that is JSON."""
        return json.loads(self.body)

    @property
    def open(self) -> bool:
        return self.ended is None


class Exchange:
    """The request, the socket it came by, and the way to the server."""

    def __init__(self, request: Request, server_side: h11.Connection, writer, upstream: tuple[str, int], changed):
        self.request = request
        self._h11 = server_side
        self._writer = writer
        self._upstream = upstream
        self._changed = changed
        self._origin = None
        self._held: list[bytes] | None = None
        self._length: int | None = None
        self.silent = False

    # To the server.

    async def ask(self, identity: bool = False) -> tuple[int, list]:
        """Sends the request on; the head of the server's answer. `identity` asks for no compression."""
        try:
            reader, writer = await asyncio.open_connection(*self._upstream)
        except OSError as error:
            raise Gone("the server") from error
        self._origin = (reader, writer, h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD))
        kept = [
            (name, value)
            for name, value in self.request.headers.items()
            if name not in ("connection", "content-length", "transfer-encoding", "expect")
            and not (identity and name == "accept-encoding")
        ]
        kept.append(("connection", "close"))
        if self.request.body or self.request.method == "POST":
            kept.append(("content-length", str(len(self.request.body))))
        client = self._origin[2]
        head = h11.Request(method=self.request.method, target=self.request.target, headers=kept)
        writer.write(client.send(head))
        if self.request.body:
            writer.write(client.send(h11.Data(data=self.request.body)))
        writer.write(client.send(h11.EndOfMessage()))
        answer = await self._next()
        while isinstance(answer, h11.InformationalResponse):
            answer = await self._next()
        return answer.status_code, [(name.decode(), value.decode()) for name, value in answer.headers]

    async def _next(self):
        reader, _, client = self._origin
        while (event := client.next_event()) is h11.NEED_DATA:
            try:
                client.receive_data(await reader.read(READ))
            except OSError as error:
                raise Gone("the server") from error
        return event

    async def chunks(self):
        """The body of the server's answer as it comes, without its transfer coding."""
        try:
            while not isinstance(event := await self._next(), h11.EndOfMessage):
                yield bytes(event.data)
        except h11.RemoteProtocolError as error:
            raise Gone("the server") from error

    # To the SDK.

    async def head(self, status: int, headers: list) -> None:
        """The head of an answer. A length that no longer holds becomes chunks."""
        self.request.status = status
        self.request.answered = {name.lower(): value for name, value in headers}
        # Of another answer than 200 an SDK needs no more than the head.
        self._length = 0 if status != OK else int(self.request.answered.get("content-length", -1))
        self._note_end()
        kept = [(name, value) for name, value in headers if name.lower() not in ("connection", "transfer-encoding")]
        await self.write(self._h11.send(h11.Response(status_code=status, headers=kept)))

    async def send(self, data: bytes) -> None:
        """A piece of the body."""
        self.request.passed += len(data)
        self._note_end()
        await self.write(self._h11.send(h11.Data(data=data)))

    async def end(self) -> None:
        """The end of the body."""
        self._length = self.request.passed
        self._note_end()
        await self.write(self._h11.send(h11.EndOfMessage()))

    def _note_end(self) -> None:
        """Before the last byte is out, since the SDK may be quicker with its next request than we with our books."""
        whole = self.request.passed == self._length and not self.silent and self._held is None
        if whole and self.request.ended is None:
            self.request.ended = time.monotonic()

    async def write(self, raw: bytes) -> None:
        """Bytes on the socket: at once, or kept while they are held, or lost while the line is silent."""
        if self.silent:
            return
        if self._held is not None:
            self._held.append(raw)
            return
        try:
            self._writer.write(raw)
            await self._writer.drain()
        except OSError as error:
            raise Gone("the SDK") from error
        self._changed()

    def hold(self) -> None:
        """Keeps what follows, as a buffering proxy does."""
        self._held = []

    async def release(self) -> None:
        """Lets go what was kept, and keeps nothing any more."""
        held, self._held = self._held or [], None
        self._note_end()
        await self.write(b"".join(held))

    def reset(self) -> None:
        """Ends the SDK's connection with a RST."""
        self._length = self.request.passed
        self._note_end()
        raw = self._writer.get_extra_info("socket")
        if raw is not None and not self._writer.is_closing():
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def hang_up(self) -> None:
        """Ends the SDK's connection with a FIN, whatever was promised in the head."""
        self._writer.close()

    async def gone(self) -> None:
        """Never returns: the connection stays as it is until an end goes away, or the proxy cuts it."""
        await asyncio.Event().wait()

    def close(self) -> None:
        """Forgets the server's side; notes when the request ended."""
        if self._origin:
            self._origin[1].close()
        if self.request.ended is None:
            self.request.ended = time.monotonic()
        self._changed()
