"""What a context may hold in Python: everything, and nothing of it raises."""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from making import AT, flag, holds, snapshot, when

from pennon._engine import At, ErrorCode, Reason


class Hostile:
    """An object that raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        raise RuntimeError


class HostileText(str):
    """A text whose methods raise."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        raise RuntimeError

    def encode(self, *_: object) -> bytes:
        raise RuntimeError


class HostileMapping(Mapping[str, object]):
    """A context that raises."""

    def __getitem__(self, name: str) -> object:
        raise RuntimeError

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


class Plan(str, enum.Enum):
    """As applications have their plans."""

    PRO = "pro"


class Level(enum.IntEnum):
    """As applications have their levels."""

    HIGH = 3


EVERYTHING = [
    {"attribute": "a", "op": "in", "values": ["x", 1, True]},
    {"attribute": "a", "op": "in", "values": ["x"], "ignoreCase": True},
    {"attribute": "a", "op": "exists"},
    {"attribute": "a", "op": "starts_with", "values": ["x"]},
    {"attribute": "a", "op": "ends_with", "values": ["x"], "ignoreCase": True},
    {"attribute": "a", "op": "contains", "values": ["x"]},
    {"attribute": "a", "op": "matches", "values": ["x"]},
    {"attribute": "a", "op": "lt", "values": [1]},
    {"attribute": "a", "op": "gte", "values": ["1"]},
    {"attribute": "a", "op": "before", "values": [1]},
    {"attribute": "a", "op": "semver_eq", "values": ["1.0.0"]},
    {"attribute": "a", "op": "semver_gte", "values": ["1.0.0"]},
    {"attribute": "a", "op": "cidr", "values": ["::/0"]},
    {"attribute": "/a/b", "op": "in", "values": ["x"]},
    {"percentage": 50, "by": ["a", "/a/b"]},
    {"percentage": 50},
]
ODD = [
    object(),
    Hostile(),
    HostileText("x"),
    b"x",
    1j,
    float("nan"),
    float("-inf"),
    10**400,
    -(10**400),
    "\ud800",
    "x\udfff",
    [[["x"]]],
    {"b": {"b": {}}},
    {1: 2, "b": Hostile()},
    [Hostile()],
    {Plan.PRO},
    range(3),
    OrderedDict(b="x"),
    "9" * 10_000,
    "1." + "9" * 10_000 + ".0",
    "1e" + "9" * 10_000,
    ":" * 10_000,
]


@pytest.mark.parametrize("condition", EVERYTHING, ids=str)
def test_no_value_of_a_context_raises(condition: dict[str, Any]) -> None:
    split = {"split": [{"variant": "on", "weight": 100_000}], "by": ["a", "targetingKey"]}
    found = snapshot(when(condition), flag("g", fallthrough=split))
    for value in ODD:
        for context in ({"a": value}, {"targetingKey": value}, {"targetingKey": "u", "a": [None, value]}):
            for key in ("f", "g"):
                result = found.evaluate(key, context, "boolean", AT)
                assert (result.reason == Reason.ERROR) == (result.error_code is not None)


def test_what_is_no_mapping_or_raises_is_an_error() -> None:
    contexts: list[Any] = [[], "x", 5, True, object(), Hostile(), HostileMapping()]
    for context in contexts:
        result = snapshot(flag()).evaluate("f", context, None, AT)
        assert result.error_code in {ErrorCode.INVALID_CONTEXT, ErrorCode.GENERAL}
        assert result.error_message
        assert result.flag_key == "f"


def test_a_clock_that_fails_is_an_error_and_is_not_raised() -> None:
    def fails() -> int:
        raise OSError

    found = snapshot(when({"attribute": "$now", "op": "after", "values": [0]}))
    assert found.evaluate("f", {}, None, At(fails)).error_code == ErrorCode.GENERAL


def test_any_mapping_is_a_context_and_none_is_an_empty_one() -> None:
    condition = {"attribute": "/org/plan", "op": "in", "values": ["pro"]}
    org = MappingProxyType({"plan": "pro"})
    assert holds(condition, MappingProxyType({"org": org}))
    assert holds(condition, OrderedDict(org=OrderedDict(plan="pro")))
    assert not holds(condition, None)


def test_enumerations_count_as_the_plain_values_they_hold() -> None:
    assert holds({"attribute": "plan", "op": "in", "values": ["pro"]}, {"plan": Plan.PRO})
    assert holds({"attribute": "plan", "op": "in", "values": ["PRO"], "ignoreCase": True}, {"plan": [Plan.PRO]})
    assert holds({"attribute": "plan", "op": "matches", "values": ["^pro$"]}, {"plan": Plan.PRO})
    assert holds({"attribute": "level", "op": "in", "values": [3]}, {"level": Level.HIGH})
    assert holds({"attribute": "level", "op": "gte", "values": [3]}, {"level": (Level.HIGH,)})
    targeted = snapshot(flag(targets=[{"values": ["pro", 3], "variant": "on"}]))
    assert targeted.evaluate("f", {"targetingKey": Plan.PRO}, None, AT).rule_id == "target"
    assert targeted.evaluate("f", {"targetingKey": Level.HIGH}, None, AT).rule_id == "target"


@pytest.mark.parametrize("listed", [["x", "y"], ("x", "y"), {"x", "y"}, frozenset({"x", "y"})])
def test_lists_tuples_and_sets_are_tested_element_by_element(listed: object) -> None:
    assert holds({"attribute": "roles", "op": "in", "values": ["y"]}, {"roles": listed})
    assert not holds({"attribute": "roles", "op": "in", "values": ["z"]}, {"roles": listed})


def test_integers_beyond_two_to_the_53_are_the_nearest_double() -> None:
    beyond = 2**53 + 1
    assert holds({"attribute": "n", "op": "in", "values": [2**53]}, {"n": beyond})
    assert not holds({"attribute": "n", "op": "gt", "values": [2**53]}, {"n": beyond})
    assert holds({"attribute": "n", "op": "in", "values": [beyond]}, {"n": float(2**53)})
    assert not holds({"attribute": "n", "op": "gt", "values": [0]}, {"n": 10**400})
    assert not holds({"attribute": "n", "op": "exists"}, {"n": 10**400})
    assert holds({"attribute": "n", "op": "before", "values": [1e300]}, {"n": 10**299})
