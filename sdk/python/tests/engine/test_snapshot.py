"""Snapshots as documents: what they tell, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from making import AT, flag, snapshot

from pennon._engine import At, Snapshot, SnapshotError

if TYPE_CHECKING:
    from typing import Any


def test_a_snapshot_tells_what_it_holds() -> None:
    found = Snapshot.from_document(
        {
            "schemaVersion": 1.0,
            "epoch": 5,
            "project": "shop",
            "environment": "production",
            "revision": 42,
            "flags": {
                "b": flag("b", clientVisible=True),
                "a": flag("a", type="string"),
                "c": {"type": "number", "clientVisible": True},
                "d": None,
            },
        }
    )
    assert (found.schema_version, found.epoch, found.project, found.environment) == (1, 5, "shop", "production")
    assert found.revision == 42
    assert found.flag_keys() == ["a", "b", "c", "d"]
    assert len(found.flags) == 4
    assert [found.flag_type(key) for key in "abcde"] == ["string", "boolean", "number", None, None]
    assert [found.is_client_visible(key) for key in "abcde"] == [False, True, True, False, False]
    assert list(found.broken()) == ["a", "c", "d"]


def test_the_next_border_is_where_an_answer_changes() -> None:
    def timed(key: str, *tests: tuple[str, str, object]) -> dict[str, Any]:
        leaves = [{"attribute": name, "op": op, "values": [value]} for name, op, value in tests]
        return flag(key, rules=[{"id": "r", "when": {"any": leaves}, "serve": {"variant": "on"}}])

    found = snapshot(
        timed("a", ("$now", "before", "1970-01-01T00:00:01Z"), ("other", "after", 7)),
        timed("b", ("$now", "after", 2_000), ("$now", "in", 5_000)),
        timed("c", ("$now", "gte", 2_500.5), ("$now", "lte", 3_000), ("$now", "lt", 1e300), ("$now", "gt", 4_000)),
    )
    borders = [found.next_border(-1) or 0]
    while (following := found.next_border(borders[-1])) is not None:
        borders.append(following)
    assert borders == [1_000, 2_001, 2_501, 3_001, 4_001, 5_000, 5_001]
    for border in borders:
        before, after = (
            [found.evaluate(key, {}, None, At(moment)).value for key in "abc"] for moment in (border - 1, border)
        )
        if border in {1_000, 2_001}:
            assert before != after


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "NaN",
        '{"epoch": NaN}',
        '{"schemaVersion": 2}',
        '{"schemaVersion": true}',
        '{"flags": []}',
        '{"epoch": "5"}',
        '{"revision": 1.5}',
        '{"project": 5}',
        "\ufeff{}",
        b"\xff",
        b'{"project": "\xe9"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_snapshot_is_refused(text: str | bytes) -> None:
    with pytest.raises(SnapshotError) as refused:
        Snapshot.from_json(text)
    assert "snapshot" in str(refused.value) or "member" in str(refused.value)


def test_numbers_of_thousands_of_digits_and_deep_nesting_break_their_flag_alone() -> None:
    good = f'"good": {json.dumps(flag("good"))}'
    for metadata in ("9" * 5_000, "1e400", "[" * 130 + "]" * 130):
        bad = good.replace("good", "bad")[:-1] + f', "metadata": {{"m": {metadata}}}}}'
        found = Snapshot.from_json(f'{{"flags": {{{good}, {bad}}}}}')
        assert list(found.broken()) == ["bad"]
        assert found.evaluate("good", {}, None, AT).value is False
        assert Snapshot.from_document(found.document()).broken().keys() == {"bad"}
