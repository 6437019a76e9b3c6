"""SemVer 2.0.0 versions, for precedence only: build metadata is checked and forgotten."""

from __future__ import annotations

import operator
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pennon._engine import reading
from pennon._engine.limits import EXACT_INTEGER, VERSION_LENGTH_KEPT, VERSIONS_KEPT
from pennon._engine.operators.test import Test
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from pennon._engine.logic import Predicate
    from pennon._engine.moment import Now

    Version: TypeAlias = tuple[int, int, int, tuple[tuple[int, int, str], ...]]

_NUMBER: Final = r"(0|[1-9][0-9]*)"
_PRE_RELEASE: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_BUILD: Final = r"[0-9A-Za-z-]+"
_FORM: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-({_PRE_RELEASE}(?:\.{_PRE_RELEASE})*))?"
    rf"(?:\+{_BUILD}(?:\.{_BUILD})*)?"
)

_DIGITS: Final = len(str(EXACT_INTEGER))
"""Longer numbers are too large, and are not parsed: Python refuses very long ones."""

_RELEASE: Final = ((2, 0, ""),)
"""Sorts behind every pre-release, whose identifiers begin with 0 (numeric) or 1."""


def parse(text: str) -> Version | None:
    """A version as what sorts by precedence. Strict: no `v`, no spaces, every number below 2^53."""
    return _kept(text) if len(text) <= VERSION_LENGTH_KEPT else _parse(text)


def _parse(text: str) -> Version | None:
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    *core, pre = form.groups()
    identifiers = pre.split(".") if pre else []
    numeric = [*core, *(identifier for identifier in identifiers if identifier.isdigit())]
    if any(len(digits) > _DIGITS or int(digits) >= EXACT_INTEGER for digits in numeric):
        return None
    major, minor, patch = map(int, core)
    order = tuple((0, int(one), "") if one.isdigit() else (1, 0, one) for one in identifiers)
    return (major, minor, patch, order or _RELEASE)


_kept: Final = lru_cache(maxsize=VERSIONS_KEPT)(_parse)


def operand(value: object) -> Version:
    """Reads one of an operator's values."""
    found = _parse(reading.string(value))
    if found is None:
        raise Malformed("a version is written as in SemVer 2.0.0, for example 2.3.0-rc.1")
    return found


COMPARE: Final[dict[str, Callable[[Version, Version], bool]]] = {
    "semver_lt": operator.lt,
    "semver_lte": operator.le,
    "semver_gt": operator.gt,
    "semver_gte": operator.ge,
}
"""The operators but `semver_eq`, as Python has them."""


class Precedence(Test):
    """`semver_lt`, `semver_lte`, `semver_gt` or `semver_gte`. Only the most generous operand decides."""

    def __init__(self, op: str, operands: list[Version]) -> None:
        self._compare = COMPARE[op]
        self._bound = max(operands) if op in {"semver_lt", "semver_lte"} else min(operands)

    def accepts(self, value: object) -> bool:
        """Whether a version is on the right side."""
        found = parse(value) if isinstance(value, str) else None
        return found is not None and self._compare(found, self._bound)

    def leaf(self, name: str) -> Predicate:
        """The test of a top-level attribute."""
        compare, bound, holds, kept = self._compare, self._bound, self.holds, _kept

        def leaf(context: Mapping[str, object], _at: Now) -> bool:
            value = context.get(name)
            if type(value) is str and len(value) <= VERSION_LENGTH_KEPT:
                found = kept(value)
                return found is not None and compare(found, bound)
            return value is not None and holds(value)

        return leaf


class Equal(Test):
    """`semver_eq`."""

    def __init__(self, operands: list[Version]) -> None:
        self._among = frozenset(operands)

    def accepts(self, value: object) -> bool:
        """Whether a version is of the precedence of any."""
        return isinstance(value, str) and parse(value) in self._among
