"""Tells who listens that flags have changed, or that the state has.

It works in a thread of its own, which begins with the first listener. A listener that takes its time holds up other
listeners, and nothing else; meanwhile changes are merged. What a listener raises is logged, and forgotten.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from pennon._engine import dependents

if TYPE_CHECKING:
    from collections.abc import Callable

    from pennon._clock import Clock
    from pennon._engine import Snapshot
    from pennon._status import Status

log = logging.getLogger("pennon")

STATES: Final = 100
"""Changes of the state that are kept for a listener that is behind; of more, the oldest are forgotten."""

BORDER_LOOK: Final = 30.0
"""Seconds after which the clock is looked at again while a date is waited for: it may have been set meanwhile."""

JOIN_SECONDS: Final = 0.1
"""How long `close` waits for a listener to come back."""


@dataclass(frozen=True)
class Change:
    """A flag, or something it depends on, was changed, or a date that it compares `$now` with has passed."""

    flag: str
    """The key of the flag."""
    revision: str
    """`<epoch>-<revision>` of the snapshot that is served now."""


OnChange: TypeAlias = "Callable[[Change], object]"
OnStatus: TypeAlias = "Callable[[Status], object]"
OnFlags: TypeAlias = "Callable[[frozenset[str], str], object]"


class Listeners:
    """Who listens. Survives a fork, and a change of the configuration; each change makes other tuples."""

    def __init__(self) -> None:
        self.changes: tuple[tuple[str, OnChange], ...] = ()
        self.statuses: tuple[OnStatus, ...] = ()
        self.flags: tuple[OnFlags, ...] = ()
        """Told of all flags that changed at once, and of the revision."""

    def __bool__(self) -> bool:
        return bool(self.changes or self.statuses or self.flags)

    @property
    def of_flags(self) -> bool:
        """Whether anybody listens to flags."""
        return bool(self.changes or self.flags)


class Notices:
    """Tells the listeners of one process."""

    def __init__(self, listeners: Listeners, served: Snapshot | None, clock: Clock) -> None:
        self._listeners = listeners
        self._clock = clock
        self._changed = threading.Condition()
        self._told: Snapshot | None = served
        self._served: Snapshot | None = served
        self._looked_ms = clock.now_ms()
        self._of_flags = False
        self._statuses: deque[Status] = deque(maxlen=STATES)
        self._closed = False
        self._thread: threading.Thread | None = None

    def listen(self) -> None:
        """There is a listener: from now on it is told. Where no thread can be started, that is logged."""
        try:
            self._listen()
        except RuntimeError as error:
            log.error("no thread can be started (%s); listeners are told nothing", error)

    def _listen(self) -> None:
        with self._changed:
            if self._thread is None and not self._closed:
                self._told = self._served
                thread = threading.Thread(target=self._run, name="pennon-notices", daemon=True)
                thread.start()
                self._thread = thread
            if self._listeners.of_flags and not self._of_flags:
                # Dates that passed while nobody listened to flags concern nobody.
                self._of_flags, self._looked_ms = True, self._clock.now_ms()
            self._changed.notify_all()

    def serves(self, snapshot: Snapshot) -> None:
        """Another snapshot is served."""
        with self._changed:
            self._served = snapshot
            self._changed.notify_all()

    def state(self, status: Status) -> None:
        """The state is another."""
        with self._changed:
            if self._thread is not None:
                self._statuses.append(status)
                self._changed.notify_all()

    def close(self) -> None:
        """Tells what is still to be told, and ends."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def join(self, seconds: float) -> None:
        """Waits a moment for the end."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)

    # The thread's own.

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._closed or self._statuses or self._served is not self._told or self._border_passed()):
                    self._changed.wait(self._seconds_to_border())
                closed = self._closed
                statuses = list(self._statuses)
                self._statuses.clear()
                old, new = self._told, self._served
                self._told = new
                after, self._looked_ms = self._looked_ms, self._clock.now_ms()
                until = self._looked_ms
            self._tell(statuses, old, new, after, until)
            if closed:
                return

    def _next_border(self) -> int | None:
        if self._served is None or not self._listeners.of_flags:
            return None
        return self._served.next_border(self._looked_ms)

    def _border_passed(self) -> bool:
        now = self._clock.now_ms()
        if now < self._looked_ms:
            self._looked_ms = now
        border = self._next_border()
        return border is not None and border <= now

    def _seconds_to_border(self) -> float | None:
        border = self._next_border()
        if border is None:
            return None
        return min(max((border - self._clock.now_ms()) / 1_000, 0.001), BORDER_LOOK)

    def _tell(self, statuses: list[Status], old: Snapshot | None, new: Snapshot | None, after: int, until: int) -> None:
        for status in statuses:
            for on_status in self._listeners.statuses:
                _call(on_status, status)
        if new is None or not self._listeners.of_flags:
            return
        flags = dependents.passed(new, after, until)
        if new is not old:
            flags |= dependents.changed(old, new)
        if not flags:
            return
        revision = f"{new.epoch}-{new.revision}"
        for flag, on_change in self._listeners.changes:
            if flag in flags:
                _call(on_change, Change(flag, revision))
        for on_flags in self._listeners.flags:
            _call(on_flags, flags, revision)


def _call(listener: Callable[..., object], *told: object) -> None:
    try:
        listener(*told)
    except Exception:
        # The listener's own code, with what it has to say; no context was given to it.
        log.exception("a listener failed")
