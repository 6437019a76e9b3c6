"""What is later takes the place of what is earlier, and nothing else does."""

from __future__ import annotations

import pytest

from pennon._transport.order import Position, Verdict, of_patch, of_put

HELD = Position(5, 10)


@pytest.mark.parametrize(
    ("held", "new", "verdict"),
    [
        (None, Position(0, 0), Verdict.APPLY),
        (HELD, Position(5, 11), Verdict.APPLY),
        (HELD, Position(6, 1), Verdict.APPLY),
        (HELD, Position(5, 10), Verdict.IGNORE),
        (HELD, Position(5, 9), Verdict.IGNORE),
        (HELD, Position(4, 99), Verdict.IGNORE),
    ],
)
def test_a_whole_snapshot_is_ordered_by_epoch_and_revision(
    held: Position | None, new: Position, verdict: Verdict
) -> None:
    assert of_put(held, new) is verdict


@pytest.mark.parametrize(
    ("held", "start", "revision", "verdict"),
    [
        (HELD, Position(5, 10), 11, Verdict.APPLY),
        (HELD, Position(5, 10), 99, Verdict.APPLY),
        (HELD, Position(5, 11), 12, Verdict.REOPEN),
        (HELD, Position(5, 9), 11, Verdict.REOPEN),
        (HELD, Position(6, 10), 11, Verdict.REOPEN),
        (HELD, Position(5, 9), 10, Verdict.IGNORE),
        (HELD, Position(5, 10), 10, Verdict.IGNORE),
        (HELD, Position(4, 10), 11, Verdict.IGNORE),
        (None, Position(5, 10), 11, Verdict.REOPEN),
    ],
)
def test_a_patch_follows_what_is_held_or_tells_nothing_new_or_shows_a_gap(
    held: Position | None, start: Position, revision: int, verdict: Verdict
) -> None:
    assert of_patch(held, start, revision) is verdict


def test_a_position_is_written_as_the_wire_has_it() -> None:
    assert str(Position(1_795_393_578_941, 42)) == "1795393578941-42"
