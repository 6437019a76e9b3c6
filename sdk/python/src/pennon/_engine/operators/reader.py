"""Reads an operator and its operands from a condition.

Must not skip a value that is wrong: one wrong value breaks the document, so that no rule means less than it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pennon._engine import reading, values
from pennon._engine.operators import borders, date, membership, network, numeric, texts, version
from pennon._engine.pattern import Pattern
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pennon._engine.reading import Members

CASED: Final = frozenset({"in", "starts_with", "ends_with", "contains", "matches"})
"""The operators that know `ignoreCase`."""
TEXTS: Final = frozenset({"starts_with", "ends_with", "contains"})
NUMBERS: Final = frozenset(numeric.COMPARE)
DATES: Final = frozenset({"before", "after"})
VERSIONS: Final = frozenset({"semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte"})
KNOWN: Final = CASED | NUMBERS | DATES | VERSIONS | {"exists", "cidr"}


class Test(NamedTuple):
    """An operator with its operands."""

    accepts: Callable[[object], bool]
    """Whether a single value satisfies the operator; a list is taken as a whole. Never raises."""
    holds: Callable[[object], bool]
    """Whether a value, or any element of a list, satisfies the operator. Never raises."""
    borders: tuple[int, ...] = ()
    """The epoch milliseconds from which a test of the time may give another answer than a millisecond before."""
    texts: frozenset[str] | None = None
    """Exactly the texts that satisfy the operator, where they can be told."""


def read(members: Members) -> Test:
    """Reads `op`, `values` and `ignoreCase`."""
    op = members.need("op", _operator)
    ignore_case = members.read("ignoreCase", reading.boolean, False)
    if "ignoreCase" in members and op not in CASED:
        raise Malformed("only in, starts_with, ends_with, contains and matches know ignoreCase").within("ignoreCase")
    if op == "exists":
        members.read("values", _none, None)
        return Test(_exists, _exists)
    return members.need("values", lambda value: _test(op, reading.filled_values(value), ignore_case))


def _operator(value: object) -> str:
    op = reading.string(value)
    if op not in KNOWN:
        raise Malformed(f"there is no such operator; there are: {', '.join(sorted(KNOWN))}")
    return op


def _none(value: object) -> None:
    if reading.array(value):
        raise Malformed("exists takes no values")


def _exists(value: object) -> bool:
    return not values.is_absent(value)


def _test(op: str, items: list[object], ignore_case: bool) -> Test:
    if op in NUMBERS:
        numbers = list(reading.each(items, numeric.operand))
        return _elementwise(numeric.test(op, numbers), borders.of_comparison(op, numbers))
    if op in DATES:
        dates = list(reading.each(items, date.operand))
        return _elementwise(date.test(op, dates), borders.of_comparison(op, dates))
    if op == "in":
        listed = membership.Listed(list(reading.each(items, membership.operand)), ignore_case)
        return _elementwise(
            listed.accepts, borders.of_membership(listed.numbers), None if ignore_case else listed.texts
        )
    return _elementwise(_test_of_text(op, items, ignore_case))


def _test_of_text(op: str, items: list[object], ignore_case: bool) -> Callable[[object], bool]:
    if op in VERSIONS:
        return version.test(op, list(reading.each(items, version.operand)))
    if op in TEXTS:
        return texts.test(op, list(reading.each(items, reading.string)), ignore_case)
    if op == "cidr":
        return network.test(list(reading.each(items, network.operand)))
    patterns = list(reading.each(items, lambda item: Pattern(reading.string(item), ignore_case)))
    return lambda value: isinstance(value, str) and any(pattern.is_match(value) for pattern in patterns)


def _elementwise(
    accepts: Callable[[object], bool], border: tuple[int, ...] = (), exactly: frozenset[str] | None = None
) -> Test:
    def holds(value: object) -> bool:
        return accepts(value) or (isinstance(value, values.LISTS) and any(map(accepts, value)))

    return Test(accepts, holds, border, exactly)
