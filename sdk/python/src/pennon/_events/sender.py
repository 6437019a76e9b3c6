"""The thread that sends what was kept: every so often, early when much is kept, when asked to, and at the end.

A batch is sent as it was, with its number, until the server has it or will never take it; one is under way at a time.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Final

from pennon._events.kept import Kept
from pennon._events.wire import Batch, Envelope
from pennon._transport.backoff import Backoff, around, retry_after
from pennon._transport.exchange import Exchange, Unreachable
from pennon._transport.server import EVENTS_PATH, Answer, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from pennon._clock import Clock
    from pennon._events.wire import Event
    from pennon._settings import Settings
    from pennon._transport.server import Server

log = logging.getLogger("pennon")

SEND_SECONDS: Final = 10.0
"""How long one batch may take."""

LAST_SECONDS: Final = 0.6
"""How long the last batches may take in all, since a client closes within a second."""

FLUSH_SECONDS: Final = 0.9
"""How long `flush` waits."""

BATCHES: Final = 100
"""Batches in a row: more than all buffers hold, and an end where events come faster than they are sent."""


class _Fate(Enum):
    DONE = "done"
    DROPPED = "dropped"
    TOO_LARGE = "too large"
    LATER = "later"


class _Stop:
    """Ends the thread."""


class Sender:
    """Sends what one process keeps."""

    def __init__(
        self, settings: Settings, server: Server, clock: Clock, session: str, heartbeat: Callable[[], Event]
    ) -> None:
        self._interval = settings.flush_interval
        self._server = server
        self._clock = clock
        self._envelope = Envelope(settings.instance_id, session)
        self._heartbeat = heartbeat
        # Its `put` may be called by whoever evaluates: it takes no lock that could be held.
        self._wake: queue.SimpleQueue[threading.Event | _Stop | None] = queue.SimpleQueue()
        self.kept = Kept(lambda: self._wake.put(None), clock.now_ms)
        self._backoff = Backoff(settings.backoff_min, settings.backoff_max, settings.healthy_after, clock.random)
        self._unsent: deque[Batch] = deque()
        self._next_at = clock.monotonic() + around(self._interval, clock.random)
        self._failing = False
        self._not_before = 0.0
        self._said: set[str] = set()
        self._exchange: Exchange | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="pennon-events", daemon=True)

    # For other threads.

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """Waits until what is kept has been sent, or has failed, or the time is over."""
        if self._thread.is_alive():
            done = threading.Event()
            self._wake.put(done)
            done.wait(seconds)

    def stop(self) -> None:
        """Has what is kept sent once more, and then the thread end."""
        self._closing = True
        self._wake.put(_Stop())

    def join(self, seconds: float) -> None:
        """Waits for the thread to end, and cuts it off when it does not."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(seconds)
        exchange = self._exchange
        if exchange is not None:
            exchange.abort()

    def abandon(self) -> None:
        """Lets go of what a fork has copied."""
        exchange = self._exchange
        if exchange is not None:
            exchange.drop()

    # The thread's own.

    def _run(self) -> None:
        while True:
            try:
                if not self._turn():
                    return
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the thread
                log.error("a mistake of the SDK, which goes on: %s while sending events", type(error).__name__)
                self._next_at = self._clock.monotonic() + self._interval

    def _turn(self) -> bool:
        """Waits for the next reason to send, and sends; whether to go on."""
        asked = self._next()
        if isinstance(asked, _Stop):
            now = self._clock.monotonic()
            if now >= self._not_before:
                self._deliver(now + LAST_SECONDS)
            return False
        try:
            if self._may_send(asked=isinstance(asked, threading.Event)):
                self._deliver(None)
        finally:
            if isinstance(asked, threading.Event):
                asked.set()
        return True

    def _may_send(self, *, asked: bool) -> bool:
        """Whether to send now: a caller may cut a back-off short, but not what the server asked for."""
        now = self._clock.monotonic()
        return now >= self._not_before and (asked or not self._failing or now >= self._next_at)

    def _next(self) -> threading.Event | _Stop | None:
        try:
            return self._wake.get(timeout=max(self._next_at - self._clock.monotonic(), 0.0))
        except queue.Empty:
            return None

    def _deliver(self, end: float | None) -> None:
        """Sends all there is, a heartbeat at least, until something fails."""
        self.kept.collect()
        for number in range(BATCHES):
            if not self._unsent:
                if number > 0 and not self.kept.waiting:
                    break
                self._unsent.append(self._envelope.seal(self.kept.pack(self._heartbeat())))
            now = self._clock.monotonic()
            seconds = SEND_SECONDS if end is None else end - now
            if seconds <= 0 or (self._closing and end is None):
                return
            if not self._send(self._unsent[0], seconds):
                return
        self._failing = False
        self._next_at = self._clock.monotonic() + around(self._interval, self._clock.random)

    def _send(self, batch: Batch, seconds: float) -> bool:
        """Whether the batch is done with, in whichever way."""
        try:
            answer = self._ask(batch, seconds)
            fate, wait = _fate(answer.status), retry_after(answer.retry_after)
        except Unreachable as error:
            answer, fate, wait = None, _Fate.LATER, None
            log.debug("the events cannot be sent now: %s", error)
        if fate is _Fate.LATER:
            now = self._clock.monotonic()
            self._failing = True
            self._not_before = now + (wait or 0.0)
            self._next_at = now + self._backoff.failed(now, wait)
            return False
        self._unsent.popleft()
        self._backoff.reset()
        if fate is _Fate.DONE and answer is not None:
            self._note_refused(answer.body, batch)
        elif fate is _Fate.TOO_LARGE and (halves := batch.halves()):
            self._unsent.extendleft([self._envelope.seal(half) for half in halves][::-1])
        elif answer is not None:
            self.kept.lost(batch.events)
            if answer.status not in (401, 403):  # Of a bad key the connection tells.
                self._say(f"the server does not take these events (status {answer.status}); they are dropped")
        return True

    def _ask(self, batch: Batch, seconds: float) -> Answer:
        exchange = self._exchange = self._server.deadline(seconds)
        try:
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            return whole(exchange, self._server.request(self._server.origin.target(EVENTS_PATH), headers, batch.body))
        finally:
            self._exchange = None
            exchange.close()

    def _note_refused(self, body: bytes, batch: Batch) -> None:
        """Counts what the server refused of a batch that it took. Its words may name a unit, so they are not logged."""
        try:
            found = json.loads(body)
            refused = [(batch.events[one["index"]], str(one.get("code"))) for one in found.get("refused", ())]
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            return
        self.kept.lost(event for event, _ in refused)
        for event, code in refused:
            self._say(f"the server refuses events of kind {event['kind']}: {code}")

    def _say(self, text: str) -> None:
        """Once."""
        if text not in self._said and len(self._said) < _SAID:
            self._said.add(text)
            log.warning("%s", text)


_SAID: Final = 20
"""Different complaints about events that are logged in the life of a process."""


def _fate(status: int) -> _Fate:
    if status == 200:
        return _Fate.DONE
    if status == 413:
        return _Fate.TOO_LARGE
    return _Fate.DROPPED if status in (400, 401, 403, 422) else _Fate.LATER
