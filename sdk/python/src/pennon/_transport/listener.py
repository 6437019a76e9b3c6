"""The thread that listens: one stream after the other, with the waits between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pennon._transport.backoff import Backoff
from pennon._transport.server import STREAM_PATH
from pennon._transport.stream import Ending, Outcome, Stream

if TYPE_CHECKING:
    from pennon._transport.exchange import Request
    from pennon._transport.line import Line
    from pennon._transport.parts import Parts

QUICK: Final = 1.0
"""Seconds: a stream that ends whole within them was good for little."""

QUICK_ENDS: Final = 3
"""As many in a row are put up with; after them a server that asks for a quick return is not believed."""


class Listener:
    """Opens streams, for as long as the line is not closed."""

    def __init__(self, parts: Parts, line: Line) -> None:
        settings = parts.settings
        self._server = parts.server
        self._store = parts.store
        self._watch = parts.watch
        self._clock = parts.clock
        self._line = line
        self._target = parts.server.origin.target(STREAM_PATH, settings.introduction())
        self._backoff = Backoff(settings.backoff_min, settings.backoff_max, settings.healthy_after, parts.clock.random)
        self._read_timeout = settings.read_timeout
        self._whole = False
        self._quick_ends = 0

    def run(self) -> None:
        """Listens until the line is closed."""
        while not self._line.is_closed():
            began = self._clock.monotonic()
            exchange = self._server.endless()
            with self._line.using(exchange):
                ending = Stream(exchange, self._store, self).run(self._request())
            if self._line.is_closed():
                return
            self._line.pause(self._ended(ending, began, asked=exchange.asked))

    def recover(self) -> float:
        """Seconds to wait after a mistake of our own."""
        return self._backoff.failed(self._clock.monotonic())

    def _request(self) -> Request:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        position = None if self._whole else self._store.resume_from()
        if position is not None:
            headers["Last-Event-ID"] = str(position)
        return self._server.request(self._target, headers)

    # What the stream tells.

    def asked(self) -> None:
        """The request was sent."""
        with self._line.changed:
            self._line.link.asked(self._clock.monotonic())
            self._line.heard_wall = self._clock.wall()
            self._line.changed.notify_all()

    def alive(self) -> None:
        """The first byte came."""
        self._backoff.healthy(self._clock.monotonic())
        with self._line.changed:
            self._line.link.alive()

    def heard(self, *, current: bool) -> None:
        """Some bytes came."""
        self._line.heard_wall = self._clock.wall()
        if current:
            self._whole = False
        self._watch.stream_heard(current=current)

    # What follows from its end.

    def _ended(self, ending: Ending, began: float, *, asked: bool) -> float:
        """Tells whom it concerns; the seconds to wait before the next stream."""
        now = self._clock.monotonic()
        link = self._line.link
        with self._line.changed:
            self._line.heard_wall = None
            if ending.outcome is Outcome.KEY_REFUSED:
                link.refused_key()
            elif ending.outcome is Outcome.REFUSED:
                link.refused(now)
            elif not asked:
                link.unreached()
            self._line.changed.notify_all()
            polling = link.polling
        if ending.outcome in (Outcome.ENDED, Outcome.GOODBYE):
            return self._by_appointment(ending, now, began)
        if ending.outcome is Outcome.KEY_REFUSED:
            self._watch.key_refused(ending)
            return self._backoff.refused(now, ending.wait)
        self._whole = self._whole or ending.outcome is Outcome.MISSED
        self._watch.stream_failed(ending, polling=polling)
        return self._backoff.failed(now, ending.wait)

    def _by_appointment(self, ending: Ending, now: float, began: float) -> float:
        self._quick_ends = self._quick_ends + 1 if now - began < QUICK else 0
        if ending.wait is None or self._quick_ends > QUICK_ENDS:
            return self._backoff.failed(now, ending.wait)
        if ending.wait > self._read_timeout:
            # Nothing is heard for longer than a living stream may be silent.
            self._watch.stream_failed(ending, polling=self._line.link.polling)
        self._backoff.ended(now)
        return ending.wait
