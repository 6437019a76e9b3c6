"""Lists of units: those of targets, and those of segments."""

from __future__ import annotations

from typing import Final, NamedTuple

from pennon._engine import reading, reference, values, variant
from pennon._engine.reading import Malformed, Members, Shape

_TARGET: Final = Shape("a target")


class Target(NamedTuple):
    """Units that are served one variant, whatever the rules say."""

    by: str
    units: frozenset[str]
    variant: str


def read(value: object, variants: dict[str, object]) -> Target:
    """Reads one target."""
    members = Members(value, _TARGET)
    by = members.read("by", lambda inner: reference.reference(inner, reference.IN_LIST), reference.TARGETING_KEY)
    units = members.need("values", lambda inner: _listed(reading.filled_values(inner)))
    return Target(by, units, members.need("variant", lambda inner: variant.read_name(inner, variants)))


def read_units(value: object) -> frozenset[str]:
    """Reads a list of units, which may be empty."""
    return _listed(reading.value_list(value))


def _listed(items: list[object]) -> frozenset[str]:
    return frozenset(reading.each(items, _unit))


def _unit(value: object) -> str:
    found = values.unit(reading.string(value) if isinstance(value, str) else reading.number(value))
    if found is None:
        raise Malformed("a unit is a string that is not empty, or an integral number below 2^53")
    return found
