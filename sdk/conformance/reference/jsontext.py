"""JSON text to Python values, with every number a double that remembers its spelling.

Also what a context loses inside an SDK: values that JSON cannot say count as absent (null).
"""

import json
import math


class Number(float):
    """A double and the text it was written as."""

    def __new__(cls, text):
        number = super().__new__(cls, float(text))
        number.text = text
        return number


class Duplicate(ValueError):
    """An object names a member twice."""


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Duplicate("a member is named twice")
    return members


def parse(text, duplicates="last"):
    """Numbers beyond the doubles become infinities; the caller decides what that means."""
    hook = None if duplicates == "last" else _no_duplicates
    return json.loads(
        text, parse_int=Number, parse_float=Number, parse_constant=_no_constant, object_pairs_hook=hook
    )


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def valid_unicode(text):
    return not any(0xD800 <= ord(c) <= 0xDFFF for c in text)


def anywhere(value, test):
    """Whether a value, or one inside it, keys included, satisfies `test`."""
    if test(value):
        return True
    if isinstance(value, list):
        return any(anywhere(v, test) for v in value)
    if isinstance(value, dict):
        return any(anywhere(k, test) or anywhere(v, test) for k, v in value.items())
    return False


def overflows(value):
    return is_number(value) and not math.isfinite(value)


def broken_string(value):
    return isinstance(value, str) and not valid_unicode(value)


def as_sdk(value):
    """Values that are no JSON count as absent, which for a context is null."""
    if overflows(value) or broken_string(value):
        return None
    if isinstance(value, list):
        return [as_sdk(v) for v in value]
    if isinstance(value, dict):
        return {k: as_sdk(v) for k, v in value.items()}
    return value


def equal(a, b):
    """Equality of JSON values: numbers as doubles, a boolean is never a number."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if is_number(a) and is_number(b):
        return float(a) == float(b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


def compact_size(value):
    """Bytes of the compact UTF-8 JSON, numbers as they are spelled."""
    if isinstance(value, Number):
        return len(value.text)
    if isinstance(value, list):
        return 2 + sum(map(compact_size, value)) + max(len(value) - 1, 0)
    if isinstance(value, dict):
        members = sum(compact_size(k) + 1 + compact_size(v) for k, v in value.items())
        return 2 + members + max(len(value) - 1, 0)
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8"))
