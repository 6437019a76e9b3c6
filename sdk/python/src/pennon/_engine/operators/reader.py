"""Reads an operator and its operands from a condition.

Must not skip a value that is wrong: one wrong value breaks the document, so that no rule means less than it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pennon._engine import reading
from pennon._engine.operators import date, membership, network, numeric, version
from pennon._engine.operators.date import Date
from pennon._engine.operators.membership import Membership
from pennon._engine.operators.network import Cidr
from pennon._engine.operators.numeric import Comparison
from pennon._engine.operators.test import Exists, Test
from pennon._engine.operators.texts import Texts
from pennon._engine.operators.version import Equal, Precedence
from pennon._engine.pattern import Pattern
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from pennon._engine.reading import Members

CASED: Final = frozenset({"in", "starts_with", "ends_with", "contains", "matches"})
"""The operators that know `ignoreCase`."""
DATES: Final = frozenset({"before", "after"})
KNOWN: Final = CASED | DATES | set(numeric.COMPARE) | set(version.COMPARE) | {"exists", "semver_eq", "cidr"}


def read(members: Members) -> Test:
    """Reads `op`, `values` and `ignoreCase`."""
    op = members.need("op", _operator)
    ignore_case = members.read("ignoreCase", reading.boolean, False)
    if "ignoreCase" in members and op not in CASED:
        raise Malformed("only in, starts_with, ends_with, contains and matches know ignoreCase").within("ignoreCase")
    if op == "exists":
        members.read("values", _none, None)
        return Exists()
    return members.need("values", lambda value: _test(op, reading.filled_values(value), ignore_case))


def _operator(value: object) -> str:
    op = reading.string(value)
    if op not in KNOWN:
        raise Malformed(f"there is no such operator; there are: {', '.join(sorted(KNOWN))}")
    return op


def _none(value: object) -> None:
    if reading.array(value):
        raise Malformed("exists takes no values")


def _test(op: str, items: list[object], ignore_case: bool) -> Test:
    if op == "in":
        return Membership(list(reading.each(items, membership.operand)), ignore_case)
    if op in numeric.COMPARE:
        return Comparison(op, list(reading.each(items, numeric.operand)))
    if op in DATES:
        return Date(op, list(reading.each(items, date.operand)))
    if op in version.COMPARE:
        return Precedence(op, list(reading.each(items, version.operand)))
    if op == "semver_eq":
        return Equal(list(reading.each(items, version.operand)))
    if op == "cidr":
        return Cidr(list(reading.each(items, network.operand)))
    if op == "matches":
        return Matches(list(reading.each(items, lambda item: Pattern(reading.string(item), ignore_case))))
    return Texts(op, list(reading.each(items, reading.string)), ignore_case)


class Matches(Test):
    """`matches`."""

    def __init__(self, patterns: list[Pattern]) -> None:
        self._patterns = patterns

    def accepts(self, value: object) -> bool:
        """Whether any of the patterns is found in a text."""
        return isinstance(value, str) and any(pattern.is_match(value) for pattern in self._patterns)
