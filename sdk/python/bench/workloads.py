"""The five workloads that speed is measured on, the same as those of the Rust engine, in three vendors' forms.

A workload asks for flags in one context; each must come out on in every engine, so that all go the same way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

COUNTRIES = ["de", "at", "ch", "fr", "it", "es", "pt", "nl", "be", "lu"]
IDS = [f"user-{number}" for number in range(10_000)]
SMALL = {"targetingKey": "user-1"}
USUAL = {
    "targetingKey": "user-4711",
    "country": "lu",
    "appVersion": "2.14.3",
    "age": 42,
    "plan": "pro",
    "email": "ada@example.com",
    "beta": False,
}
"""A context as a web application makes it."""


class Workload(NamedTuple):
    """Flags by key in each vendor's form, and the context they are asked in."""

    name: str
    context: dict[str, Any]
    pennon: dict[str, dict[str, Any]]
    unleash: dict[str, list[dict[str, Any]]]
    """By key: the flag's strategies."""
    growthbook: dict[str, dict[str, Any]]


def least_age(number: int) -> int:
    """Of the ten rules, only the last holds."""
    return 18 if number == 9 else 1_000 + number


def _pennon_flag(key: str, rules: list[dict[str, Any]], otherwise: str) -> dict[str, Any]:
    return {
        "key": key,
        "type": "boolean",
        "enabled": True,
        "variants": {"on": True, "off": False},
        "offVariant": "off",
        "rules": rules,
        "fallthrough": {"variant": otherwise},
    }


def _pennon_rule(rule_id: str, when: dict[str, Any]) -> dict[str, Any]:
    return {"id": rule_id, "when": when, "serve": {"variant": "on"}}


def _test(attribute: str, op: str, *values: object) -> dict[str, Any]:
    return {"attribute": attribute, "op": op, "values": list(values)}


def _constraint(name: str, operator: str, **value: object) -> dict[str, Any]:
    return {"contextName": name, "operator": operator, **value}


def _strategy(*constraints: dict[str, Any]) -> dict[str, Any]:
    return {"name": "default", "constraints": list(constraints)}


def _simple(key: str) -> tuple[Any, Any, Any]:
    return _pennon_flag(key, [], "on"), [_strategy()], {"defaultValue": True}


def _rollout(key: str) -> tuple[Any, Any, Any]:
    parameters = {"rollout": "20", "stickiness": "userId", "groupId": key}
    return (
        _pennon_flag(key, [_pennon_rule("rollout", {"percentage": 20})], "off"),
        [{"name": "flexibleRollout", "parameters": parameters}],
        {"defaultValue": False, "rules": [{"force": True, "coverage": 0.2, "hashAttribute": "id"}]},
    )


def _rules(key: str) -> tuple[Any, Any, Any]:
    """Ten rules of three conditions, all of which are looked at; the last holds."""
    pennon, unleash, growthbook = [], [], []
    for number in range(10):
        version, age = f"2.{number}.0", least_age(number)
        tests = [
            _test("country", "in", *COUNTRIES),
            _test("appVersion", "semver_gte", version),
            _test("age", "gte", age),
        ]
        pennon.append(_pennon_rule(f"r{number}", {"all": tests}))
        unleash.append(
            _strategy(
                _constraint("country", "IN", values=COUNTRIES),
                _constraint("appVersion", "SEMVER_GT", value=version),
                _constraint("age", "NUM_GTE", value=str(age)),
            )
        )
        condition = {"country": {"$in": COUNTRIES}, "appVersion": {"$vgte": version}, "age": {"$gte": age}}
        growthbook.append({"condition": condition, "force": True})
    return _pennon_flag(key, pennon, "off"), unleash, {"defaultValue": False, "rules": growthbook}


def _listed(key: str) -> tuple[Any, Any, Any]:
    return (
        _pennon_flag(key, [_pennon_rule("r", _test("targetingKey", "in", *IDS))], "off"),
        [_strategy(_constraint("userId", "IN", values=IDS))],
        {"defaultValue": False, "rules": [{"condition": {"id": {"$in": IDS}}, "force": True}]},
    )


def _targeted(key: str) -> tuple[Any, Any, Any]:
    plans = ["pro", "team"]
    return (
        _pennon_flag(key, [_pennon_rule("pro", _test("plan", "in", *plans))], "off"),
        [_strategy(_constraint("plan", "IN", values=plans))],
        {"defaultValue": False, "rules": [{"condition": {"plan": {"$in": plans}}, "force": True}]},
    )


def _workload(name: str, context: dict[str, Any], flags: dict[str, tuple[Any, Any, Any]]) -> Workload:
    return Workload(
        name,
        context,
        {key: forms[0] for key, forms in flags.items()},
        {key: forms[1] for key, forms in flags.items()},
        {key: forms[2] for key, forms in flags.items()},
    )


def all_workloads() -> list[Workload]:
    """The five."""
    made = (_rollout, _targeted, _simple, _simple, _simple)
    keys = [f"flag-{number}" for number in range(500)]
    return [
        _workload("simple on", SMALL, {"flag": _simple("flag")}),
        _workload("20 % rollout", SMALL, {"flag": _rollout("flag")}),
        _workload("10 rules x 3 conditions", USUAL, {"flag": _rules("flag")}),
        _workload("list of 10 000 ids", USUAL, {"flag": _listed("flag")}),
        _workload("all 500 flags", USUAL, {key: made[at % 5](key) for at, key in enumerate(keys)}),
    ]
