"""A patched snapshot is the snapshot of the patched document."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import TYPE_CHECKING

import generated
import pytest

from pennon._engine import At, Snapshot, SnapshotError

if TYPE_CHECKING:
    from typing import Any

MEMBERS = {"flags": ("flag", generated.FLAGS), "segments": ("segment", generated.SEGMENTS)}
MEMBERS["layers"] = ("layer", generated.LAYERS)
EDITS = 12
"""Patches in a row, each on the snapshot that the one before made."""


def _whole(random: Random) -> dict[str, Any]:
    whole: dict[str, Any] = {"schemaVersion": 1, "epoch": 5, "project": "p", "environment": "e", "revision": 1}
    for member, (kind, keys) in MEMBERS.items():
        made = {key: generated.document(random, kind, key) for key in keys if random.random() < 0.8}
        whole[member] = made
    return whole


def _edit(random: Random, whole: dict[str, Any]) -> dict[str, Any]:
    """A patch, which is applied to the whole as well."""
    patch: dict[str, Any] = {"epoch": 5, "from": whole["revision"], "revision": whole["revision"] + 1}
    whole["revision"] += 1
    for member, (kind, keys) in MEMBERS.items():
        changes: dict[str, Any] = {}
        for key in random.sample(keys, random.randint(0, 2)):
            made = None if random.random() < 0.25 else generated.document(random, kind, key)
            changes[key] = made
            if made is None:
                whole[member].pop(key, None)
            else:
                whole[member][key] = made
        if changes or random.random() < 0.5:
            patch[member] = changes
    return patch


def _answers(snapshot: Snapshot, seed: int) -> list[object]:
    random = Random(seed)
    found: list[object] = [snapshot.broken().keys(), snapshot.document(), snapshot.revision, snapshot.flag_keys()]
    for _ in range(6):
        context = generated.context(random)
        at = At(1_767_225_600_000 + random.choice([-1, 0, 501]), random.getrandbits(32), "i")
        found += [repr(snapshot.evaluate(key, context, None, at)) for key in generated.FLAGS]
    border: int | None = 0
    while border is not None:
        border = snapshot.next_border(border)
        found.append(border)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_a_patched_snapshot_answers_as_the_whole_document_would(seed: int) -> None:
    random = Random(seed)
    whole = _whole(random)
    snapshot = Snapshot.from_document(whole)
    for _ in range(EDITS):
        before = _answers(snapshot, seed)
        patched = snapshot.patched(copy.deepcopy(_edit(random, whole)))
        assert _answers(patched, seed) == _answers(Snapshot.from_json(json.dumps(whole)), seed)
        assert _answers(snapshot, seed) == before
        snapshot = patched


def test_the_random_documents_reach_what_they_are_made_for() -> None:
    reasons: set[str] = set()
    faults = ""
    for seed in range(40):
        snapshot = Snapshot.from_document(_whole(Random(seed)))
        faults += " ".join(snapshot.broken().values())
        for answer in _answers(snapshot, seed):
            if isinstance(answer, str):
                reasons |= set(answer.replace("'", " ").split())
    assert {"STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "PARSE_ERROR", "FLAG_NOT_FOUND"} <= reasons
    for said in ("circle", "is broken", "no flag", "no segment", "no layer", "no variant named", "required"):
        assert said in faults


def test_what_a_patch_does_not_touch_is_shared() -> None:
    whole = _whole(Random(3))
    whole["flags"]["alone"] = _plain("alone")
    whole["flags"]["other"] = _plain("other")
    snapshot = Snapshot.from_document(whole)
    patched = snapshot.patched({"revision": 2, "flags": {"other": _plain("other", enabled=False)}})
    at = At(0)
    assert patched.evaluate("alone", {}, None, at) is snapshot.evaluate("alone", {}, None, at)
    assert patched.evaluate("other", {}, None, at).reason == "DISABLED"
    assert snapshot.evaluate("other", {}, None, at).reason == "STATIC"


def _plain(key: str, enabled: bool = True) -> dict[str, Any]:
    variants = {"on": True, "off": False}
    flag = {"key": key, "type": "boolean", "enabled": enabled, "variants": variants, "offVariant": "off"}
    return flag | {"fallthrough": {"variant": "on"}}


@pytest.mark.parametrize(
    "patch",
    [
        None,
        [],
        {},
        {"revision": None},
        {"revision": "2"},
        {"revision": 2.5},
        {"revision": True},
        {"revision": 2, "flags": []},
        {"revision": 2, "flags": None},
        {"revision": 2, "segments": 5},
        {"revision": 2, "layers": "x"},
        {"revision": 2, "flags": {5: None}},
        {"revision": 2, "epoch": 6},
        {"revision": 2, "from": 7},
    ],
)
def test_a_malformed_patch_is_refused_and_the_snapshot_stays(patch: object) -> None:
    snapshot = Snapshot.from_document({"epoch": 5, "revision": 1, "flags": {"f": _plain("f")}})
    with pytest.raises(SnapshotError):
        snapshot.patched(patch)
    assert snapshot.revision == 1
    assert snapshot.evaluate("f", {}, None, At(0)).value is True


def test_a_flag_that_is_put_back_mends_those_that_name_it() -> None:
    needs = _plain("needs") | {"prerequisites": [{"flag": "f", "variants": ["on"]}]}
    snapshot = Snapshot.from_document({"revision": 1, "flags": {"f": _plain("f"), "needs": needs}})
    at = At(0)
    without = snapshot.patched({"revision": 2, "flags": {"f": None, "never-there": None}})
    assert without.evaluate("needs", {}, None, at).error_code == "PARSE_ERROR"
    assert without.evaluate("f", {}, None, at).error_code == "FLAG_NOT_FOUND"
    assert len(without.flags) == 1
    again = without.patched({"revision": 3, "flags": {"f": _plain("f")}})
    assert again.evaluate("needs", {}, None, at).value is True
