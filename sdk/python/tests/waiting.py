"""Waiting for what another thread or process brings about: on a condition, with a deadline, for no fixed time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

DEADLINE = 10.0
"""Seconds: far above what anything takes, on a busy machine too."""

PACE = 0.005
"""Seconds between two looks."""


def until(condition: Callable[[], T], what: str, seconds: float = DEADLINE) -> T:
    """Looks until the condition is true; its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(PACE)  # the pace of looking, no wait for a state
    return value
