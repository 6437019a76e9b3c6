"""What an evaluation is given beside the context: time, chance, and who evaluates.

Nothing here reads a clock or draws a number by itself: `At` holds the values, or what gives them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Now(Protocol):
    """What evaluation asks of a moment."""

    @property
    def now_ms(self) -> int:
        """The time, in epoch milliseconds."""

    @property
    def random(self) -> int:
        """A random integer, 0 to 2^32 - 1: one a request or call."""

    @property
    def instance(self) -> str | None:
        """The id of the SDK instance that evaluates."""


class At:
    """When, with which chance, and where flags are evaluated.

    `now_ms` and `random` are integers, or callables that give one. A callable is called only when a flag asks, and at
    most once an evaluation; so one `At` of a clock and a generator serves every call of a client.
    """

    __slots__ = ("_now", "_random", "instance")

    def __init__(
        self, now_ms: int | Callable[[], int], random: int | Callable[[], int] = 0, instance: str | None = None
    ) -> None:
        self._now = now_ms
        self._random = random
        self.instance = instance

    @property
    def now_ms(self) -> int:
        """The time, in epoch milliseconds."""
        now = self._now
        return now if isinstance(now, int) else now()

    @property
    def random(self) -> int:
        """A random integer, 0 to 2^32 - 1."""
        random = self._random
        return random if isinstance(random, int) else random()


class Moment:
    """One evaluation's view of an `At`: time and chance stay what they were when first asked for."""

    __slots__ = ("_at", "_now", "_random", "instance")

    def __init__(self, at: Now) -> None:
        self._at = at
        self._now: int | None = None
        self._random: int | None = None
        self.instance = at.instance

    @property
    def now_ms(self) -> int:
        """The time, in epoch milliseconds."""
        if self._now is None:
            self._now = self._at.now_ms
        return self._now

    @property
    def random(self) -> int:
        """A random integer, 0 to 2^32 - 1."""
        if self._random is None:
            self._random = self._at.random
        return self._random
