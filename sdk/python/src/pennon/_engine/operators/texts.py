"""Texts, with or without case: `starts_with`, `ends_with`, `contains`.

Must not normalise: under `ignoreCase` each code point is lower-cased on its own by Unicode's full mapping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pennon._engine import values
from pennon._engine.operators.test import Test

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGMA: Final = "\u03a3"
"""The one letter whose lower case depends, in Python, on what stands around it."""


def folded(text: str) -> str:
    """The lower case of a text, code point by code point."""
    if _SIGMA in text:
        return "".join(map(str.lower, text))
    return text.lower()


def _held(op: str, operands: list[str]) -> Callable[[str], bool]:
    among = tuple(operands)
    if op == "starts_with":
        return lambda text: text.startswith(among)
    if op == "ends_with":
        return lambda text: text.endswith(among)
    return lambda text: any(one in text for one in among)


class Texts(Test):
    """`starts_with`, `ends_with` or `contains`."""

    def __init__(self, op: str, operands: list[str], ignore_case: bool) -> None:
        self._ignore_case = ignore_case
        self._held = _held(op, [folded(one) for one in operands] if ignore_case else operands)

    def accepts(self, value: object) -> bool:
        """Whether a text has any of the operands in its place."""
        if not isinstance(value, str):
            return False
        return self._held(folded(value) if self._ignore_case else value) and values.is_sound(value)
