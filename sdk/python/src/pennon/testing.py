"""For tests of code that asks flags: decide what they serve, without a server.

    with override({"new_checkout_flow": True}):
        assert create_order("user-1", [])["flow"] == "new"

pytest finds the fixture `pennon_flags` by itself when this package is installed:

    def test_the_new_flow(pennon_flags):
        pennon_flags.set("new_checkout_flow", True)

Every thread sees what is decided. Nothing of it is counted, or sent.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pennon
from pennon._details import Failure
from pennon._settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pennon._details import Result
    from pennon._evaluator import Evaluator

__all__ = ["Overrides", "offline", "override"]

_KINDS = {"boolean": bool, "string": str, "integer": int, "float": (int, float), "object": dict}


@dataclass(frozen=True)
class _Decided:
    """What a test decided, as an evaluation tells it."""

    flag_key: str
    value: Any
    variant: str
    reason: str = "STATIC"
    error_code: None = None
    error_message: None = None
    rule_id: None = None
    version: None = None
    cause: None = None
    prerequisite: None = None
    track: None = None

    @property
    def metadata(self) -> dict[str, Any]:
        """None."""
        return {}


class Overrides:
    """What flags serve, as a test decides; of others what they served before."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._decided: dict[str, tuple[Any, str]] = {}
        for key, value in (values or {}).items():
            self.set(key, value)

    def set(self, key: str, value: Any, *, variant: str = "override") -> None:
        """Has the flag serve a value: a bool, str, int, float or dict, or a function that gives one for a context."""
        self._decided = {**self._decided, key: (value, variant)}

    def remove(self, key: str) -> None:
        """Has the flag serve again what it served before."""
        self._decided = {name: decided for name, decided in self._decided.items() if name != key}

    def clear(self) -> None:
        """Has every flag serve again what it served before."""
        self._decided = {}

    def over(self, view: Any) -> _View:
        """What is evaluated in the place of a snapshot. For the client."""
        return _View(self, view)

    def _decide(self, key: str, context: Mapping[str, Any] | None, asked: str | None) -> Result | None:
        if key not in self._decided:
            return None
        value, variant = self._decided[key]
        if callable(value):
            value = value(dict(context or {}))
        if asked is not None and not _fits(value, asked):
            return Failure(key, "TYPE_MISMATCH")
        return _Decided(key, float(value) if asked == "float" else value, variant)


class _View:
    """A snapshot that a test has changed."""

    def __init__(self, overrides: Overrides, below: Any) -> None:
        self._overrides = overrides
        self._below = below

    def evaluate(self, key: str, context: Any, asked: str | None, at: Any) -> Any:
        """As a snapshot does."""
        decided = self._overrides._decide(key, context, asked)
        return self._below.evaluate(key, context, asked, at) if decided is None else decided


def _fits(value: object, asked: str) -> bool:
    return isinstance(value, _KINDS[asked]) and isinstance(value, bool) is (asked == "boolean")  # type: ignore[arg-type]


@contextmanager
def override(values: Mapping[str, Any] | None = None, *, client: Evaluator | None = None) -> Iterator[Overrides]:
    """Has flags serve these values as long as the block lasts: `flags`, or a client of one's own.

    Blocks may stand in one another; the inner one wins. A client that has not begun yet does not begin by being asked.
    """
    chosen = pennon.flags if client is None else client
    before = chosen._overrides
    overrides = Overrides(values)
    chosen._override(overrides if before is None else _Both(overrides, before))
    try:
        yield overrides
    finally:
        chosen._override(before)


class _Both:
    """Overrides within overrides."""

    def __init__(self, inner: Overrides, outer: Any) -> None:
        self._inner = inner
        self._outer = outer

    def over(self, view: Any) -> _View:
        """What is evaluated in the place of a snapshot."""
        return self._inner.over(self._outer.over(view))


@contextmanager
def offline(*, client: Evaluator | None = None) -> Iterator[Overrides]:
    """As `override`, and as long as the block lasts the client has no server: what is not decided is the default."""
    chosen = pennon.flags if client is None else client
    restore = chosen._apart(Settings(quiet=True))
    try:
        with override(client=chosen) as overrides:
            yield overrides
    finally:
        restore()
