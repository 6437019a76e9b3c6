"""The milliseconds at which a test of the time changes its answer by itself."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

from pennon._engine.limits import EXACT_INTEGER

if TYPE_CHECKING:
    from collections.abc import Iterable


def of_comparison(op: str, bound: float) -> tuple[int, ...]:
    """Borders of `lt`, `lte`, `gt`, `gte`, `before` and `after` with the operand that decides."""
    if op in {"lt", "before", "gte"}:
        return _exact([ceil(bound)])
    return _exact([floor(bound) + 1])


def of_membership(numbers: Iterable[int | float]) -> tuple[int, ...]:
    """Borders of `in`: a number holds for its one millisecond."""
    return _exact(int(at) + after for at in numbers if at == int(at) for after in (0, 1))


def _exact(found: Iterable[int]) -> tuple[int, ...]:
    """What is beyond 2^53 is no time that comes."""
    return tuple(one for one in found if abs(one) < EXACT_INTEGER)
