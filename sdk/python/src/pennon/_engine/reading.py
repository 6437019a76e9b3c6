"""Typed reading of documents: members with the right presence and type, else `Malformed` with the place.

Must not know what a flag means; the shapes come from the documents' readers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pennon._engine import limits, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
RULE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")


class SnapshotError(ValueError):
    """A snapshot is refused whole: it is no JSON object, of an unknown version, or tells nothing of any flag."""


class Malformed(Exception):  # noqa: N818 - a state of a document, never seen outside
    """A document breaks a rule of the contract; `str` says where and which."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.place = ""
        self.detail = detail

    def within(self, token: object) -> Malformed:
        """The same, one step further from the root of the document."""
        self.place = f"/{token}{self.place}"
        return self

    def __str__(self) -> str:
        return f"{self.place or 'the document'}: {self.detail}"


class Shape(NamedTuple):
    """What an object may hold."""

    noun: str
    """With its article, as in "a rule"."""
    known: frozenset[str] | None = None
    """None: unknown members are ignored. Else they break the document: ignoring one could invert the targeting."""
    nullable: bool = False
    """An explicit null counts as absent."""


_MISSING: Final = object()


class Members:
    """The members of an object that has been held against its shape."""

    __slots__ = ("_found", "_nullable")

    def __init__(self, value: object, shape: Shape) -> None:
        if not isinstance(value, dict):
            raise wrong_type(value, shape.noun)
        if shape.known is not None:
            for name in value:
                if name not in shape.known:
                    raise Malformed(f"{shape.noun} has no such member").within(name)
        self._found = value
        self._nullable = shape.nullable

    def __contains__(self, name: str) -> bool:
        found = self._found.get(name, _MISSING)
        return found is not _MISSING and not (found is None and self._nullable)

    def __getitem__(self, name: str) -> object:
        return self._found[name]

    def read(self, name: str, read: Callable[[object], T], default: T) -> T:
        """Reads the member when it is there."""
        return self.need(name, read) if name in self else default

    def need(self, name: str, read: Callable[[object], T]) -> T:
        """Reads the member, which must be there."""
        if name not in self:
            raise Malformed("the member is required").within(name)
        try:
            return read(self._found[name])
        except Malformed as malformed:
            malformed.within(name)
            raise


def wrong_type(value: object, wanted: str) -> Malformed:
    """A value of another type than is wanted."""
    return Malformed(f"{wanted} is wanted here, not {_noun(value)}")


def _noun(value: object) -> str:
    if value is None:
        return "null"
    nouns: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (str, "a string"),
        (int, "a number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "an object"),
    )
    return next((noun for kind, noun in nouns if isinstance(value, kind)), "what no JSON holds")


def string(value: object) -> str:
    """A string of valid Unicode."""
    if not isinstance(value, str):
        raise wrong_type(value, "a string")
    if not values.is_sound(value):
        raise Malformed("the string holds a lone surrogate; it must be valid Unicode")
    return values.plain(value)


def boolean(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise wrong_type(value, "true or false")


def number(value: object) -> int | float:
    """A finite number, as the nearest double: an int where that is exact, and never -0."""
    found = values.number(value)
    if found is not None:
        return found + 0
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise Malformed("the number is too large for a double")
    raise wrong_type(value, "a number")


def count(value: object) -> int:
    """An integral number, also written as `3.0`, from 0 to below 2^53."""
    found = values.exact(number(value))
    if found is None or found < 0:
        raise Malformed("an integral number of at least 0 and below 2^53 is wanted here")
    return found


def array(value: object) -> list[object]:
    """A list."""
    if isinstance(value, list):
        return value
    raise wrong_type(value, "a list")


def value_list(value: object) -> list[object]:
    """A list of values, bounded."""
    found = array(value)
    within_limit(len(found), limits.VALUES_PER_LIST, "values in a list")
    return found


def filled_values(value: object) -> list[object]:
    """A list of values, bounded, that is not empty."""
    found = value_list(value)
    if not found:
        raise Malformed("the list may not be empty")
    return found


def within_limit(found: int, limit: int, what: str) -> None:
    """Refuses more than the limit."""
    if found > limit:
        raise Malformed(f"there are {found} {what}; at most {limit} are allowed")


def each(items: list[object], read: Callable[[object], T]) -> Iterator[T]:
    """Reads each item."""
    for at, item in enumerate(items):
        try:
            yield read(item)
        except Malformed as malformed:
            malformed.within(at)
            raise


def key(text: str, what: str) -> str:
    """A key, or the name of a variant."""
    if KEY.fullmatch(text) is None:
        raise Malformed(f"{what} is 1 to 100 of A-Z a-z 0-9 . _ - and begins with a letter or digit")
    return text


def sound_json(value: object) -> None:
    """Checks a free value: every number is finite, every string and name valid Unicode."""
    if isinstance(value, dict):
        for name, inner in value.items():
            string(name)
            sound_json(inner)
    elif isinstance(value, list):
        for inner in value:
            sound_json(inner)
    elif isinstance(value, str):
        string(value)
    elif value is not None and not isinstance(value, bool):
        number(value)


def adopted(value: object, depth: int = limits.JSON_DEPTH) -> object:
    """A copy of a document that nobody else can change; refuses what is nested too deeply."""
    if isinstance(value, dict):
        if depth == 0:
            raise Malformed("lists and objects are nested too deeply")
        return {name: adopted(inner, depth - 1) for name, inner in value.items()}
    if isinstance(value, list):
        if depth == 0:
            raise Malformed("lists and objects are nested too deeply")
        return [adopted(inner, depth - 1) for inner in value]
    return value
