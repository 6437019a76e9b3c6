"""Time and chance as the SDK takes them: one place, so that a test can give others."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Clock:
    """The two clocks, and chance from the system, which forked processes do not share."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds, for intervals."""
    wall: Callable[[], float] = time.time
    """Epoch seconds, for what others see."""
    random: Callable[[], float] = field(default_factory=lambda: random.SystemRandom().random)
    """From 0 to below 1."""

    def now_ms(self) -> int:
        """Epoch milliseconds, as evaluation wants them."""
        return int(self.wall() * 1_000)
