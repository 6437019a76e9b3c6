"""The values of a context, as Python has them: what counts as a number, a text, a list, a unit.

A bool is never a number. A number that no double holds (NaN, infinities, overflow) and a text that is no valid Unicode
(a lone surrogate) count as absent. Instances of subclasses (enumerations among them) are taken for the plain value
they hold. Must not raise for any value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pennon._engine.limits import EXACT_INTEGER, LEAST_EXACT_INTEGER

LARGEST: Final = 1.7976931348623157e308
"""The largest finite double."""


def number(value: object) -> int | float | None:
    """The number that a value is, as the nearest double; an int where that is exact. None: it is no number."""
    if isinstance(value, float):
        value = float.__float__(value)
        return value if -LARGEST <= value <= LARGEST else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = int.__int__(value)
        if LEAST_EXACT_INTEGER <= value <= EXACT_INTEGER:
            return value
        try:
            return float(value)
        except OverflowError:
            return None
    return None


def exact(value: object) -> int | None:
    """The integer below 2^53 that a number is; also of `3.0`."""
    found = number(value)
    if found is None or not LEAST_EXACT_INTEGER < found < EXACT_INTEGER or found != int(found):
        return None
    return int(found)


def is_sound(text: str) -> bool:
    """Whether a text is valid Unicode."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(text: str) -> str:
    """The text itself, of a subclass too: an enumeration of strings hashes by its name."""
    return text if type(text) is str else str.__str__(text)


def unit(value: object) -> str | None:
    """The unit that a value yields: a text that is not empty, or an integral number below 2^53 as decimal text."""
    if isinstance(value, str):
        return plain(value) if value and is_sound(value) else None
    found = exact(value)
    return None if found is None else str(found)


def is_absent(value: object) -> bool:
    """Whether a value counts as if it were not there."""
    if value is None:
        return True
    if isinstance(value, str):
        return not is_sound(value)
    if isinstance(value, (int, float)):
        return not isinstance(value, bool) and number(value) is None
    return False


def member(value: object, name: str) -> object:
    """The member of an object; None when there is none, or when the value is no object."""
    return value.get(name) if isinstance(value, Mapping) else None


LISTS: Final = (list, tuple, set, frozenset)
"""What counts as a list: its elements are tested one by one."""


def copied(value: object) -> object:
    """A copy of JSON that shares nothing mutable with it."""
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) for inner in value]
    return value
