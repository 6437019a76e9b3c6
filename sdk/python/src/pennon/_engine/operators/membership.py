"""The values of `in`, as hash sets.

Must not compare across JSON types: `"1"` is not `1`, and `True` is no number, although Python says so.
"""

from __future__ import annotations

from pennon._engine import reading, values
from pennon._engine.operators.texts import folded


def operand(value: object) -> str | bool | int | float:
    """Reads one of the operator's values."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return reading.string(value)
    if isinstance(value, (int, float)):
        return reading.number(value)
    raise reading.wrong_type(value, "a string, a number or a boolean")


class Listed:
    """The operands of one `in`."""

    __slots__ = ("flags", "ignore_case", "numbers", "texts")

    def __init__(self, operands: list[str | bool | int | float], ignore_case: bool) -> None:
        self.ignore_case = ignore_case
        self.flags = frozenset(one for one in operands if isinstance(one, bool))
        self.numbers = frozenset(one for one in operands if not isinstance(one, (bool, str)))
        self.texts = frozenset(folded(one) if ignore_case else one for one in operands if isinstance(one, str))

    def accepts(self, value: object) -> bool:
        """Whether a single value is listed."""
        if isinstance(value, str):
            return (folded(value) if self.ignore_case else values.plain(value)) in self.texts
        if isinstance(value, bool):
            return value in self.flags
        return values.number(value) in self.numbers
