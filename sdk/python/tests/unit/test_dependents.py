"""Which flags may answer differently after a change, or after a date."""

from __future__ import annotations

from typing import Any

import pytest

from documents import document, flag, patch, snapshot
from pennon._engine import dependents

IN_BETA = {"id": "beta", "when": {"segment": "beta"}, "serve": {"variant": "on"}}
BETA = {"beta": {"included": ["u"]}}


def _environment(**members: Any) -> list[dict[str, Any]]:
    return [
        flag("alone"),
        flag("in-segment", rules=[IN_BETA]),
        flag("needs-it", prerequisites=[{"flag": "in-segment", "variants": ["on"]}]),
        flag(
            "in-layer",
            rules=[{"id": "l", "when": {"percentage": [0, 50], "layer": "tests"}, "serve": {"variant": "off"}}],
        ),
        flag("dated", rules=[_after("dated", "2026-12-01T00:00:00Z")]),
        flag("needs-dated", prerequisites=[{"flag": "dated", "variants": ["on"]}]),
    ]


def _after(rule: str, date: str) -> dict[str, Any]:
    return {
        "id": rule,
        "when": {"attribute": "$now", "op": "after", "values": [date]},
        "serve": {"variant": "off"},
    }


WHOLE = snapshot(*_environment(), segments=BETA, layers={"tests": {"salt": "t"}})


def test_from_nothing_every_flag_has_changed() -> None:
    assert dependents.changed(None, WHOLE) == set(WHOLE.flag_keys())


def test_nothing_has_changed_when_only_the_revision_has() -> None:
    again = document(*_environment(), revision=9, segments=BETA, layers={"tests": {"salt": "t"}})
    assert dependents.changed(WHOLE, type(WHOLE).from_document(again)) == set()
    assert dependents.changed(WHOLE, WHOLE.patched(patch(1, 2))) == set()


@pytest.mark.parametrize(("before", "after"), [([1], [True]), ([0], [False]), ([3], [3.0]), (["1"], [1]), ([], [{}])])
def test_a_change_that_python_calls_equal_is_a_change(before: list[Any], after: list[Any]) -> None:
    old, new = (snapshot(flag("f", metadata={"x": one}), revision=1) for one in (before, after))
    assert dependents.changed(old, new) == {"f"}
    assert dependents.changed(old, snapshot(flag("f", metadata={"x": list(before)}))) == set()


def test_a_flag_that_changed_changes_what_needs_it() -> None:
    after = WHOLE.patched(patch(1, 2, flag("in-segment", enabled=False, rules=[IN_BETA])))
    assert dependents.changed(WHOLE, after) == {"in-segment", "needs-it"}


def test_a_segment_and_a_layer_change_what_names_them() -> None:
    after = WHOLE.patched(patch(1, 2, segments={"beta": {"included": ["v"]}}))
    assert dependents.changed(WHOLE, after) == {"in-segment", "needs-it"}
    assert dependents.changed(WHOLE, WHOLE.patched(patch(1, 2, layers={"tests": {"salt": "u"}}))) == {"in-layer"}


def test_a_segment_that_is_gone_changes_what_named_it() -> None:
    after = WHOLE.patched(patch(1, 2, segments={"beta": None}))
    assert dependents.changed(WHOLE, after) == {"in-segment", "needs-it"}
    assert dependents.changed(after, after.patched(patch(2, 3, segments=BETA))) == {"in-segment", "needs-it"}


def test_flags_that_are_made_and_taken_out_have_changed() -> None:
    after = WHOLE.patched(patch(1, 2, flags={"alone": None, "new": flag("new")}))
    assert dependents.changed(WHOLE, after) == {"alone", "new"}


def test_a_date_that_passes_concerns_the_flag_and_what_needs_it() -> None:
    border = WHOLE.next_border(0)
    assert border == 1_796_083_200_001  # the millisecond after the date
    assert dependents.passed(WHOLE, border - 1, border) == {"dated", "needs-dated"}
    assert dependents.passed(WHOLE, border, border + 1) == set()
    assert dependents.passed(WHOLE, 0, border - 1) == set()
