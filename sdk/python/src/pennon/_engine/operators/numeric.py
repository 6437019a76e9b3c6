"""Numbers as `lt`, `lte`, `gt` and `gte` see them.

Must not take what Python's own parser also takes: hexadecimal, `inf`, `+1`, spaces, underscores.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Final

from pennon._engine import reading, values
from pennon._engine.limits import EXACT_INTEGER
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

_DECIMAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

COMPARE: Final[dict[str, Callable[[int | float, int | float], bool]]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
"""The operators, as Python has them."""


def parse(text: str) -> int | float | None:
    """The number of a text that is entirely a decimal number with a finite value."""
    return values.number(float(text)) if _DECIMAL.fullmatch(text) else None


def of(value: object) -> int | float | None:
    """The number of a value: a number, or a text that is one."""
    return parse(value) if isinstance(value, str) else values.number(value)


def operand(value: object) -> int | float:
    """Reads one of an operator's values."""
    if not isinstance(value, str):
        return reading.number(value)
    found = parse(value)
    if found is None:
        raise Malformed('a string here must be a decimal number such as "42" or "-1.5"')
    return found + 0


def test(op: str, operands: list[int | float]) -> Callable[[object], bool]:
    """The test of one value. Any operand suffices, so only the most generous one decides."""
    compare = COMPARE[op]
    bound = max(operands) if op in {"lt", "lte"} else min(operands)

    def accepts(value: object) -> bool:
        if type(value) is int and -EXACT_INTEGER <= value <= EXACT_INTEGER:
            return compare(value, bound)
        found = of(value)
        return found is not None and compare(found, bound)

    return accepts
