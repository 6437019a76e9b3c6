"""One request and its answer, over a connection of its own. Nothing else in the SDK touches the network.

`http.client` reads and writes HTTP; what is added is patience (every read has a time limit, also of the head, byte by
byte), redirects that stay on the origin, proxies, and an end from another thread. Must not retry, and must not put a
key or an address's user into an error's text.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from pennon._version import VERSION

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from _typeshed import WriteableBuffer

    from pennon._transport.origin import Origin

READ: Final = 65_536
"""Bytes that are read at once."""

REDIRECTS: Final = 5
"""Redirects in a row that are followed."""

KEEPING_METHOD: Final = (307, 308)
FOR_GET: Final = (301, 302, 303, *KEEPING_METHOD)

AGENT: Final = f"pennon-python/{VERSION}"


class Unreachable(Exception):  # noqa: N818 - a state of the network
    """There is no answer, or it broke off. `asked`: the request was sent before that."""

    def __init__(self, reason: str, *, asked: bool) -> None:
        super().__init__(reason)
        self.asked = asked


@dataclass(frozen=True)
class Request:
    """What is asked. `target` is a path with its query."""

    target: str
    headers: Mapping[str, str] = field(repr=False)
    """The key is among them: not for `repr`, which error reporters record."""
    body: bytes | None = field(default=None, repr=False)

    @property
    def method(self) -> str:
        """GET, or POST where there is a body."""
        return "GET" if self.body is None else "POST"


class _Bytes(io.RawIOBase):
    """What arrives on a socket; each read waits as long as there is patience, and no longer."""

    def __init__(self, connected: socket.socket, patience: Callable[[], float]) -> None:
        self._socket = connected
        self._patience = patience
        self.ended = False
        """The other end has said all it will say."""

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Waits for some bytes; 0 at the end."""
        patience = self._patience()
        if patience <= 0:
            raise TimeoutError
        self._socket.settimeout(patience)
        count = self._socket.recv_into(buffer)
        self.ended = self.ended or count == 0
        return count


