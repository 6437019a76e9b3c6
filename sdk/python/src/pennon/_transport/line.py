"""What the threads of a connection share: one lock, what is known of the stream, and what is open."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pennon._transport.exchange import Exchange
    from pennon._transport.link import Link


class Line:
    """Shared by the threads of one connection."""

    def __init__(self, link: Link) -> None:
        self.changed = threading.Condition()
        """Guards all of it, and is told of each change."""
        self.link = link
        self.heard_wall: float | None = None
        """When the open stream was last heard, in epoch seconds; None while none is open."""
        self._closed = False
        self._open: list[Exchange] = []

    def is_closed(self) -> bool:
        """Whether the threads are to end."""
        return self._closed

    def pause(self, seconds: float) -> None:
        """Waits, unless it is closed."""
        with self.changed:
            self.changed.wait_for(lambda: self._closed, seconds)

    @contextlib.contextmanager
    def using(self, exchange: Exchange) -> Iterator[Exchange]:
        """Lets `close` end the exchange, as long as it lasts."""
        with self.changed:
            self._open.append(exchange)
            if self._closed:
                exchange.abort()
        try:
            yield exchange
        finally:
            with self.changed:
                self._open.remove(exchange)
            exchange.close()

    def cut(self) -> None:
        """Ends what is open; the threads go on."""
        with self.changed:
            for exchange in self._open:
                exchange.abort()

    def close(self) -> None:
        """Ends what is open, and then the threads."""
        with self.changed:
            self._closed = True
            self.changed.notify_all()
        self.cut()

    def abandon(self) -> None:
        """Lets go of sockets that a fork has copied. Takes no lock: who held it is not in this process."""
        self._closed = True
        for exchange in list(self._open):
            exchange.drop()
