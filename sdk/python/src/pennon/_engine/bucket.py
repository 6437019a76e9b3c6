"""Where a unit lands between 0 and 99 999: for gates and for splits.

The hash is MurmurHash3_x86_32 of the UTF-8 of salt, colon and unit. Must not choose the unit or the salt.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Final

from mmh3 import mmh3_32_uintdigest as murmur3

from pennon._engine import reading, reference, values
from pennon._engine.limits import WHOLE
from pennon._engine.logic import always, never
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pennon._engine.logic import Predicate
    from pennon._engine.moment import Now

GATE_SEED: Final = 0
SPLIT_SEED: Final = 86_028_157
"""Another than that of gates, so that a gate leaves a split fair."""

GATE_COARSE: Final = 100
SPLIT_COARSE: Final = 1_000

PERCENT_TOLERANCE: Final = 1e-6
"""How far, in thousandths of a percent, a percentage may be off a whole thousandth: what doubles cannot help."""


def prefix(salt: str) -> bytes:
    """What stands before the unit in what is hashed."""
    return salt.encode() + b":"


def gate_hash(before: bytes, unit: str) -> int:
    """The unit's hash for gates."""
    return murmur3(before + unit.encode(), GATE_SEED)


def split_hash(before: bytes, unit: str) -> int:
    """The unit's hash for splits."""
    return murmur3(before + unit.encode(), SPLIT_SEED)


def gate_bucket(before: bytes, unit: str) -> int:
    """The unit's bucket for gates, 0 to 99 999."""
    found = murmur3(before + unit.encode(), GATE_SEED)
    return found % 100 * 1_000 + found // 100 % 1_000


def split_bucket(before: bytes, unit: str) -> int:
    """The unit's bucket for splits, 0 to 99 999."""
    found = murmur3(before + unit.encode(), SPLIT_SEED)
    return found % 1_000 * 100 + found // 1_000 % 100


def thousandths(value: object) -> int:
    """Reads a percentage as thousandths of a percent."""
    percent = reading.number(value)
    scaled = percent * 1_000.0
    rounded = floor(scaled + 0.5)
    if not 0 <= percent <= 100 or rounded > WHOLE or abs(scaled - rounded) > PERCENT_TOLERANCE:
        raise Malformed("a percentage is a number from 0 to 100 with at most three decimals")
    return rounded


def gate(start: int, end: int, salt: str, by: tuple[str, ...]) -> Predicate:
    """Whether the unit's bucket is in the range; without a unit only the whole range holds."""
    if (start, end) == (0, WHOLE):
        return always
    if start == end:
        return never
    before = prefix(salt)
    if by == reference.DEFAULT_BY:
        if start % 1_000 == 0 and end % 1_000 == 0:
            return _of_whole_percents(start // 1_000, end // 1_000, before)
        return _of_key(start, end, before)
    find = reference.finder(by)

    def holds(context: Mapping[str, object], at: Now) -> bool:
        unit = find(context, at)
        return unit is not None and start <= gate_bucket(before, unit) < end

    return holds


# Nearly all gates are by the targeting key, and nearly all of these in whole percents: they are written out, with
# nothing called that need not be.


def _of_key(start: int, end: int, before: bytes) -> Predicate:
    def holds(context: Mapping[str, object], _at: Now) -> bool:
        subject = context.get("targetingKey")
        unit = subject if type(subject) is str and subject and subject.isascii() else values.unit(subject)
        return unit is not None and start <= gate_bucket(before, unit) < end

    return holds


def _of_whole_percents(start: int, end: int, before: bytes) -> Predicate:
    def holds(context: Mapping[str, object], _at: Now) -> bool:
        subject = context.get("targetingKey")
        unit = subject if type(subject) is str and subject and subject.isascii() else values.unit(subject)
        return unit is not None and start <= murmur3(before + unit.encode()) % 100 < end

    return holds
