"""Runs one file of vectors against the engine. The format is in sdk/conformance/README.md.

A kind or a member that it does not know is a failure, so that no vector passes unread.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comparison import differences

from pennon._engine import At, Snapshot, SnapshotError, bucket
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

FOLDER = Path(__file__).parents[3] / "conformance"
DEFAULT_NOW = 1_767_225_600_000

INPUTS = {"name", "nowMs", "random", "instance", "context", "contextText", "inject", "mode"}
MEMBERS = {
    "evaluation": INPUTS | {"flag", "type", "expect"},
    "conditions": INPUTS | {"condition", "holds"},
    "documents": {"name", "snapshot", "snapshotText", "repeat", "broken"},
    "snapshots": {"name", "snapshot", "snapshotText", "refused"},
    "buckets": {"name", "salt", "unit", "gateHash", "gateBucket", "splitHash", "splitBucket"},
    "percents": {"name", "percent", "thousandths"},
}
SKIPPED = {"rebalance", "written"}
"""Kinds for who writes flags; an SDK does not."""

INJECTED = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "surrogate": "a\ud800b"}


class SkippedError(Exception):
    """The case is for another runner."""


class Outcome(NamedTuple):
    """What became of one file."""

    cases: int
    failures: list[str]


def files() -> list[Path]:
    """Every file of vectors."""
    return sorted(FOLDER.glob("*.json"))


def run(path: Path) -> Outcome:
    """Runs every case of a file."""
    file = json.loads(path.read_text(encoding="utf-8"))
    kind = file["kind"]
    if kind in SKIPPED:
        return Outcome(0, [])
    unknown = set(file) - {"kind", "description", "snapshot", "cases"}
    if unknown or kind not in MEMBERS:
        return Outcome(0, [f"{path.name}: the kind {kind} or the members {unknown} are not known"])
    count, failures = 0, []
    for case in file["cases"]:
        try:
            found = list(_run(kind, file.get("snapshot"), case))
        except SkippedError:
            continue
        count += 1
        failures += [f"{path.name}: {case['name']}: {one}" for one in found]
    return Outcome(count, failures)


def _run(kind: str, snapshot: object, case: dict[str, Any]) -> Iterator[str]:
    unknown = set(case) - MEMBERS[kind]
    if unknown:
        yield f"the members {unknown} are not known"
    if case.get("mode") == "wire":
        raise SkippedError
    runners: dict[str, Callable[[], Iterator[str]]] = {
        "evaluation": lambda: _evaluation(_compiled(snapshot), case),
        "conditions": lambda: _conditions(snapshot, case),
        "documents": lambda: _documents(case),
        "snapshots": lambda: _snapshots(case),
        "buckets": lambda: _buckets(case),
        "percents": lambda: _percents(case),
    }
    yield from runners[kind]()


_last: tuple[object, Snapshot] | None = None


def _compiled(document: object) -> Snapshot:
    """The snapshot of a file, compiled once."""
    global _last
    if _last is None or _last[0] is not document:
        _last = (document, Snapshot.from_document(document))
    return _last[1]


def context_of(case: dict[str, Any]) -> Any:
    """The context of a case, read as an SDK reads it."""
    context = case.get("context")
    if "contextText" in case:
        try:
            context = json.loads(case["contextText"])
        except ValueError as error:
            raise SkippedError from error
    if "inject" in case:
        context = {**(context or {}), **{name: INJECTED[what] for name, what in case["inject"].items()}}
    return context


def at_of(case: dict[str, Any]) -> At:
    """The moment of a case."""
    return At(case.get("nowMs", DEFAULT_NOW), case.get("random", 0), case.get("instance"))


def _evaluation(snapshot: Snapshot, case: dict[str, Any]) -> Iterator[str]:
    asked = case.get("type")
    found = snapshot.evaluate(case["flag"], context_of(case), asked, at_of(case))
    yield from differences(found, case["expect"], asked)


def _conditions(snapshot: object, case: dict[str, Any]) -> Iterator[str]:
    assert isinstance(snapshot, dict)
    context, at = context_of(case), at_of(case)
    for condition, negated in ((case["condition"], False), ({"not": case["condition"]}, True)):
        flag = {
            "key": "f",
            "type": "boolean",
            "version": 1,
            "enabled": True,
            "variants": {"on": True, "off": False},
            "rules": [{"id": "r", "when": condition, "serve": {"variant": "on"}}],
            "fallthrough": {"variant": "off"},
        }
        compiled = Snapshot.from_document({**snapshot, "flags": {**snapshot["flags"], "f": flag}})
        found = compiled.evaluate("f", context, None, at)
        said = (found.variant, found.error_code, found.rule_id)
        holds = case["holds"]
        if holds == "broken":
            wanted: tuple[str | None, ...] = (None, "PARSE_ERROR", None)
        else:
            wanted = ("on", None, "r") if holds != negated else ("off", None, None)
        if said != wanted:
            yield f"negated {negated}: {said}, not {wanted}; {compiled.broken()}"


def _snapshot(case: dict[str, Any]) -> Snapshot:
    if "snapshotText" in case:
        return Snapshot.from_json(case["snapshotText"])
    snapshot = copy.deepcopy(case["snapshot"])
    for pointer, count in case.get("repeat", {}).items():
        *path, last = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
        holder = snapshot
        for token in path:
            holder = holder[int(token) if isinstance(holder, list) else token]
        holder[int(last) if isinstance(holder, list) else last] *= count
    # As text, too: that is how a snapshot arrives.
    return Snapshot.from_json(json.dumps(snapshot))


def _documents(case: dict[str, Any]) -> Iterator[str]:
    snapshot = _snapshot(case)
    at = At(DEFAULT_NOW)
    found = {key for key in snapshot.flags if snapshot.evaluate(key, {}, None, at).error_code == "PARSE_ERROR"}
    if found != set(case["broken"]) or found != set(snapshot.broken()):
        yield f"broken are {sorted(found)}, not {case['broken']}: {snapshot.broken()}"


def _snapshots(case: dict[str, Any]) -> Iterator[str]:
    try:
        _snapshot(case)
        refused = False
    except SnapshotError:
        refused = True
    if refused != case["refused"]:
        yield f"refused is {refused}"


def _buckets(case: dict[str, Any]) -> Iterator[str]:
    before, unit = bucket.prefix(case["salt"]), case["unit"]
    found = {
        "gateHash": bucket.gate_hash(before, unit),
        "gateBucket": bucket.gate_bucket(before, unit),
        "splitHash": bucket.split_hash(before, unit),
        "splitBucket": bucket.split_bucket(before, unit),
    }
    wanted = {name: case[name] for name in found}
    if found != wanted:
        yield f"{found}, not {wanted}"


def _percents(case: dict[str, Any]) -> Iterator[str]:
    try:
        found: int | None = bucket.thousandths(case["percent"])
    except Malformed:
        found = None
    if found != case["thousandths"]:
        yield f"{found}, not {case['thousandths']}"
