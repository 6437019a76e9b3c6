"""What is kept of exposures and tracks until it is sent. Bounded: what comes above is dropped, and counted."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from pennon._events.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

ROOM: Final = 10_000
"""Entries of each kind: some megabytes, and minutes of a busy process."""

UNIT_LENGTH: Final = 1_000
"""Characters of a unit: what the server takes, and what bounds the memory of all entries."""

REMEMBERED: Final = 20_000
"""Exposures that are not told again."""


class Exposure(NamedTuple):
    """The first time that a unit met an arm of a run."""

    at_ms: int
    flag: str
    variant: str
    run: str
    arm: str | None
    unit: str


class Track(NamedTuple):
    """A measurement for a unit."""

    at_ms: int
    metric: str
    unit: str
    value: float


Entry = TypeVar("Entry")


class Buffer(Generic[Entry]):
    """Entries in the order in which they came. Any thread adds, one takes."""

    def __init__(self, half_full: Callable[[], None]) -> None:
        self._entries: deque[Entry] = deque()
        self._half_full = half_full
        self._told = False
        self.dropped = Tally()
        """Entries for which there was no room, since the start."""

    def add(self, entry: Entry, unit: str) -> None:
        """Keeps an entry of a unit, if there is room."""
        entries = self._entries
        if len(entries) >= ROOM or len(unit) > UNIT_LENGTH:
            self.dropped.add()
            return
        entries.append(entry)
        if len(entries) >= ROOM // 2 and not self._told:
            self._told = True
            self._half_full()

    def first(self) -> Entry | None:
        """The oldest entry."""
        self._told = False
        return self._entries[0] if self._entries else None

    def take(self) -> None:
        """Keeps the oldest entry no longer."""
        self._entries.popleft()

    def __len__(self) -> int:
        return len(self._entries)


class Memory:
    """Which exposures were told already, the last of them. Each step is one that no other thread can come between."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str | None, str], None] = OrderedDict()

    def is_new(self, run: str, arm: str | None, unit: str) -> bool:
        """Whether it was not met before; it is now.

        Two threads at the same moment may both be told yes: the server counts a unit once.
        """
        known = self._known
        met = (run, arm, unit)
        if met in known:
            return False
        known[met] = None
        if len(known) > REMEMBERED:
            known.popitem(last=False)
        return True
