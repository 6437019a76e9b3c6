"""SemVer 2.0.0 versions, for precedence only: build metadata is checked and forgotten."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pennon._engine import reading
from pennon._engine.limits import EXACT_INTEGER, VERSION_LENGTH_KEPT, VERSIONS_KEPT
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

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


def test(op: str, operands: list[Version]) -> Callable[[object], bool]:
    """The test of one value. Any operand suffices, so only the most generous one decides."""
    if op == "semver_eq":
        among = frozenset(operands)
        return lambda value: isinstance(value, str) and parse(value) in among
    least, most = min(operands), max(operands)

    def at_least(value: object) -> bool:
        found = parse(value) if isinstance(value, str) else None
        return found is not None and found >= least

    def above(value: object) -> bool:
        found = parse(value) if isinstance(value, str) else None
        return found is not None and found > least

    def at_most(value: object) -> bool:
        found = parse(value) if isinstance(value, str) else None
        return found is not None and found <= most

    def below(value: object) -> bool:
        found = parse(value) if isinstance(value, str) else None
        return found is not None and found < most

    return {"semver_gte": at_least, "semver_gt": above, "semver_lte": at_most, "semver_lt": below}[op]
