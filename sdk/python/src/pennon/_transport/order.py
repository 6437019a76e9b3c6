"""Which of two snapshots is the later one, and what to do with what arrives. Pure."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Position(NamedTuple):
    """Where a snapshot stands in the history of its environment; later ones are greater."""

    epoch: int
    revision: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.revision}"


class Verdict(Enum):
    """What to do with a snapshot or a patch."""

    APPLY = "apply"
    """It is later than what is held."""
    IGNORE = "ignore"
    """It tells nothing new."""
    REOPEN = "reopen"
    """Something between was missed: only a whole snapshot helps."""


def of_put(held: Position | None, new: Position) -> Verdict:
    """A whole snapshot: a lower one never replaces a higher one, and the same one changes nothing."""
    return Verdict.APPLY if held is None or new > held else Verdict.IGNORE


def of_patch(held: Position | None, start: Position, revision: int) -> Verdict:
    """A change from `start` to `revision` of the same epoch."""
    if held is None:
        return Verdict.REOPEN
    if Position(start.epoch, revision) <= held:
        return Verdict.IGNORE
    return Verdict.APPLY if start == held else Verdict.REOPEN
