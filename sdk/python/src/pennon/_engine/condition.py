"""Reads conditions, and links them to predicates.

Must not ignore an unknown member: dropped targeting would reach the wrong people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from pennon._engine import bucket, limits, logic, operators, reading, reference
from pennon._engine.reading import Malformed, Members, Shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pennon._engine.logic import Predicate


class Mention(NamedTuple):
    """One place where a document names another."""

    kind: str
    """`flag`, `segment` or `layer`."""
    key: str
    variants: tuple[str, ...] = ()
    """Of a flag: the variants that count."""


class Units(NamedTuple):
    """A layer as it is drawn by."""

    salt: str
    by: tuple[str, ...]


class Links(Protocol):
    """What mentions lead to, once a document is linked and all it names is sound."""

    def serves(self, key: str, variants: tuple[str, ...]) -> Predicate:
        """Whether that flag is enabled and serves one of these variants."""

    def segment(self, key: str) -> Predicate:
        """Whether a context is in that segment."""

    def layer(self, key: str) -> Units:
        """That layer."""


if TYPE_CHECKING:
    Linkable: TypeAlias = Callable[[Links], Predicate]


class When(NamedTuple):
    """A condition that is read, and what is known of it without the documents that it names."""

    link: Linkable
    mentions: tuple[Mention, ...]
    segments: tuple[str, ...]
    """The segments that it names, whose percentages count as its own."""
    draws: bool
    """A percentage stands in it."""
    fickle: bool
    """It asks for the time, or for chance."""
    borders: tuple[int, ...]
    """The epoch milliseconds at which it may begin to answer otherwise."""


class Draw(NamedTuple):
    """Where unit and salt come from: `by` with the salt of the document, or a layer."""

    by: tuple[str, ...]
    layer: str | None

    def units(self, salt: str, links: Links) -> Units:
        """What is drawn by, once linked."""
        return Units(salt, self.by) if self.layer is None else links.layer(self.layer)

    def mentions(self) -> tuple[Mention, ...]:
        """The layer that is named."""
        return () if self.layer is None else (Mention("layer", self.layer),)


_FORMS: Final = {
    form: Shape("a condition", frozenset({form, *others}))
    for form, others in {
        "all": (),
        "any": (),
        "not": (),
        "attribute": ("op", "values", "ignoreCase"),
        "segment": (),
        "flag": ("variants",),
        "percentage": ("by", "layer"),
    }.items()
}


def read(value: object, salt: str) -> When:
    """Reads one condition and all below it; `salt` is that of the flag or segment that it stands in."""
    reader = _Reader(salt)
    link = reader.condition(value, 1)
    return When(
        link, tuple(reader.mentions), tuple(reader.segments), reader.draws, reader.fickle, tuple(reader.borders)
    )


def read_draw(members: Members) -> Draw:
    """Reads `by` or `layer`, beside a percentage or a split."""
    if "layer" not in members:
        return Draw(members.read("by", reference.by_in_draw, reference.DEFAULT_BY), None)
    if "by" in members:
        raise Malformed("a layer brings its own by; leave one of the two out").within("layer")
    return Draw((), members.need("layer", reading.string))


def read_flag_reference(members: Members) -> Mention:
    """Reads `flag` and `variants`, of a prerequisite or a condition."""
    key = members.need("flag", reading.string)
    names = members.need("variants", lambda value: tuple(reading.each(reading.filled_values(value), reading.string)))
    return Mention("flag", key, names)


def read_range(value: object) -> tuple[int, int]:
    """Reads a percentage or a range of percentages, as thousandths of a percent."""
    if not isinstance(value, list):
        return 0, bucket.thousandths(value)
    if len(value) != 2:
        raise Malformed("a range of percentages is written [from, to]")
    start, end = reading.each(value, bucket.thousandths)
    if start > end:
        raise Malformed("a range of percentages may not end before it begins")
    return start, end


class _Reader:
    """Reads one tree, and collects what is asked of the tree as a whole."""

    def __init__(self, salt: str) -> None:
        self._salt = salt
        self.mentions: list[Mention] = []
        self.segments: list[str] = []
        self.borders: list[int] = []
        self.draws = False
        self.fickle = False

    def condition(self, value: object, depth: int) -> Linkable:
        if depth > limits.CONDITION_DEPTH:
            raise Malformed(f"conditions may be nested at most {limits.CONDITION_DEPTH} deep")
        if not isinstance(value, dict):
            raise reading.wrong_type(value, "a condition")
        form = next((form for form in _FORMS if form in value), None)
        if form is None:
            raise Malformed(f"a condition has one of the members {', '.join(_FORMS)}")
        members = Members(value, _FORMS[form])
        if form in {"all", "any"}:
            join = logic.all_of if form == "all" else logic.any_of
            return self._joined(join, members.need(form, lambda inner: self._branches(inner, depth + 1)))
        if form == "not":
            return self._negated(members.need("not", lambda inner: self.condition(inner, depth + 1)))
        read_leaf = {
            "attribute": self._attribute,
            "segment": self._segment,
            "flag": self._flag,
            "percentage": self._percentage,
        }
        return read_leaf[form](members)

    def _branches(self, value: object, depth: int) -> list[Linkable]:
        return list(reading.each(reading.array(value), lambda inner: self.condition(inner, depth)))

    def _joined(self, join: Callable[[list[Predicate]], Predicate], parts: list[Linkable]) -> Linkable:
        if all(isinstance(part, _Fixed) for part in parts):
            return _Fixed(join([part.holds for part in parts if isinstance(part, _Fixed)]))
        return lambda links: join([part(links) for part in parts])

    def _negated(self, inner: Linkable) -> Linkable:
        if isinstance(inner, _Fixed):
            return _Fixed(logic.negation(inner.holds))
        return lambda links: logic.negation(inner(links))

    def _attribute(self, members: Members) -> Linkable:
        written = members.need("attribute", lambda value: reference.reference(value, reference.IN_CONDITION))
        test = operators.read(members)
        if written == reference.NOW:
            self.fickle = True
            self.borders += test.borders
        return _Fixed(_leaf(written, test))

    def _segment(self, members: Members) -> Linkable:
        key = members.need("segment", reading.string)
        self.mentions.append(Mention("segment", key))
        self.segments.append(key)
        return lambda links: links.segment(key)

    def _flag(self, members: Members) -> Linkable:
        mention = read_flag_reference(members)
        self.mentions.append(mention)
        return lambda links: links.serves(mention.key, mention.variants)

    def _percentage(self, members: Members) -> Linkable:
        start, end = members.need("percentage", read_range)
        draw = read_draw(members)
        self.draws = True
        self.fickle |= reference.is_fickle(draw.by)
        self.mentions += draw.mentions()
        salt = self._salt
        if draw.layer is None:
            return _Fixed(bucket.gate(start, end, salt, draw.by))
        return lambda links: bucket.gate(start, end, *draw.units(salt, links))


class _Fixed:
    """What needs no other document, and is linked once and for all."""

    __slots__ = ("holds",)

    def __init__(self, holds: Predicate) -> None:
        self.holds = holds

    def __call__(self, _links: Links) -> Predicate:
        return self.holds


def _leaf(written: str, test: operators.Test) -> Predicate:
    """A test of an attribute."""
    holds = test.holds
    if written == reference.NOW:
        return lambda _context, at: holds(at.now_ms)
    if written == reference.INSTANCE:
        return lambda _context, at: holds(at.instance)
    if written[0] == "/":
        find = reference.lookup(written)
        return lambda context, _at: holds(find(context))
    return test.leaf(written)
