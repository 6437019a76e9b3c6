"""What the reference answers to one case of each kind; the format is in the folder's README."""

import buckets
import graph
import jsontext
import rebalance
import shape
from evaluate import evaluate

NOW_MS = 1767225600000
INJECTED = {
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
    "surrogate": "a\ud800b",
}
INPUTS = {"name", "nowMs", "random", "instance", "context", "contextText", "inject", "mode"}
MEMBERS = {
    "evaluation": INPUTS | {"flag", "type", "expect"},
    "conditions": INPUTS | {"condition", "holds"},
    "documents": {"name", "snapshot", "snapshotText", "repeat", "broken"},
    "snapshots": {"name", "snapshot", "snapshotText", "refused"},
    "buckets": {"name", "salt", "unit", "gateHash", "gateBucket", "splitHash", "splitBucket"},
    "percents": {"name", "percent", "thousandths"},
    "rebalance": {"name", "current", "wanted", "moved", "slots"},
    "written": {"name", "flag", "flagText", "segment", "layer", "snapshot", "accepted", "pointer"},
}
EMPTY = {"flags": {}, "segments": {}, "layers": {}}


class Wire(Exception):
    """A request that is refused before any evaluation; its error code, or None."""


def read_context(case):
    """The context as an SDK holds it."""
    context, wire = case.get("context", {}), case.get("mode") == "wire"
    if "contextText" in case:
        try:
            context = jsontext.parse(case["contextText"])
        except ValueError as why:
            raise Wire("PARSE_ERROR") from why
    if wire and jsontext.anywhere(context, jsontext.broken_string):
        raise Wire("PARSE_ERROR")
    if wire and jsontext.anywhere(context, jsontext.overflows):
        raise Wire(None)
    if wire and context is None:
        return []  # any value that is no object
    for name, what in case.get("inject", {}).items():
        context = {**context, name: INJECTED[what]}
    return context


def run(world, key, kind, case):
    inputs = {"now_ms": int(case.get("nowMs", NOW_MS)), "random": int(case.get("random", 0))}
    return evaluate(world, key, read_context(case), kind, instance=case.get("instance"), **inputs)


def evaluation(world, case):
    try:
        result = run(world, case["flag"], case.get("type"), case)
    except Wire as refused:
        code = str(refused) if refused.args[0] else None
        return {"refused": True, **({"errorCode": code} if code else {})}
    if result["reason"] == "ERROR":
        return result
    if "valueText" in case.get("expect", {}):
        result["valueText"] = result["value"].text
    return result


def wrapped(condition):
    return {
        "key": "f", "type": "boolean", "version": 1, "enabled": True, "variants": {"on": True, "off": False},
        "rules": [{"id": "r", "when": condition, "serve": {"variant": "on"}}], "fallthrough": {"variant": "off"},
    }  # fmt: skip


def condition_holds(snapshot, case, condition):
    world = graph.World({**snapshot, "flags": {**snapshot["flags"], "f": wrapped(condition)}})
    result = run(world, "f", None, case)
    if result["reason"] == "ERROR":
        return {"PARSE_ERROR": "broken"}.get(result["errorCode"], result["errorCode"])
    assert result["value"] == (result.get("ruleId") == "r")
    return result["value"]


def condition(snapshot, case):
    holds = condition_holds(snapshot, case, case["condition"])
    inverse = condition_holds(snapshot, case, {"not": case["condition"]})
    if (holds, inverse) not in ((True, False), (False, True), ("broken", "broken")):
        raise AssertionError(f"{holds}, but its negation {inverse}")
    return {"holds": holds}


def document(case):
    """The case's snapshot, with `repeat` carried out."""
    if "snapshotText" in case:
        return jsontext.parse(case["snapshotText"])
    snapshot = case["snapshot"]
    for pointer, count in case.get("repeat", {}).items():
        path = [t.replace("~1", "/").replace("~0", "~") for t in pointer.split("/")[1:]]
        snapshot = _with(snapshot, path, int(count))
    return snapshot


def _with(value, path, count):
    if not path:
        return value * count
    if isinstance(value, list):
        i = int(path[0])
        return value[:i] + [_with(value[i], path[1:], count)] + value[i + 1 :]
    return {**value, path[0]: _with(value[path[0]], path[1:], count)}


def documents(case):
    world = graph.World(document(case))
    return {"broken": sorted(k for k in world.raw["flags"] if run(world, k, None, {}).get("errorCode") == "PARSE_ERROR")}


def snapshots(case):
    try:
        graph.World(document(case))
    except (graph.Refused, ValueError):
        return {"refused": True}
    return {"refused": False}


def bucket(case):
    gate, split = buckets.gate(case["salt"], case["unit"]), buckets.split(case["salt"], case["unit"])
    return {"gateHash": gate[0], "gateBucket": gate[1], "splitHash": split[0], "splitBucket": split[1]}


def percent(case):
    return {"thousandths": buckets.thousandths(case["percent"])}


def rebalanced(case):
    found = {"moved": rebalance.moved(case["current"], case["wanted"])}
    if rebalance.one_answer(case["current"], case["wanted"]):
        found["slots"] = rebalance.rebalance(case["current"], case["wanted"])
    return found


def written(case):
    """Admin input: the stricter reading, and where it stops."""
    kind = next(k for k in ("flag", "segment", "layer", "flagText") if k in case)
    try:
        document = jsontext.parse(case[kind], duplicates="refused") if kind == "flagText" else case[kind]
    except jsontext.Duplicate:
        return {"accepted": False}
    if jsontext.anywhere(document, unwritable):
        return {"accepted": False}
    world = {**EMPTY, **case.get("snapshot", {})}
    kind = kind.removesuffix("Text")
    key = document.get("key") if kind == "flag" and isinstance(document, dict) else "x"
    world[kind + "s"] = {**world[kind + "s"], key: document}
    try:
        getattr(shape.Shape(world, strict=True), kind)(key, document)
    except shape.Broken as broken:
        return {"accepted": False, "pointer": broken.at}
    return {"accepted": True}


def unwritable(value):
    """What admin input refuses wherever it stands."""
    return jsontext.overflows(value) or jsontext.broken_string(value) or (isinstance(value, str) and "\0" in value)


def answers(file):
    """Yields (case, what the reference answers) of one file."""
    kind = file["kind"]
    if kind == "evaluation":
        world = graph.World(file["snapshot"])
        for case in file["cases"]:
            yield case, {"expect": evaluation(world, case)}
        return
    plain = {
        "conditions": lambda case: condition(file.get("snapshot", EMPTY), case),
        "documents": documents, "snapshots": snapshots, "buckets": bucket, "percents": percent,
        "rebalance": rebalanced, "written": written,
    }[kind]  # fmt: skip
    for case in file["cases"]:
        yield case, plain(case)
