"""What works for a client in one process: connection, cache, events, notices.

It is made at the first use, and anew after a fork.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any, Final

from pennon._cache import Cache
from pennon._events.sender import Sender
from pennon._events.wire import time as wire_time
from pennon._gate import Gate
from pennon._notices import JOIN_SECONDS, Notices
from pennon._report import Report
from pennon._settings import SDK
from pennon._status import Health, Status
from pennon._store import Held, Store
from pennon._transport.connection import Connection
from pennon._transport.origin import Origin
from pennon._transport.parts import Parts
from pennon._transport.server import Server
from pennon._version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from pennon._clock import Clock
    from pennon._events.kept import Kept
    from pennon._notices import Listeners
    from pennon._report import Line
    from pennon._settings import Settings
    from pennon._transport.stream import Ending

log = logging.getLogger("pennon")

CLOSE_SECONDS: Final = 0.6
"""How long `close` takes at most, but for what cannot be measured: it promises a second."""

THREADS_SECONDS: Final = 0.1
"""How long `close` waits for the connection's threads. They have nothing left to say, but to the disk."""


class Session:
    """What works for a client in one process."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        listeners: Listeners,
        publish: Callable[[Session, Held], None],
        inherited: Held | None = None,
        say: Callable[..., None] = log.warning,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._listeners = listeners
        self._publish = publish
        # Re-entrant, since a signal's handler may ask for the status while the same thread does.
        self._lock = threading.RLock()
        self._started_ms = clock.now_ms()
        self._healthy = True
        self.missing = settings.missing()
        self.start_wait = settings.start_wait
        self.first = Gate()
        """There is something to serve, or no use for an evaluation to wait for it."""
        self.served = Gate()
        """There is something to serve, or never will be."""
        self._health = Health(clock.wall(), configured=self.missing is None)
        self._report = Report(settings.url or "")
        cache = self._cache()
        held = inherited or self._to_begin_with(cache, say)
        self.store = Store(held, self._serve)
        self.notices = Notices(listeners, None if held is None else held.snapshot, clock)
        self._passed_by: str | None = None
        self._sender: Sender | None = None
        self._connection: Connection | None = None
        if held is not None:
            self._health.begins_with(str(held.position), held.source)
        if held is not None or self.missing is not None:
            self._open()
        self._connect(cache)
        self._status = self._health.status()

    @property
    def kept(self) -> Kept | None:
        """What is kept for the server; None when nothing is sent."""
        return None if self._sender is None else self._sender.kept

    def _connect(self, cache: Cache | None) -> None:
        """Makes what speaks with the server, if there is one."""
        settings, clock = self._settings, self._clock
        if settings.url is None or settings.key is None:
            return
        timeouts = settings.connect_timeout, settings.read_timeout
        origin = Origin.parse(settings.url)
        self._passed_by = origin.passed_by()
        server = Server(origin, settings.key, *timeouts, clock.monotonic)
        self._connection = Connection(Parts(settings, server, self.store, self, clock, cache))
        if settings.events:
            self._sender = Sender(settings, server, clock, os.urandom(8).hex(), self._heartbeat)

    def _cache(self) -> Cache | None:
        settings = self._settings
        if settings.cache_dir is None or settings.url is None or settings.key is None:
            return None
        return Cache(settings.cache_dir, settings.url, settings.key)

    def _to_begin_with(self, cache: Cache | None, say: Callable[..., None]) -> Held | None:
        """The cache's snapshot, or the bootstrap's where that is the later one."""
        bootstrap = self._settings.bootstrap
        cached = None if cache is None else cache.load(say)
        store = Store(None if bootstrap is None else Held(bootstrap, "bootstrap"), lambda _: None)
        if cached is not None:
            store.put(cached, "cache")
        return store.held

    # For the client.

    def start(self) -> None:
        """Begins to work."""
        if self.missing is not None and not self._settings.quiet:
            # Who gives a bootstrap and no address means it.
            level = logging.WARNING if self._settings.bootstrap is None else logging.INFO
            log.log(level, "Pennon is not configured: it needs %s; serving %s", self.missing, self._served())
        if self._passed_by is not None:
            log.warning("%s names no proxy by http://, and is passed by", self._passed_by)
        try:
            if self._listeners:
                self.notices.listen()  # First, or they would miss what the connection is quick to bring.
            if self._connection is not None:
                self._connection.start()
            if self._sender is not None:
                self._sender.start()
        except RuntimeError as error:
            self._open()
            log.error("no thread can be started (%s); serving %s", error, self._served())

    def status(self) -> Status:
        """How it stands."""
        with self._lock:
            return self._health.status()

    def report_health(self, *, healthy: bool) -> None:
        """What the heartbeat says from now on."""
        self._healthy = healthy

    def flush(self) -> None:
        """Sends what is kept; ends within a second."""
        if self._sender is not None:
            self._sender.flush()

    def close(self) -> None:
        """Sends what is kept, and ends everything; takes less than a second."""
        end = self._clock.monotonic() + CLOSE_SECONDS
        with self._lock:
            self._health.close()
            self._changed()
        self._open()
        if self._connection is not None:
            self._connection.close()
        if self._sender is not None:
            self._sender.stop()
            self._sender.join(max(end - self._clock.monotonic(), 0.0))
        if self._connection is not None:
            self._connection.join(THREADS_SECONDS)
        self.notices.close()
        self.notices.join(JOIN_SECONDS)

    def abandon(self) -> Held | None:
        """Lets go of what a fork has copied; what was served. Takes no lock: who held one is not in this process."""
        if self._connection is not None:
            self._connection.abandon()
        if self._sender is not None:
            self._sender.abandon()
        return self.store.held

    # What the connection tells.

    def stream_heard(self, *, current: bool) -> None:
        """A stream gives bytes."""
        with self._lock:
            self._health.stream_heard(self._clock.wall(), current=current)
            lines = self._report.streaming(self._clock.monotonic())
            self._changed()
        _write(lines)

    def stream_failed(self, ending: Ending, *, polling: bool) -> None:
        """A stream failed."""
        with self._lock:
            self._health.stream_failed(ending.reason)
            if polling:
                lines = self._report.no_stream(ending.reason)
            else:
                lines = self._report.failed(ending.reason, self._clock.monotonic(), self._revision())
            self._changed()
        _write(lines)

    def polled(self) -> None:
        """A poll was answered."""
        with self._lock:
            self._health.polled(self._clock.wall())
            lines = self._report.polling(self._settings.poll_interval, self._clock.monotonic())
            self._changed()
        _write(lines)

    def poll_failed(self, ending: Ending) -> None:
        """A poll was not answered."""
        with self._lock:
            self._health.poll_failed(ending.reason)
            lines = self._report.failed(ending.reason, self._clock.monotonic(), self._revision())
            self._changed()
        _write(lines)

    def key_refused(self, ending: Ending) -> None:
        """The server does not take the key."""
        with self._lock:
            self._health.key_refused(ending.reason)
            lines = self._report.key_refused(ending.reason, self._revision())
            self._changed()
        self.first.open()
        _write(lines)

    def _serve(self, held: Held) -> None:
        """Another snapshot is held."""
        with self._lock:
            self._health.serves(str(held.position), held.source, self._clock.wall())
        self._publish(self, held)
        self.notices.serves(held.snapshot)
        with self._lock:
            self._changed()
        self._open()
        if self._connection is not None:
            self._connection.stored()

    def _open(self) -> None:
        self.first.open()
        self.served.open()

    def _changed(self) -> None:
        """Tells of another state. Under the lock, so that states are told in their order."""
        status = self._health.status()
        if status.state != self._status.state:
            self.notices.state(status)
        self._status = status

    def _served(self) -> str:
        return "the callers' defaults" if self.store.held is None else f"revision {self.store.held.position}"

    def _revision(self) -> str | None:
        return self._status.revision

    def _heartbeat(self) -> dict[str, Any]:
        status = self.status()
        beat: dict[str, Any] = {
            "kind": "instance",
            "at": wire_time(self._clock.now_ms()),
            "sdk": SDK,
            "sdkVersion": VERSION,
            "startedAt": wire_time(self._started_ms),
            "state": status.state,
            "healthy": self._healthy,
            "labels": dict(self._settings.labels),
        }
        if status.revision is not None:
            beat["revision"] = status.revision
        if self.kept is not None:
            beat["dropped"] = self.kept.dropped()
        return beat


def _write(lines: list[Line]) -> None:
    """Logs. Not under a lock: whoever writes the log may ask for the status, or wait for a thread that does."""
    for level, text, arguments in lines:
        log.log(level, text, *arguments)
