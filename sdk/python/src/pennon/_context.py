"""Whom a flag is evaluated for: the attributes of a call, a mapping, and what surrounds both.

Names are never changed. `user_id` sets the targeting key too, where the same call does not set it. None is absent.
Values of Python that JSON has no form for, but text or a number, take that form; everything else is left as it is, and
counts as absent where a flag looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pennon._engine import values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TARGETING_KEY: Final = "targetingKey"

_AS_THEY_ARE: Final = frozenset({str, int, float, bool, type(None), list, tuple, dict, set, frozenset})

surrounding: Final[ContextVar[dict[str, Any] | None]] = ContextVar("pennon_context", default=None)
"""What `context(…)` blocks around the call have set, merged."""


def of_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    """A context of a call's attributes; changes and returns the same dict."""
    for value in attributes.values():
        if type(value) not in _AS_THEY_ARE:
            for name in attributes:
                attributes[name] = _form(attributes[name])
            break
    user = attributes.get("user_id")
    if user is not None and attributes.get(TARGETING_KEY) is None:
        attributes[TARGETING_KEY] = str(user) if type(user) is int else user
    return attributes


def merged(around: dict[str, Any] | None, context: object, attributes: dict[str, Any]) -> Any:
    """One context of three; what is nearer to the call wins. A `context` that is no mapping is handed on as it is."""
    if context is not None and type(context) is not dict and not isinstance(context, Mapping):
        return context
    if context is None and not attributes:
        return around
    if not around and not attributes and context is not None:
        for value in context.values():
            if type(value) not in _AS_THEY_ARE:
                return {name: _form(value) for name, value in context.items()}
        return context
    whole = dict(around) if around else {}
    for name, value in (context or {}).items():
        if value is not None:
            whole[name] = _form(value)
    for name, value in of_attributes(attributes).items():
        if value is not None:
            whole[name] = value
    return whole


@contextmanager
def block(context: object, attributes: dict[str, Any], complain: Callable[[Exception], None]) -> Iterator[None]:
    """Surrounds the calls within, also across `await`; ends with the block. Does nothing with what cannot be read."""
    whole = around = surrounding.get()
    try:
        found = merged(around, context, attributes)
        whole = None if found is None else dict(_mapping(found))
    except Exception as error:  # noqa: BLE001 - nothing may fail in a caller's request
        complain(error)
    token = surrounding.set(whole)
    try:
        yield
    finally:
        surrounding.reset(token)


def _mapping(context: object) -> Mapping[str, Any]:
    if not isinstance(context, Mapping):
        raise TypeError("a context is a mapping")
    return context


def unit(context: object) -> str | None:
    """Whom a track counts: the targeting key as text."""
    return values.unit(context.get(TARGETING_KEY)) if isinstance(context, Mapping) else None


def _form(value: Any) -> Any:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value
