"""How a client begins to work, begins anew after a fork or with other settings, and ends.

What is published here is all that an evaluation reads: `_view`, `_kept` and `_at`. While `_view` is None an evaluation
goes through `_begin`, which starts what is to work. Must not evaluate.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any, Protocol

from pennon import _process
from pennon._clock import Clock
from pennon._details import Nothing
from pennon._engine import At
from pennon._notices import Listeners
from pennon._session import Session
from pennon._settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from pennon._events.kept import Kept
    from pennon._store import Held

log = logging.getLogger("pennon")


class Overriding(Protocol):
    """Who decides in a test."""

    def over(self, view: Any) -> Any:
        """What is evaluated in the place of the snapshot."""


class Lifecycle:
    """What a client is apart from its calls. Without settings they are read from the variables, at the first use."""

    def __init__(self, settings: Settings | None, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        self._listeners = Listeners()
        # Re-entrant, since a finalizer or a signal's handler may ask in the midst of the start.
        self._start_lock = threading.RLock()
        self._starter: int | None = None
        self._session: Session | None = None
        self._inherited: Held | None = None
        self._deadline: float | None = None
        self._closed = False
        # What an evaluation reads. While `_view` is None it goes through `_begin`.
        self._view: Any = None
        self._kept: Kept | None = None
        self._overrides: Overriding | None = None
        self._at = self._moment(None)
        _process.join(self)

    def _moment(self, instance: str | None) -> At:
        return At(self._clock.now_ms, lambda: _process.chance.getrandbits(32), instance)

    def _begin(self) -> Any:
        """What to evaluate while nothing is published: starts what is to work, and waits once, for a moment."""
        if self._starter == threading.get_ident():
            return self._nothing()  # A finalizer or a signal's handler, in the midst of the start.
        session = self._started()
        if self._view is None and not session.first.is_open:
            self._wait_for_first(session)
        view = self._view
        return self._nothing() if view is None else view

    def _nothing(self) -> Any:
        """What is evaluated without a snapshot: what a test has decided holds there too."""
        overrides = self._overrides
        return Nothing() if overrides is None else overrides.over(Nothing())

    def _wait_for_first(self, session: Session) -> None:
        """Waits for the first snapshot."""

    def _started(self) -> Session:
        session = self._session
        if session is not None:
            return session
        said: list[tuple[object, ...]] = []
        with self._start_lock:
            begun = self._session
            if begun is not None:
                return begun
            self._starter = threading.get_ident()
            try:
                session = self._make(lambda *line: said.append(line))
            finally:
                self._starter = None
            begun = self._session
            if begun is not None:
                return begun  # A handler that asked in the midst of it was quicker.
            self._take(session)
        # Without the lock: whoever writes the log may ask of flags, or wait for a thread that does.
        if self._closed:
            session.close()
        else:
            session.start()
        for line in said:
            log.warning(*line)
        return session

    def _make(self, say: Callable[..., None]) -> Session:
        """A session that does not work yet. `say` is told what is to be logged."""
        settings = self._settings or Settings.read({}, os.environ, say)
        self._settings, self._at = settings, self._moment(settings.instance_id)
        return Session(settings, self._clock, self._listeners, self._publish, self._inherited, say)

    def _take(self, session: Session) -> None:
        self._session = session
        self._kept = session.kept if self._overrides is None else None
        if session.store.held is not None:
            self._publish(session, session.store.held)

    def _restart(self, settings: Settings) -> None:
        """Begins anew, with nothing of what was."""
        with self._start_lock:
            self._settings, self._session, self._inherited = settings, None, None
            self._view = self._kept = self._deadline = None
            self._closed = False
        self._started()

    def _publish(self, session: Session, held: Held) -> None:
        if session is not self._session:
            return  # The last word of one that was ended.
        overrides = self._overrides
        self._view = held.snapshot if overrides is None else overrides.over(held.snapshot)

    def _override(self, overrides: Overriding | None) -> None:
        """Lets a test decide; what it decides is not counted. None: no more."""
        session = self._session
        held = None if session is None else session.store.held
        self._overrides = overrides
        if overrides is None:
            self._kept = None if session is None else session.kept
            self._view = None if held is None else held.snapshot
        else:
            self._kept = None
            self._view = self._nothing() if held is None else overrides.over(held.snapshot)

    def _apart(self, settings: Settings) -> Callable[[], None]:
        """Goes on with other settings, as if it had never begun; what is returned brings everything back."""
        before = self._settings, self._session, self._inherited, self._closed
        with self._start_lock:
            self._settings, self._session, self._inherited, self._closed = settings, None, None, False
            self._view = self._kept = None

        def restore() -> None:
            self._end()
            with self._start_lock:
                self._settings, self._session, self._inherited, self._closed = before
                # What came meanwhile was not published, since another session was at work.
                self._override(self._overrides)

        return restore

    # What concerns the process.

    def _after_fork(self) -> None:
        self._start_lock, self._starter = threading.RLock(), None
        session, self._session = self._session, None
        if session is None:
            return
        self._inherited = session.abandon()
        self._view = self._kept = self._deadline = None
        if self._listeners and not self._closed:
            self._started()

    def _at_exit(self) -> None:
        self._end()

    def _end(self) -> None:
        """Ends what works in the background, within a second. What is held is evaluated on."""
        if self._closed:
            return
        self._closed = True
        session = self._session
        if session is not None:
            session.close()
