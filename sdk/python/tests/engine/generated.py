"""Random documents and contexts, small enough to meet each other: flags, segments and layers that name one another,
some of them malformed, some in circles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random
    from typing import Any

FLAGS = [f"f{number}" for number in range(8)]
SEGMENTS = [f"s{number}" for number in range(4)]
LAYERS = ["l0", "l1"]
UNITS = ["u-1", "u-2", "u-3", 4711, "é"]
DATES = ["2026-01-01T00:00:00Z", "2026-06-01T00:00:00+02:00", 1_767_225_600_500]


def document(random: Random, kind: str, key: str) -> Any:
    """A document of a kind, now and then one that is malformed."""
    if random.random() < 0.06:
        return random.choice([None, 5, [], {"key": key}, {"salt": 7}, {"by": []}])
    return {"flag": _flag, "segment": _segment, "layer": _layer}[kind](random, key)


def _layer(random: Random, key: str) -> dict[str, Any]:
    return {"salt": f"{key}-{random.randint(0, 2)}", "by": random.choice([["targetingKey"], ["org", "targetingKey"]])}


def _segment(random: Random, _key: str) -> dict[str, Any]:
    made: dict[str, Any] = {"included": random.sample(UNITS, random.randint(0, 2))}
    made["excluded"] = random.sample(UNITS, random.randint(0, 2))
    if random.random() < 0.7:
        made["when"] = condition(random, 2)
    return made


def _flag(random: Random, key: str) -> dict[str, Any]:
    variants = random.choice([{"on": True, "off": False}, {"on": True, "off": False, "x": True}])
    flag: dict[str, Any] = {
        "key": key,
        "type": "boolean",
        "salt": f"salt-{random.randint(0, 3)}",
        "version": random.randint(0, 9),
        "enabled": random.random() < 0.9,
        "variants": variants,
        "offVariant": random.choice(["off", None]),
        "fallthrough": _serve(random),
        "metadata": {"owner": random.choice(["a", "b"])},
    }
    if random.random() < 0.2:
        flag["prerequisites"] = [_flag_reference(random)]
    if random.random() < 0.3:
        flag["targets"] = [{"values": random.sample(UNITS, 2), "variant": "on"}]
    if random.random() < 0.1:
        shed = {"variant": "off", "percentage": 50, "salt": "shed", "cause": "killSwitch:shed"}
        flag["override"] = shed
    flag["rules"] = [
        {"id": f"r{number}", "when": condition(random, 3), "serve": _serve(random), "track": {"run": "run"}}
        for number in range(random.randint(0, 3))
    ]
    return flag


def _serve(random: Random) -> dict[str, Any]:
    if random.random() < 0.75:
        return {"variant": random.choice(["on", "off"])}
    first = random.randint(0, 100_000)
    slots = [{"variant": "on", "weight": first}, {"variant": "off", "weight": 100_000 - first}]
    return {"split": slots, **random.choice([{}, {"layer": random.choice(LAYERS)}, {"by": ["org", "$random"]}])}


def _flag_reference(random: Random) -> dict[str, Any]:
    return {"flag": random.choice(FLAGS), "variants": [random.choice(["on", "off", "on", "off", "x"])]}


def condition(random: Random, depth: int) -> dict[str, Any]:
    """A condition, of at most this depth."""
    if depth > 1 and random.random() < 0.4:
        inner = [condition(random, depth - 1) for _ in range(random.randint(0, 3))]
        return random.choice([{"all": inner}, {"any": inner}, {"not": condition(random, depth - 1)}])
    return random.choice(
        [
            {"attribute": "plan", "op": "in", "values": ["pro", "team"]},
            {"attribute": "age", "op": random.choice(["lt", "gte"]), "values": [random.randint(0, 99)]},
            {"attribute": "$now", "op": random.choice(["before", "after"]), "values": [random.choice(DATES)]},
            {"percentage": random.choice([0, 25, 33.333, 100])},
            {"percentage": [10, 60], "layer": random.choice(LAYERS)},
            {"percentage": 50, "by": ["$random"]},
            {"segment": random.choice(SEGMENTS)},
            _flag_reference(random),
        ]
    )


def context(random: Random) -> dict[str, Any]:
    """A context that the documents above have something to say of."""
    made: dict[str, Any] = {"targetingKey": random.choice(UNITS), "age": random.randint(0, 99)}
    if random.random() < 0.7:
        made["plan"] = random.choice(["pro", "free", ["team", 3], None])
    if random.random() < 0.5:
        made["org"] = random.choice(["org-1", "org-2", 7.5])
    return made
