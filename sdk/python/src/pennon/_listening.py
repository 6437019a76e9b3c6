"""How a caller comes to hear of changes: `on_change` and `on_status`, for every kind of client."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pennon._evaluator import Evaluator

if TYPE_CHECKING:
    from collections.abc import Callable

    from pennon._notices import Change, OnFlags
    from pennon._status import Status

    OnChange = TypeVar("OnChange", bound=Callable[[Change], object])
    OnStatus = TypeVar("OnStatus", bound=Callable[[Status], object])

_lock = threading.Lock()
"""Held while a listener comes or goes: each makes tuples anew, which others read without it."""


class Listening(Evaluator):
    """An evaluator that tells who listens."""

    @overload
    def on_change(self, key: str, listener: Callable[[Change], object], /) -> Callable[[], None]: ...
    @overload
    def on_change(self, key: str, /) -> Callable[[OnChange], OnChange]: ...
    def on_change(self, key: str, listener: Any = None, /) -> Any:
        """Calls `listener(change)` when what decides the flag has changed. Returns what ends it.

        That is: the flag or anything it depends on was changed, or a date has passed that one of them compares `$now`
        with. Without a listener this is a decorator. Listeners run one after the other in a thread of their own.
        """
        if listener is None:
            return lambda function: (self.on_change(key, function), function)[1]
        entry = (key, self._adapted(listener))
        listeners = self._listeners
        with _lock:
            listeners.changes = (*listeners.changes, entry)
        self._started().notices.listen()

        def end() -> None:
            with _lock:
                listeners.changes = tuple(one for one in listeners.changes if one is not entry)

        return end

    @overload
    def on_status(self, listener: Callable[[Status], object], /) -> Callable[[], None]: ...
    @overload
    def on_status(self, /) -> Callable[[OnStatus], OnStatus]: ...
    def on_status(self, listener: Any = None, /) -> Any:
        """Calls `listener(status)` at each change of the state. Returns what ends it. Alone, it is a decorator."""
        if listener is None:
            return lambda function: (self.on_status(function), function)[1]
        adapted = self._adapted(listener)

        def entry(status: Status) -> object:
            """One for each call: a function that listens twice may end once."""
            return adapted(status)

        listeners = self._listeners
        with _lock:
            listeners.statuses = (*listeners.statuses, entry)
        self._started().notices.listen()

        def end() -> None:
            with _lock:
                listeners.statuses = tuple(one for one in listeners.statuses if one is not entry)

        return end

    def _on_flags(self, listener: OnFlags) -> Callable[[], None]:
        """Calls `listener(keys, revision)` with all the flags that `on_change` would tell of, at once."""
        listeners = self._listeners
        with _lock:
            listeners.flags = (*listeners.flags, listener)
        self._started().notices.listen()

        def end() -> None:
            with _lock:
                listeners.flags = tuple(one for one in listeners.flags if one is not listener)

        return end

    def _adapted(self, listener: Callable[[Any], object]) -> Callable[[Any], object]:
        """The listener as the thread of the notices is to call it."""
        return listener
