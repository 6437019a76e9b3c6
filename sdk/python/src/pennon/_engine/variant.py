"""The variants of a flag: names, and values of the flag's type."""

from __future__ import annotations

import json
from typing import Final

from pennon._engine import limits, reading
from pennon._engine.reading import Malformed

TYPES: Final = frozenset({"boolean", "string", "number", "object"})
"""The types of flags."""


def read_type(value: object) -> str:
    """Reads a flag's type."""
    kind = reading.string(value)
    if kind not in TYPES:
        raise Malformed("the type is one of boolean, string, number and object")
    return kind


def read_variants(value: object, kind: str) -> dict[str, object]:
    """Reads the variants. A number becomes the nearest double; an int where that is exact."""
    if not isinstance(value, dict):
        raise reading.wrong_type(value, "an object of variants")
    if not value:
        raise Malformed("a flag has at least one variant")
    reading.within_limit(len(value), limits.VARIANTS_PER_FLAG, "variants")
    found: dict[str, object] = {}
    for name, inner in value.items():
        try:
            found[reading.key(reading.string(name), "a variant's name")] = _value(inner, kind)
        except Malformed as malformed:
            malformed.within(name)
            raise
    return found


def written_names(document: object) -> frozenset[str]:
    """The names of a flag's variants as they are written, also when the flag is broken: other flags may name them."""
    variants = document.get("variants") if isinstance(document, dict) else None
    if not isinstance(variants, dict) or len(variants) > limits.VARIANTS_PER_FLAG:
        return frozenset()
    return frozenset(variants)


def read_name(value: object, variants: dict[str, object]) -> str:
    """Reads the name of a variant of this flag."""
    name = reading.string(value)
    if name not in variants:
        raise Malformed(f"the flag has no variant named {name!r}")
    return name


def _value(value: object, kind: str) -> object:
    if kind == "boolean":
        return reading.boolean(value)
    if kind == "string":
        return reading.string(value)
    if kind == "number":
        return reading.number(value)
    if not isinstance(value, dict):
        raise reading.wrong_type(value, "an object")
    reading.sound_json(value)
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > limits.OBJECT_VALUE_BYTES:
        raise Malformed(f"the value takes {size} bytes; at most {limits.OBJECT_VALUE_BYTES} are allowed")
    return value
