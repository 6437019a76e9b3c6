"""Texts, with or without case: `starts_with`, `ends_with`, `contains`.

Must not normalise: under `ignoreCase` each code point is lower-cased on its own by Unicode's full mapping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pennon._engine import values

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


def test(op: str, operands: list[str], ignore_case: bool) -> Callable[[object], bool]:
    """The test of one value."""
    if not ignore_case:
        held = _held(op, operands)
        return lambda value: isinstance(value, str) and held(value) and values.is_sound(value)
    held_folded = _held(op, [folded(one) for one in operands])
    return lambda value: isinstance(value, str) and held_folded(folded(value)) and values.is_sound(value)
