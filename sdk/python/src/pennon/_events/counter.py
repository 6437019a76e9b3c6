"""Counts evaluations by flag, variant, reason and error code.

A flush takes the whole generation of counts and begins another. A thread that held the old one for a moment longer may
still count there, so it is looked at once more at the flush after.
"""

from __future__ import annotations

import itertools
from typing import Final, TypeAlias

from pennon._events.tally import Tally

Kind: TypeAlias = tuple[str, "str | None", str, "str | None"]
"""Flag, variant, reason, error code."""

KINDS: Final = 2_000
"""Different evaluations that are counted between two flushes: keys made up by a mistake cost no more memory."""


class Counter:
    """The counts of one process."""

    __slots__ = ("_early", "_old", "current", "overflow")

    def __init__(self) -> None:
        self.current: dict[Kind, itertools.count[int]] = {}
        """`next(current[kind])` counts one; who meets a KeyError calls `first`."""
        self.overflow = Tally()
        """Evaluations that are not counted, since the start."""
        self._old: dict[Kind, itertools.count[int]] = {}
        self._early: dict[Kind, int] = {}

    def first(self, kind: Kind) -> None:
        """Counts one of a kind that was not met yet."""
        current = self.current
        if len(current) >= KINDS:
            self.overflow.add()
        else:
            next(current.setdefault(kind, itertools.count()))

    def take(self) -> dict[Kind, int]:
        """What was counted since the last time. Called by one thread."""
        counts = {}
        for kind, count in list(self._old.items()):
            early = self._early.get(kind)
            late = next(count) if early is None else next(count) - early - 1
            if late:
                counts[kind] = late
        self._old, self.current = self.current, {}
        self._early = {kind: next(count) for kind, count in list(self._old.items())}
        for kind, early in self._early.items():
            counts[kind] = counts.get(kind, 0) + early
        return counts
