"""What a rule or the fallthrough serves: one variant, or a split of several."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from pennon._engine import bucket, limits, reading, reference, variant
from pennon._engine.condition import Draw, read_draw
from pennon._engine.reading import Malformed, Members, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from pennon._engine.condition import Links
    from pennon._engine.evaluation import Evaluation
    from pennon._engine.moment import Now

    Decide: TypeAlias = Callable[[Mapping[str, object], Now], Evaluation]

_SERVE: Final = Shape("what is served", frozenset({"variant", "split", "by", "layer"}))
_SLOT: Final = Shape("a slot of a split", frozenset({"variant", "weight"}))


class Slot(NamedTuple):
    """A share of the bucket range."""

    variant: str
    weight: int


class Split(NamedTuple):
    """Shares of the bucket range, in order, and what draws the bucket."""

    slots: tuple[Slot, ...]
    draw: Draw

    def link(self, salt: str, links: Links, result: Callable[[str], Evaluation], missing: Evaluation) -> Decide:
        """What decides by the unit's bucket; `missing` is the result without a unit."""
        ends = list(accumulate(slot.weight for slot in self.slots))
        made = {name: result(name) for name in {slot.variant for slot in self.slots}}
        return _drawn(ends, [made[slot.variant] for slot in self.slots], missing, *self.draw.units(salt, links))


def _drawn(ends: list[int], served: list[Evaluation], missing: Evaluation, salt: str, by: tuple[str, ...]) -> Decide:
    before = bucket.prefix(salt)
    find = reference.finder(by)

    def decide(context: Mapping[str, object], at: Now) -> Evaluation:
        unit = find(context, at)
        if unit is None:
            return missing
        return served[bisect_right(ends, bucket.split_bucket(before, unit))]

    return decide


def read(value: object, variants: dict[str, object]) -> str | Split:
    """Reads what is served: a variant's name, or a split."""
    members = Members(value, _SERVE)
    if "split" not in members:
        for name in ("by", "layer"):
            if name in members:
                raise Malformed("only a split has a by or a layer").within(name)
        return members.need("variant", lambda inner: variant.read_name(inner, variants))
    if "variant" in members:
        raise Malformed("either one variant is served or a split, not both")
    slots = members.need("split", lambda inner: _slots(inner, variants))
    return Split(slots, read_draw(members))


def _slots(value: object, variants: dict[str, object]) -> tuple[Slot, ...]:
    items = reading.array(value)
    reading.within_limit(len(items), limits.SLOTS_PER_SPLIT, "slots")
    slots = tuple(reading.each(items, lambda item: _slot(item, variants)))
    total = sum(slot.weight for slot in slots)
    if total != limits.WHOLE:
        raise Malformed(f"the weights sum to {total}; they must sum to {limits.WHOLE}")
    return slots


def _slot(value: object, variants: dict[str, object]) -> Slot:
    members = Members(value, _SLOT)
    name = members.need("variant", lambda inner: variant.read_name(inner, variants))
    return Slot(name, members.need("weight", reading.count))
