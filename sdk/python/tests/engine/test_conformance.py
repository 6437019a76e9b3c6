"""Every vector of sdk/conformance, and the differential runner on the same vectors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import conformance
import differential
import pytest
import vectors

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", vectors.files(), ids=lambda path: path.stem)
def test_every_vector_of_a_file_holds(path: Path) -> None:
    outcome = vectors.run(path)
    assert outcome.failures == []
    kind = json.loads(path.read_text(encoding="utf-8"))["kind"]
    assert (outcome.cases > 0) == (kind not in vectors.SKIPPED)


def test_the_runner_fails_on_a_wrong_expectation_and_on_what_it_does_not_know(tmp_path: Path) -> None:
    case = {"name": "c", "salt": "s", "unit": "é", "gateHash": 3895647214, "gateBucket": 14472}
    case |= {"splitHash": 1900174252, "splitBucket": 25275}
    path = tmp_path / "vectors.json"
    for file in (
        {"kind": "buckets", "description": "", "cases": [case]},
        {"kind": "buckets", "description": "", "cases": [{**case, "splitBucket": 25274, "more": 1}]},
        {"kind": "newer", "description": "", "cases": []},
        {"kind": "buckets", "description": "", "cases": [], "more": 1},
    ):
        path.write_text(json.dumps(file), encoding="utf-8")
        assert vectors.run(path).failures, file
    path.write_text(json.dumps({"kind": "buckets", "description": "", "cases": [{**case, "splitBucket": 25274}]}))
    assert vectors.run(path) == (1, [])


def _lines() -> list[str]:
    """The vectors of whole evaluations, in the form of the differential runner."""
    lines = []
    for path in vectors.files():
        file = json.loads(path.read_text(encoding="utf-8"))
        if file["kind"] == "evaluation":
            cases = [
                {
                    "flag": case["flag"],
                    "context": case.get("context", {}),
                    "nowMs": case.get("nowMs", vectors.DEFAULT_NOW),
                    "random": case.get("random", 0),
                    "expect": case["expect"],
                }
                | {name: case[name] for name in ("type", "instance") if name in case}
                for case in file["cases"]
                if not {"mode", "contextText", "inject"} & set(case)
            ]
            lines.append(json.dumps({"snapshot": file["snapshot"], "cases": cases}))
    return lines


def test_the_differential_runner_finds_no_difference_to_the_vectors() -> None:
    pairs, found = differential.compare(_lines())
    assert found == []
    assert pairs > 4_000


def test_the_differential_runner_finds_a_difference() -> None:
    line = json.loads(_lines()[0])
    line["cases"][0]["expect"]["reason"] = "NONE"
    _, found = differential.compare([json.dumps(line)])
    assert len(found) == 1
    assert "NONE" in found[0]
    _, found = differential.compare([json.dumps({**line, "snapshot": []})])
    assert "refused" in found[0]


def test_the_conformance_command_says_how_many_cases_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert conformance.main([vectors.FOLDER / "buckets.json"]) == 0
    assert capsys.readouterr().out == "conformance python: 7 cases\n"
    assert conformance.main([]) == 1
