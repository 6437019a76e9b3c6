"""The server as the SDK sees it: an origin, a key, and the three things that it is asked for.

Must not log, and must not show the key anywhere but in the request's head.
"""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pennon._transport.exchange import Exchange, Request, Unreachable

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from pennon._transport.origin import Origin

SNAPSHOT_PATH: Final = "/api/v1/sdk/snapshot"
STREAM_PATH: Final = "/api/v1/sdk/stream"
EVENTS_PATH: Final = "/api/v1/sdk/events"

ANSWER_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of an answer, uncompressed: far above the largest environment."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    retry_after: str | None
    body: bytes


class Server:
    """Makes the exchanges. Any thread may use it."""

    def __init__(
        self, origin: Origin, key: str, connect_timeout: float, read_timeout: float, monotonic: Callable[[], float]
    ) -> None:
        self.origin = origin
        self._key = key
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._monotonic = monotonic
        self._tls: ssl.SSLContext | None = None
        self._tls_lock = threading.Lock()

    def request(self, target: str, headers: Mapping[str, str], body: bytes | None = None) -> Request:
        """A request with the key."""
        return Request(target, {"Authorization": f"Bearer {self._key}", **headers}, body)

    def endless(self) -> Exchange:
        """An exchange that lasts as long as it is never silent for too long."""
        return Exchange(self.origin, self._connect_timeout, lambda: self._read_timeout, self._secure)

    def deadline(self, seconds: float) -> Exchange:
        """An exchange that is over in so many seconds, whatever the other end does, or sooner when it is silent."""
        end = self._monotonic() + seconds

        def patience() -> float:
            return min(end - self._monotonic(), self._read_timeout)

        return Exchange(self.origin, min(self._connect_timeout, seconds), patience, self._secure)

    def _secure(self) -> ssl.SSLContext | None:
        if self.origin.scheme != "https":
            return None
        with self._tls_lock:
            if self._tls is None:
                import ssl  # A Python without it can still speak HTTP.

                self._tls = ssl.create_default_context()
            return self._tls


def whole(exchange: Exchange, request: Request) -> Answer:
    """Asks, and reads the whole answer, unpacked."""
    status = exchange.ask(request)
    packed = (exchange.header("content-encoding") or "").strip().lower() == "gzip"
    unpack = zlib.decompressobj(_GZIP) if packed else None
    pieces: list[bytes] = []
    size = 0
    while piece := exchange.read():
        try:
            pieces.append(piece if unpack is None else unpack.decompress(piece, ANSWER_LIMIT - size + 1))
        except zlib.error as error:
            raise Unreachable("an answer that is not what it says: gzip", asked=True) from error
        size += len(pieces[-1])
        if size > ANSWER_LIMIT:
            raise Unreachable(f"an answer of more than {ANSWER_LIMIT} bytes", asked=True)
    if unpack is not None and not unpack.eof:
        raise Unreachable("the answer broke off", asked=True)
    return Answer(status, exchange.header("retry-after"), b"".join(pieces))


_GZIP: Final = 31
"""What zlib calls a gzip header with the largest window."""
