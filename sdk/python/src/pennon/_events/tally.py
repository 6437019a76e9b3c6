"""Counting without a lock: `next` of an `itertools.count` is one step that no other thread can come between."""

from __future__ import annotations

import itertools


class Tally:
    """A number that any thread may raise, and one thread reads."""

    __slots__ = ("_count", "_reads")

    def __init__(self) -> None:
        self._count = itertools.count()
        self._reads = 0

    def add(self) -> None:
        """One more."""
        next(self._count)

    def read(self) -> int:
        """How many there were. Reading raises the count too, which is taken off again."""
        total = next(self._count) - self._reads
        self._reads += 1
        return total
