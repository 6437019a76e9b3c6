"""What a caller asks of flags, and the path that every evaluation takes.

A subclass says how the first evaluation waits, and how a client ends. The path reads one published snapshot, takes no
lock, does no IO and never raises; `_begin` alone is slow, and is taken while nothing is published.
"""

from __future__ import annotations

import logging
import math
import os
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from pennon import _context, _details, _process, _web
from pennon._clock import Clock
from pennon._context import merged, of_attributes, surrounding
from pennon._details import Details, Failure, Nothing
from pennon._engine import At
from pennon._notices import Listeners
from pennon._session import Session
from pennon._settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from pennon._details import Result
    from pennon._events.kept import Kept
    from pennon._status import Status
    from pennon._store import Held

log = logging.getLogger("pennon")

Value = TypeVar("Value", bool, int, float, str, dict[str, Any])

METRIC_LENGTH = 100
"""Characters of a metric's name, as of every key."""

COMPLAINTS = 50
"""Different complaints that are logged in the life of a client, each once."""

_ASKED = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "float"), (dict, "object"))


class Overriding(Protocol):
    """Who decides in a test."""

    def over(self, view: Any) -> Any:
        """What is evaluated in the place of the snapshot."""


class Evaluator:
    """Evaluates flags in this process. Without settings they are read from the variables, at the first use."""

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
        self._said: set[str] = set()
        # What an evaluation reads. While `_view` is None it goes through `_begin`.
        self._view: Any = None
        self._kept: Kept | None = None
        self._overrides: Overriding | None = None
        self._at = self._moment(None)
        _process.join(self)

    def _moment(self, instance: str | None) -> At:
        return At(self._clock.now_ms, lambda: _process.chance.getrandbits(32), instance)

    # The calls.

    def is_enabled(
        self, key: str, default: bool = False, /, *, context: Mapping[str, Any] | None = None, **attributes: Any
    ) -> bool:
        """Whether a boolean flag is on for somebody; `default` when that cannot be told.

        `attributes` describe whom it is asked for, and `user_id` is the targeting key too. Never raises.
        """
        found = self._evaluate(key, "boolean", context, attributes)
        return default if found.variant is None else found.value

    @overload
    def value(
        self, key: str, default: Value, /, *, context: Mapping[str, Any] | None = None, **attributes: Any
    ) -> Value: ...
    @overload
    def value(
        self, key: str, default: None = None, /, *, context: Mapping[str, Any] | None = None, **attributes: Any
    ) -> Any: ...
    def value(self, key: str, default: Any = None, /, *, context: Any = None, **attributes: Any) -> Any:
        """The value of a flag, of the default's type: bool, str, int, float or dict; of any with None. Never raises."""
        found = self._evaluate_like(key, default, context, attributes)
        return default if found.variant is None else found.value

    def variant(self, key: str, /, *, context: Mapping[str, Any] | None = None, **attributes: Any) -> str | None:
        """The name of the variant that a flag serves; None where the caller's default would be. Never raises."""
        return self._evaluate(key, None, context, attributes).variant

    @overload
    def details(
        self, key: str, default: Value, /, *, context: Mapping[str, Any] | None = None, **attributes: Any
    ) -> Details[Value]: ...
    @overload
    def details(
        self, key: str, default: None = None, /, *, context: Mapping[str, Any] | None = None, **attributes: Any
    ) -> Details[Any]: ...
    def details(self, key: str, default: Any = None, /, *, context: Any = None, **attributes: Any) -> Details[Any]:
        """The value of a flag as `value` gives it, and why it is this one. Never raises."""
        return _details.of_result(self._evaluate_like(key, default, context, attributes), default)

    def track(
        self, metric: str, /, value: float = 1.0, *, context: Mapping[str, Any] | None = None, **attributes: Any
    ) -> None:
        """Notes a measurement for whom the targeting key names, for the runs they take part in. Never raises."""
        try:
            self._track(metric, value, merged(surrounding.get(), context, attributes))
        except Exception as error:  # noqa: BLE001 - nothing may fail in a caller's request
            self._say_once(f"a track was dropped: {type(error).__name__}")

    def context(self, context: Mapping[str, Any] | None = None, /, **attributes: Any) -> AbstractContextManager[None]:
        """Surrounds evaluations with attributes: `with flags.context(user_id="u", plan="pro"): …`.

        What a call gives itself wins. Works across `await`, and is seen by no other task or thread.
        """
        return _context.block(
            context, attributes, lambda error: self._say_once(f"a context was left out: {type(error).__name__}")
        )

    def bootstrap(self, context: Mapping[str, Any] | None = None, /, **attributes: Any) -> dict[str, Any]:
        """What client-visible flags serve to somebody, for the web SDK. Counts as no evaluation. Never raises.

        It is `{"epoch", "revision", "flags"}`, ready for `json.dumps`.
        """
        try:
            whole = merged(surrounding.get(), context, attributes)
            if self._view is None:
                self._begin()
            session = self._session
            held = None if session is None else session.store.held
            if held is None:
                return _web.nothing()
            # Without `$instance`, as the server does: a page must not turn when its own connection answers.
            at = At(self._clock.now_ms(), _process.chance.getrandbits(32), None)
            return _web.results(held.snapshot, whole, at)
        except Exception as error:  # noqa: BLE001 - nothing may fail in a caller's request
            self._say_once(f"no results for a browser: {type(error).__name__}")
            return _web.nothing()

    def status(self) -> Status:
        """How this client stands with its server."""
        return self._started().status()

    def report_health(self, healthy: bool, /) -> None:
        """Tells the server whether this instance does well, from the next heartbeat on. True at first."""
        self._started().report_health(healthy=bool(healthy))

    # The path of an evaluation.

    def _evaluate(self, key: str, asked: str | None, context: Any, attributes: dict[str, Any]) -> Result:
        try:
            view = self._view
            if view is None:
                view = self._begin()
            around = surrounding.get()
            if context is not None or around is not None:
                context = merged(around, context, attributes)
            elif attributes:
                context = of_attributes(attributes)
            found: Result = view.evaluate(key, context, asked, self._at)
            kept = self._kept
            if kept is not None:
                kind = (key, found.variant, found.reason, found.error_code)
                try:
                    next(kept.counter.current[kind])
                except KeyError:
                    kept.counter.first(kind)
                if found.track is not None:
                    self._expose(kept, found, context)
            return found
        except Exception as error:  # noqa: BLE001 - nothing may fail in a caller's request
            self._say_once(f"an evaluation failed: {type(error).__name__}; the caller's default is served")
            return Failure(key, "GENERAL")

    def _evaluate_like(self, key: str, default: object, context: Any, attributes: dict[str, Any]) -> Result:
        if default is None:
            return self._evaluate(key, None, context, attributes)
        for kind, asked in _ASKED:
            if isinstance(default, kind):
                return self._evaluate(key, asked, context, attributes)
        return Failure(key, "TYPE_MISMATCH")

    def _expose(self, kept: Kept, found: Any, context: Any) -> None:
        unit = found.track.unit(context, self._at)
        if unit is not None:
            kept.expose(found, unit)

    def _track(self, metric: str, value: float, context: Any) -> None:
        if self._view is None:
            self._begin()
        kept = self._kept
        if kept is None:
            return
        unit = _context.unit(context)
        if unit is None:
            self._say_once("a track was dropped: it needs a targeting key, such as user_id=…")
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            self._say_once("a track was dropped: its value is no finite number")
        elif not isinstance(metric, str) or not 0 < len(metric) <= METRIC_LENGTH or not metric.isprintable():
            self._say_once(f"a track was dropped: a metric's name is 1 to {METRIC_LENGTH} printable characters")
        else:
            kept.track(metric, unit, float(value))

    def _say_once(self, text: str) -> None:
        if text not in self._said and len(self._said) < COMPLAINTS:
            self._said.add(text)
            log.warning("%s", text)

    # What works in the background.

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
