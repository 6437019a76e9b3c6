"""Segments, which are named audiences shared by flags, and layers, by which experiments exclude one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pennon._engine import condition, logic, reading, reference, target
from pennon._engine.condition import Units
from pennon._engine.reading import Members, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pennon._engine.condition import Links, Mention, When
    from pennon._engine.logic import Predicate
    from pennon._engine.moment import Now

_SEGMENT: Final = Shape("a segment", nullable=True)
_LAYER: Final = Shape("a layer", nullable=True)


class Segment:
    """A segment that is well-formed by itself, not yet linked to what it names. Raises `Malformed`."""

    __slots__ = ("_by", "_excluded", "_included", "_when")

    def __init__(self, key: str, document: object) -> None:
        reading.key(key, "a key")
        members = Members(document, _SEGMENT)
        salt = members.read("salt", reading.string, key)
        self._by = members.read("by", reference.by_in_list, reference.DEFAULT_BY)
        nobody: frozenset[str] = frozenset()
        self._included = members.read("included", target.read_units, nobody)
        self._excluded = members.read("excluded", target.read_units, nobody)
        self._when: When | None = None
        if "when" in members:
            self._when = members.need("when", lambda inner: condition.read(inner, salt))

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """What it names."""
        return () if self._when is None else self._when.mentions

    @property
    def borders(self) -> tuple[int, ...]:
        """Epoch milliseconds at which membership may change by itself."""
        return () if self._when is None else self._when.borders

    @property
    def draws(self) -> bool:
        """Whether a percentage stands in it, segments that it names not looked at."""
        return self._when is not None and self._when.draws

    @property
    def fickle(self) -> bool:
        """Whether it asks for the time or for chance, what it names not looked at."""
        return self._when is not None and self._when.fickle

    def link(self, links: Links) -> Predicate:
        """Whether a context is in the segment."""
        otherwise = logic.never if self._when is None else self._when.link(links)
        if not self._included and not self._excluded:
            return otherwise
        find, included, excluded = reference.finder(self._by), self._included, self._excluded

        def holds(context: Mapping[str, object], at: Now) -> bool:
            unit = find(context, at)
            if unit in included:
                return True
            return unit not in excluded and otherwise(context, at)

        return holds


def read_layer(key: str, document: object) -> Units:
    """Reads a layer; raises `Malformed`."""
    reading.key(key, "a key")
    members = Members(document, _LAYER)
    salt = members.read("salt", reading.string, key)
    return Units(salt, members.read("by", reference.by_in_draw, reference.DEFAULT_BY))