class _Wire:
    """What `http.client` takes for its socket. The socket itself is the exchange's to close."""

    def __init__(self, connected: socket.socket, patience: Callable[[], float]) -> None:
        self._socket = connected
        self._patience = patience
        self.bytes = _Bytes(connected, patience)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What the answer is read from."""
        return io.BufferedReader(self.bytes, READ)

    def sendall(self, data: bytes) -> None:
        """Sends bytes, in the time that a read would have."""
        self._socket.settimeout(max(self._patience(), _INSTANT))
        self._socket.sendall(data)

    def close(self) -> None:
        """Leaves the socket open: an answer that ends with the connection is still read from it."""


_INSTANT: Final = 0.001
"""Seconds; a socket takes 0 for `do not wait`, and fails with another error."""


class Exchange:
    """One request and its answer. Made and read by one thread; any thread may `abort` it."""

    def __init__(
        self,
        origin: Origin,
        connect_timeout: float,
        patience: Callable[[], float],
        tls: Callable[[], ssl.SSLContext | None],
    ) -> None:
        self._origin = origin
        self._connect_timeout = connect_timeout
        self._patience = patience
        self._tls = tls
        self._socket: socket.socket | None = None
        self._answer: http.client.HTTPResponse | None = None
        self._left: int | None = None
        self._aborted = False
        self.asked = False
        """Whether the request has been sent: from then on the server, or a proxy, has it."""

    def ask(self, request: Request, asked: Callable[[], None] = lambda: None) -> int:
        """Sends the request, and follows redirects; the status of the answer. `asked` is told when it was sent."""
        target = request.target
        for _ in range(REDIRECTS + 1):
            status = self._ask(Request(target, request.headers, request.body), asked)
            follows = FOR_GET if request.method == "GET" else KEEPING_METHOD
            location = self.header("location")
            if status not in follows or location is None:
                return status
            elsewhere = self._origin.redirected(target, location)
            if elsewhere is None:
                raise Unreachable(f"{status}: a redirect to another origin, which is not followed", asked=True)
            self.close()
            target = elsewhere
        raise Unreachable(f"more than {REDIRECTS} redirects", asked=True)

    def _ask(self, request: Request, asked: Callable[[], None]) -> int:
        try:
            connection = self._connect(request)
            headers = {**connection.extra, **request.headers, "User-Agent": AGENT, "Connection": "close"}
            connection.request(request.method, connection.target, request.body, headers)
            self.asked = True
            asked()
            self._answer = connection.getresponse()
            if connection.wire.bytes.ended:
                # A head that breaks off is a head to http.client; a whole one is never read to the end.
                raise http.client.IncompleteRead(b"")
            self._left = self._answer.length
        except (OSError, http.client.HTTPException, ValueError, ImportError) as error:
            raise Unreachable(_reason(error), asked=self.asked) from error
        return self._answer.status

    def _connect(self, request: Request) -> _Connection:
        connection = _connection(self._origin, request.target, self._connect_timeout, self._tls())
        connection.connect()
        self._socket = connection.sock
        if self._aborted:
            raise ConnectionAbortedError("closed")
        connection.wire = _Wire(connection.sock, self._patience)
        # Only `sendall`, `makefile` and `close` of it are ever used.
        connection.sock = cast("socket.socket", connection.wire)
        return connection

    def header(self, name: str) -> str | None:
        """A header of the answer."""
        return None if self._answer is None else self._answer.headers.get(name)

    def read(self) -> bytes:
        """Some bytes of the answer's body, as soon as there are any; none at its end."""
        if self._answer is None or self._left == 0:
            return b""
        try:
            # Not all versions of Python keep account of what `read1` has taken of a known length.
            data = self._answer.read1(READ if self._left is None else min(READ, self._left))
            if self._left is not None:
                if not data:
                    raise http.client.IncompleteRead(b"", self._left)
                self._left -= len(data)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(_reason(error), asked=True) from error
        return data

    def abort(self) -> None:
        """Ends it at once, from any thread: who reads is told that the connection ended."""
        self._aborted = True
        connected = self._socket
        if connected is not None:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own, which would take from the reader what it reads by.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def close(self) -> None:
        """Lets go of the connection, without a word to the other end. Called by who reads."""
        answer, self._answer = self._answer, None
        if answer is not None:
            # Left to the garbage collector, Python 3.13 complains of what else is collected before it.
            with contextlib.suppress(OSError, ValueError):
                answer.close()
        self.drop()

    def drop(self) -> None:
        """Lets go of the socket alone: what reads from it may hold a lock for ever, after a fork."""
        connected, self._socket = self._socket, None
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.close()


class _Connection(http.client.HTTPConnection):
    """A connection that knows what the way to the origin asks of a request."""

    target: str
    extra: Mapping[str, str]
    wire: _Wire


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """The same, with TLS."""


def _connection(origin: Origin, target: str, timeout: float, tls: ssl.SSLContext | None) -> _Connection:
    proxy = origin.proxy()
    host, port = (origin.host, origin.port) if proxy is None else (proxy.host, proxy.port)
    if tls is None:
        connection = _Connection(host, port, timeout=timeout)
    else:
        connection = _SecureConnection(host, port, timeout=timeout, context=tls)
    connection.target, connection.extra = target, {}
    if proxy is not None and tls is not None:
        connection.set_tunnel(origin.host, origin.port, dict(proxy.headers))
    elif proxy is not None:
        connection.target = f"{origin.scheme}://{origin.netloc}{target}"
        connection.extra = {"Host": origin.netloc, **proxy.headers}
    return connection


def _reason(error: Exception) -> str:
    """What went wrong, in few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.IncompleteRead):
        return "the answer broke off"
    if isinstance(error, http.client.HTTPException):
        return f"no good answer ({type(error).__name__})"
    if isinstance(error, ImportError):
        return "this Python speaks no TLS"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return type(error).__name__
