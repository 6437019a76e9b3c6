"""How long to wait before the next attempt: full jitter, and never less than the server asks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

RETRY_AFTER_LIMIT: Final = 3_600.0
"""Seconds that a Retry-After may ask for: what says more is a mistake that must not cost a process its flags."""

DOUBLINGS: Final = 32
"""Doublings after which every wait is at its maximum, whatever the settings: 2^32 smallest waits."""

REFUSED_SPREAD: Final = 0.2
"""How much longer than the maximum a process with a bad key waits at most, so that a fleet of them spreads."""


class Backoff:
    """Counts failures; each doubles the range that the wait is drawn from."""

    def __init__(self, least: float, most: float, healthy_after: float, random: Callable[[], float]) -> None:
        self._least = least
        self._most = most
        self._healthy_after = healthy_after
        self._random = random
        self._failures = 0
        self._healthy_since: float | None = None

    def healthy(self, now: float) -> None:
        """It works at this moment, and may have before."""
        if self._healthy_since is None:
            self._healthy_since = now

    def reset(self) -> None:
        """Counts from the beginning, after a success that needs no time to prove itself."""
        self._failures = 0
        self._healthy_since = None

    def ended(self, now: float) -> None:
        """What worked is over, without a failure."""
        if self._healthy_since is not None and now - self._healthy_since >= self._healthy_after:
            self._failures = 0
        self._healthy_since = None

    def failed(self, now: float, retry_after: float | None = None) -> float:
        """Seconds to wait after a failure."""
        self.ended(now)
        most = min(self._most, self._least * 2.0**self._failures)
        self._failures = min(self._failures + 1, DOUBLINGS)
        return max(self._random() * most, retry_after or 0.0)

    def refused(self, now: float, retry_after: float | None = None) -> float:
        """Seconds to wait after the key was refused: asking soon again does not help."""
        self.ended(now)
        return max(self._most * (1.0 + REFUSED_SPREAD * self._random()), retry_after or 0.0)


def retry_after(value: str | None) -> float | None:
    """The seconds that a Retry-After header asks for. A date, which needs two clocks that agree, is as if absent."""
    text = "" if value is None else value.strip()
    if not text.isascii() or not text.isdigit():
        return None
    return min(float(text[:_DIGITS]), RETRY_AFTER_LIMIT)


_DIGITS: Final = 12


def around(seconds: float, random: Callable[[], float]) -> float:
    """A time, give or take a fifth, so that processes that began together do not stay together."""
    return seconds * (0.8 + 0.4 * random())
