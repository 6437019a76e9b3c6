"""Predicates: what a condition compiles to, and how predicates are joined.

What holds for everybody or nobody is told by identity (`always`, `never`), and folded away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from pennon._engine.moment import Now

    Predicate: TypeAlias = Callable[[Mapping[str, object], Now], bool]


def always(_context: Mapping[str, object], _at: Now) -> bool:
    """Holds for everybody."""
    return True


def never(_context: Mapping[str, object], _at: Now) -> bool:
    """Holds for nobody."""
    return False


def negation(inner: Predicate) -> Predicate:
    """Holds when the other does not."""
    if inner is always:
        return never
    if inner is never:
        return always
    return lambda context, at: not inner(context, at)


def all_of(parts: Sequence[Predicate]) -> Predicate:
    """Holds when every part does."""
    if never in parts:
        return never
    left = tuple(part for part in parts if part is not always)
    if not left:
        return always
    if len(left) == 1:
        return left[0]
    if len(left) == 2:
        first, second = left
        return lambda context, at: first(context, at) and second(context, at)
    if len(left) == 3:
        one, two, three = left
        return lambda context, at: one(context, at) and two(context, at) and three(context, at)

    def holds(context: Mapping[str, object], at: Now) -> bool:
        for part in left:  # noqa: SIM110 - a generator takes three times as long
            if not part(context, at):
                return False
        return True

    return holds


def any_of(parts: Sequence[Predicate]) -> Predicate:
    """Holds when some part does."""
    if always in parts:
        return always
    left = tuple(part for part in parts if part is not never)
    if not left:
        return never
    if len(left) == 1:
        return left[0]
    if len(left) == 2:
        first, second = left
        return lambda context, at: first(context, at) or second(context, at)

    def holds(context: Mapping[str, object], at: Now) -> bool:
        for part in left:  # noqa: SIM110 - a generator takes three times as long
            if part(context, at):
                return True
        return False

    return holds
