"""Compares a result with what a vector expects, member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pennon._engine import Evaluation

KNOWN = {
    "reason",
    "variant",
    "value",
    "valueText",
    "errorCode",
    "ruleId",
    "cause",
    "prerequisite",
    "track",
    "version",
    "metadata",
    "refused",
}


def differences(found: Evaluation, expected: dict[str, Any], asked: str | None) -> Iterator[str]:
    """What differs between a result and what is expected of it."""
    unknown = set(expected) - KNOWN
    if unknown:
        yield f"the members {unknown} of expect are not known"
    said = {
        "reason": found.reason,
        "variant": found.variant,
        "errorCode": found.error_code,
        "ruleId": found.rule_id,
        "cause": found.cause,
        "prerequisite": found.prerequisite,
        "track": _track(found),
    }
    for name, value in said.items():
        if value != expected.get(name):
            yield f"{name} is {value!r}, not {expected.get(name)!r}"
    yield from _value_differences(found, expected, asked)
    erred = found.error_code is not None
    if erred and (found.version is not None or found.metadata or not found.error_message):
        yield "an error carries metadata, or no message"
    for name, carried in (("version", found.version), ("metadata", found.metadata)):
        if name in expected and not same(carried, expected[name]):
            yield f"{name} is {carried!r}, not {expected[name]!r}"


def _track(found: Evaluation) -> dict[str, object] | None:
    track = found.track
    if track is None:
        return None
    arm = {} if track.arm is None else {"arm": track.arm}
    return {"run": track.run, "by": list(track.by), **arm}


def _value_differences(found: Evaluation, expected: dict[str, Any], asked: str | None) -> Iterator[str]:
    if "value" not in expected:
        if found.value is not None:
            yield f"the value is {found.value!r}, not absent"
        return
    if not same(found.value, expected["value"]):
        yield f"the value is {found.value!r}, not {expected['value']!r}"
    kinds = {"integer": int, "float": float}
    if asked in kinds and type(found.value) is not kinds[asked]:
        yield f"the value {found.value!r} is no {asked}"


def same(left: object, right: object) -> bool:
    """Equal as JSON: numbers as doubles, objects without order, booleans never equal to numbers."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return float(left) == float(right)
    return left == right
