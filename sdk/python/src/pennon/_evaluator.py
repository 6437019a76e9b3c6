"""What a caller asks of flags, and the path that every evaluation takes.

The path reads one published snapshot, takes no lock, does no IO and never raises; `_begin` alone is slow, and is taken
while nothing is published. Must not know how a client begins or ends.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pennon import _context, _details, _process, _web
from pennon._context import merged, of_attributes, surrounding
from pennon._details import Details, Failure
from pennon._engine import At
from pennon._lifecycle import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from pennon._clock import Clock
    from pennon._details import Result
    from pennon._events.kept import Kept
    from pennon._settings import Settings
    from pennon._status import Status

log = logging.getLogger("pennon")

Value = TypeVar("Value", bool, int, float, str, dict[str, Any])

METRIC_LENGTH = 100
"""Characters of a metric's name, as of every key."""

COMPLAINTS = 50
"""Different complaints that are logged in the life of a client, each once."""

_ASKED = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "float"), (dict, "object"))


class Evaluator(Lifecycle):
    """Evaluates flags in this process."""

    def __init__(self, settings: Settings | None, clock: Clock | None = None) -> None:
        super().__init__(settings, clock)
        self._said: set[str] = set()

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
