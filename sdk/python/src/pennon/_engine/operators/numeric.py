"""Numbers as `lt`, `lte`, `gt` and `gte` see them.

Must not take what Python's own parser also takes: hexadecimal, `inf`, `+1`, spaces, underscores.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Final

from pennon._engine import reading, values
from pennon._engine.limits import EXACT_INTEGER, LEAST_EXACT_INTEGER
from pennon._engine.operators import borders
from pennon._engine.operators.test import Test
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pennon._engine.logic import Predicate
    from pennon._engine.moment import Now

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


def operand(value: object) -> int | float:
    """Reads one of an operator's values."""
    if not isinstance(value, str):
        return reading.number(value)
    found = parse(value)
    if found is None:
        raise Malformed('a string here must be a decimal number such as "42" or "-1.5"')
    return found + 0


class Comparison(Test):
    """`lt`, `lte`, `gt` or `gte`. Any operand suffices, so only the most generous one decides."""

    def __init__(self, op: str, operands: list[int | float]) -> None:
        self._compare = COMPARE[op]
        self._bound = max(operands) if op in {"lt", "lte"} else min(operands)
        self.borders = borders.of_comparison(op, self._bound)

    def accepts(self, value: object) -> bool:
        """Whether a number, or a text that is one, is on the right side."""
        found = parse(value) if isinstance(value, str) else values.number(value)
        return found is not None and self._compare(found, self._bound)

    def leaf(self, name: str) -> Predicate:
        """The test of a top-level attribute."""
        compare, bound, holds = self._compare, self._bound, self.holds

        def leaf(context: Mapping[str, object], _at: Now) -> bool:
            value = context.get(name)
            if type(value) is int and LEAST_EXACT_INTEGER <= value <= EXACT_INTEGER:
                return compare(value, bound)
            return value is not None and holds(value)

        return leaf
