"""The values of `in`, as hash sets.

Must not compare across JSON types: `"1"` is not `1`, and `True` is no number, although Python says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pennon._engine import reading, values
from pennon._engine.operators import borders
from pennon._engine.operators.test import Test
from pennon._engine.operators.texts import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pennon._engine.logic import Predicate
    from pennon._engine.moment import Now


def operand(value: object) -> str | bool | int | float:
    """Reads one of the operator's values."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return reading.string(value)
    if isinstance(value, (int, float)):
        return reading.number(value)
    raise reading.wrong_type(value, "a string, a number or a boolean")


class Membership(Test):
    """`in`."""

    def __init__(self, operands: list[str | bool | int | float], ignore_case: bool) -> None:
        self._ignore_case = ignore_case
        self._flags = frozenset(one for one in operands if isinstance(one, bool))
        self._numbers = frozenset(one for one in operands if not isinstance(one, (bool, str)))
        self._texts = frozenset(folded(one) if ignore_case else one for one in operands if isinstance(one, str))
        self.borders = borders.of_membership(self._numbers)

    def accepts(self, value: object) -> bool:
        """Whether a single value is listed."""
        if isinstance(value, str):
            return (folded(value) if self._ignore_case else values.plain(value)) in self._texts
        if isinstance(value, bool):
            return value in self._flags
        return values.number(value) in self._numbers

    def leaf(self, name: str) -> Predicate:
        """The test of a top-level attribute."""
        if self._ignore_case:
            return super().leaf(name)
        texts, holds = self._texts, self.holds

        def leaf(context: Mapping[str, object], _at: Now) -> bool:
            value = context.get(name)
            if type(value) is str:
                return value in texts
            return value is not None and holds(value)

        return leaf
