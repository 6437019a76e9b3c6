"""Dates as `before` and `after` see them: epoch milliseconds.

Must not know a time zone's name, a leap second or the present time.
"""

from __future__ import annotations

import datetime
import re
from typing import Final

from pennon._engine import reading, values
from pennon._engine.operators import borders
from pennon._engine.operators.test import Test
from pennon._engine.reading import Malformed

_FORM: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])"
    r"(?:\.([0-9]{1,9}))?(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime.date(1970, 1, 1).toordinal()


def parse(text: str) -> int | None:
    """The milliseconds of `YYYY-MM-DDThh:mm:ss[.1-9 digits](Z|+hh:mm|-hh:mm)`, truncated toward the past."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = form.groups()
    try:
        days = datetime.date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    millis = int((fraction or "0").ljust(3, "0")[:3])
    east = 0 if sign is None else (int(zone_hour) * 60 + int(zone_minute)) * (-1 if sign == "-" else 1)
    minutes = int(hour) * 60 + int(minute) - east
    return days * _DAY_MS + (minutes * 60 + int(second)) * 1_000 + millis


def of(value: object) -> int | float | None:
    """The milliseconds of a value: an integral number of them, of any size, or a date."""
    if isinstance(value, str):
        return parse(value)
    found = values.number(value)
    return found if found is not None and found == int(found) else None


def operand(value: object) -> int | float:
    """Reads one of an operator's values."""
    found = of(value) if isinstance(value, str) else of(reading.number(value))
    if found is None:
        raise Malformed("a date is written 2026-09-01T00:00:00Z, or as integral epoch milliseconds")
    return found


class Date(Test):
    """`before` or `after`. Any operand suffices, so only the most generous one decides."""

    def __init__(self, op: str, operands: list[int | float]) -> None:
        self._before = op == "before"
        self._bound = max(operands) if self._before else min(operands)
        self.borders = borders.of_comparison(op, self._bound)

    def accepts(self, value: object) -> bool:
        """Whether a date is on the right side."""
        found = of(value)
        if found is None:
            return False
        return found < self._bound if self._before else found > self._bound
