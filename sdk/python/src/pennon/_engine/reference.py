"""How a document names an attribute of the context, and how the attribute is looked up.

A name that does not begin with `/` is a top-level name, literally; one that does is a JSON Pointer into nested
objects. Of the names that begin with `$`, which only the evaluator sets, each place knows its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pennon._engine import reading, values
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from pennon._engine.moment import Now

    Lookup: TypeAlias = Callable[[Mapping[str, object]], object]
    Finder: TypeAlias = Callable[[Mapping[str, object], Now], str | None]

TARGETING_KEY: Final = "targetingKey"
NOW: Final = "$now"
RANDOM: Final = "$random"
INSTANCE: Final = "$instance"

IN_CONDITION: Final = frozenset({NOW, INSTANCE})
"""The special names that the attribute of a condition may have."""
IN_LIST: Final = frozenset({INSTANCE})
"""Those of the `by` of a target, a segment, an override or a track."""
IN_DRAW: Final = frozenset({INSTANCE, RANDOM})
"""Those of the `by` of a percentage, a split or a layer."""

DEFAULT_BY: Final[tuple[str, ...]] = (TARGETING_KEY,)

_BAD_ESCAPE: Final = re.compile(r"~(?![01])")


def reference(value: object, special: frozenset[str]) -> str:
    """Checks one reference; gives it as it was written."""
    written = reading.string(value)
    if not written:
        raise Malformed("an attribute's name may not be empty")
    if written[0] == "$" and written not in special:
        known = " and ".join(sorted(special))
        raise Malformed(f"the name {written} is not known here; of the names that begin with $, {known} may be used")
    if written[0] == "/":
        _check_pointer(written)
    return written


def _check_pointer(written: str) -> None:
    tokens = written[1:].split("/")
    if not all(tokens):
        raise Malformed("no part of a pointer may be empty")
    if _BAD_ESCAPE.search(written):
        raise Malformed("in a pointer, ~ is written ~0 and / is written ~1")
    if tokens[0][0] == "$":
        raise Malformed("a pointer may not begin with a name that begins with $")


def tokens(written: str) -> list[str]:
    """The names that a reference goes through, from the context inwards."""
    if written[0] != "/":
        return [written]
    return [token.replace("~1", "/").replace("~0", "~") for token in written[1:].split("/")]


def by(value: object, special: frozenset[str]) -> tuple[str, ...]:
    """Reads a `by`: a list of references that is not empty."""
    items = reading.array(value)
    if not items:
        raise Malformed("the list may not be empty")
    return tuple(reading.each(items, lambda item: reference(item, special)))


def by_in_list(value: object) -> tuple[str, ...]:
    """Reads a `by` that takes no `$random`."""
    return by(value, IN_LIST)


def by_in_draw(value: object) -> tuple[str, ...]:
    """Reads a `by` that takes `$random`."""
    return by(value, IN_DRAW)


def lookup(written: str) -> Lookup:
    """What finds the attribute that a reference without `$` names; None when it is not there."""
    first, *rest = tokens(written)
    if not rest:
        return lambda context: context.get(first)

    def nested(context: Mapping[str, object]) -> object:
        found = context.get(first)
        for name in rest:
            found = values.member(found, name)
        return found

    return nested


def finder(references: tuple[str, ...]) -> Finder:
    """What finds the unit: that of the first attribute that yields one."""
    found = tuple(_finder(written) for written in references)
    if len(found) == 1:
        return found[0]

    def first(context: Mapping[str, object], at: Now) -> str | None:
        for find in found:
            unit = find(context, at)
            if unit is not None:
                return unit
        return None

    return first


def _finder(written: str) -> Finder:
    if written == RANDOM:
        return lambda _context, at: str(at.random)
    if written == INSTANCE:
        return lambda _context, at: values.unit(at.instance)
    if written[0] != "/":
        return lambda context, _at: values.unit(context.get(written))
    find = lookup(written)
    return lambda context, _at: values.unit(find(context))


def is_fickle(references: tuple[str, ...]) -> bool:
    """Whether a unit may differ from one evaluation to the next of the same context."""
    return RANDOM in references
