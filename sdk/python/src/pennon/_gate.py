"""A gate that opens once: threads wait for it, and an event loop is told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Gate:
    """Closed until it is opened, and then open for ever."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._lock = threading.Lock()
        self._told: list[Callable[[], None]] = []

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._opened.is_set()

    def open(self) -> None:
        """Lets everybody through."""
        if self._opened.is_set():
            return
        with self._lock:
            self._opened.set()
            told, self._told = self._told, []
        for tell in told:
            tell()

    def wait(self, seconds: float) -> bool:
        """Waits at most so long; whether it is open."""
        return self._opened.wait(seconds)

    def then(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Calls this when it is opened, in the thread of who does; at once when it is open already.

        Returns what forgets it: who waits no longer must not be kept.
        """
        with self._lock:
            waits = not self._opened.is_set()
            if waits:
                self._told.append(tell)
        if not waits:
            tell()
        return lambda: self._forget(tell)

    def _forget(self, tell: Callable[[], None]) -> None:
        with self._lock:
            self._told = [one for one in self._told if one is not tell]
