"""Rules, with the runs that count exposures to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pennon._engine import condition, reading, reference, serve
from pennon._engine.evaluation import Track
from pennon._engine.reading import Malformed, Members, Shape

if TYPE_CHECKING:
    from pennon._engine.condition import When
    from pennon._engine.serve import Split

_RULE: Final = Shape("a rule", frozenset({"id", "when", "serve", "track", "description"}))
_TRACK: Final = Shape("a track")

TARGET_ID: Final = "target"
"""The id that results of targets carry; no rule may have it."""


class Run(NamedTuple):
    """A run that counts exposures to a rule."""

    run: str
    arm: str | None
    by: tuple[str, ...]

    def track(self, served: str | None) -> Track:
        """What a result carries; `served` is the variant of a split, which is then the arm."""
        return Track(self.run, self.by, served or self.arm, reference.finder(self.by))


class Rule(NamedTuple):
    """A condition and what those who meet it are served."""

    id: str
    when: When | None
    """None: always."""
    serve: str | Split
    run: Run | None


def read(value: object, variants: dict[str, object], salt: str) -> Rule:
    """Reads one rule."""
    members = Members(value, _RULE)
    rule_id = members.need("id", _rule_id)
    members.read("description", reading.string, "")
    when = members.need("when", lambda inner: condition.read(inner, salt)) if "when" in members else None
    served = members.need("serve", lambda inner: serve.read(inner, variants))
    run = members.need("track", _run) if "track" in members else None
    if run is not None and run.arm is not None and not isinstance(served, str):
        raise Malformed("beside a split the arm is the variant served; leave it out").within("track")
    return Rule(rule_id, when, served, run)


def _rule_id(value: object) -> str:
    found = reading.string(value)
    if reading.RULE_ID.fullmatch(found) is None:
        raise Malformed("a rule's id is 1 to 100 of A-Z a-z 0-9 . _ - / and begins with a letter or digit")
    if found == TARGET_ID:
        raise Malformed("the id target is reserved for results of targets")
    return found


def _run(value: object) -> Run:
    members = Members(value, _TRACK)
    arm = members.need("arm", reading.string) if "arm" in members else None
    by = members.read("by", reference.by_in_list, reference.DEFAULT_BY)
    return Run(members.need("run", reading.string), arm, by)
