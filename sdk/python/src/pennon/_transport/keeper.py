"""The thread that keeps house: it polls when there is no stream, writes the cache, and sees that the process slept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pennon._cache import WRITE_INTERVAL
from pennon._transport.backoff import Backoff, around
from pennon._transport.poll import POLL_SECONDS, poll
from pennon._transport.stream import Ending, Outcome

if TYPE_CHECKING:
    from pennon._store import Held
    from pennon._transport.line import Line
    from pennon._transport.parts import Parts

LOOK: Final = 5.0
"""Seconds between two looks at whether the process slept: a stream may have ended meanwhile, without a word."""


class Keeper:
    """Works until the line is closed."""

    def __init__(self, parts: Parts, line: Line) -> None:
        settings = parts.settings
        self._settings = settings
        self._server = parts.server
        self._store = parts.store
        self._watch = parts.watch
        self._clock = parts.clock
        self._cache = parts.cache
        self._line = line
        self._backoff = Backoff(settings.backoff_min, settings.backoff_max, settings.healthy_after, parts.clock.random)
        self._saved = parts.store.held
        self._saved_at: float | None = None

    def run(self) -> None:
        """Does what is due, until the line is closed; then what is left to do."""
        while not self._line.is_closed():
            with self._line.changed:
                self._line.changed.wait(self._seconds_left())
                due = not self._line.is_closed() and self._line.link.due(self._clock.monotonic())
            if self._has_slept():
                self._line.cut()
            if due:
                self._poll()
            if self._save_at() <= self._clock.monotonic():
                self._save()
        self._save()

    def recover(self) -> float:
        """Seconds to wait after a mistake of our own."""
        return self._backoff.failed(self._clock.monotonic())

    def _seconds_left(self) -> float | None:
        """How long there is nothing to do. Under the line's lock."""
        if self._line.is_closed():
            return 0.0
        now = self._clock.monotonic()
        at = [self._save_at()]
        if (poll_at := self._line.link.poll_at()) is not None:
            at.append(poll_at)
        if self._line.heard_wall is not None:
            at.append(now + LOOK)
        soonest = min(at)
        return None if soonest == _NEVER else max(soonest - now, 0.0)

    def _has_slept(self) -> bool:
        """Whether the stream has been silent for longer than its reader would have waited, had it been awake."""
        heard = self._line.heard_wall
        return heard is not None and self._clock.wall() - heard > self._settings.read_timeout + LOOK

    # The poll.

    def _poll(self) -> None:
        held = self._store.held
        with self._line.using(self._server.deadline(POLL_SECONDS)) as exchange:
            ending = poll(self._server, exchange, self._store, None if held is None else held.position)
        if self._line.is_closed():
            return
        now = self._clock.monotonic()
        if ending.outcome is Outcome.ENDED:
            self._backoff.reset()
            wait = around(self._settings.poll_interval, self._clock.random)
        elif ending.outcome is Outcome.KEY_REFUSED:
            wait = self._backoff.refused(now, ending.wait)
        else:
            wait = self._backoff.failed(now, ending.wait)
        with self._line.changed:
            self._line.link.polled(now, wait)
            overtaken = not self._line.link.polling
        if not overtaken:
            self._tell(ending)

    def _tell(self, ending: Ending) -> None:
        if ending.outcome is Outcome.ENDED:
            self._watch.polled()
        elif ending.outcome is Outcome.KEY_REFUSED:
            self._watch.key_refused(ending)
        else:
            self._watch.poll_failed(ending)

    # The cache.

    def _unsaved(self) -> Held | None:
        held = self._store.held
        return held if self._cache is not None and held is not self._saved else None

    def _save_at(self) -> float:
        if self._unsaved() is None:
            return _NEVER
        return 0.0 if self._saved_at is None else self._saved_at + WRITE_INTERVAL

    def _save(self) -> None:
        held = self._unsaved()
        if held is None or self._cache is None:
            return
        self._saved, self._saved_at = held, self._clock.monotonic()
        self._cache.save(held.snapshot)


_NEVER: Final = float("inf")
