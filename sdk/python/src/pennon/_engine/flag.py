"""Flags as documents: what a flag says, well-formed by itself, not yet linked to what it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from pennon._engine import bucket, condition, limits, reading, reference, rule, serve, target, variant
from pennon._engine.outcomes import Outcomes
from pennon._engine.reading import Malformed, Members, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pennon._engine.condition import Mention, When
    from pennon._engine.rule import Rule

    T = TypeVar("T")

_FLAG: Final = Shape("a flag", nullable=True)
_PREREQUISITE: Final = Shape("a prerequisite")
_OVERRIDE: Final = Shape("an override", frozenset({"variant", "percentage", "salt", "by", "cause"}))

_RESERVED_METADATA: Final = ("ruleId", "version", "cause", "prerequisite")
"""The names of metadata that results set themselves."""


class Override(NamedTuple):
    """A tripped kill switch: a gate with its own salt, before anything else of an enabled flag."""

    variant: str
    end: int
    salt: str
    by: tuple[str, ...]
    cause: str


class Flag:
    """A flag that is well-formed by itself. Raises `Malformed`."""

    __slots__ = (
        "borders",
        "client_visible",
        "enabled",
        "fallthrough",
        "fickle",
        "kind",
        "mentions",
        "off",
        "outcomes",
        "override",
        "prerequisites",
        "rules",
        "salt",
        "targets",
    )

    def __init__(self, key: str, document: object) -> None:
        members = Members(document, _FLAG)
        if members.need("key", reading.string) != reading.key(key, "a key"):
            raise Malformed(f"the flag's key is {key!r} here").within("key")
        self.kind = members.need("type", variant.read_type)
        self.salt = members.read("salt", reading.string, key)
        version = members.read("version", reading.count, 0)
        variants = members.need("variants", lambda value: variant.read_variants(value, self.kind))
        self.client_visible = members.read("clientVisible", reading.boolean, False)
        nothing: dict[str, object] = {}
        metadata = members.read("metadata", _metadata, nothing)
        self.outcomes = Outcomes(key, self.kind, variants, version, metadata)
        self._read_configuration(members, variants)
        whens = [one.when for one in self.rules if one.when is not None]
        self.mentions = tuple(self._mentioned(whens))
        self.borders = tuple(border for when in whens for border in when.borders)
        drawn = [one.draw.by for one in self._splits()]
        self.fickle = any(when.fickle for when in whens) or any(map(reference.is_fickle, drawn))

    def _read_configuration(self, members: Members, variants: dict[str, object]) -> None:
        self.enabled = members.need("enabled", reading.boolean)
        self.off: str | None = None
        if "offVariant" in members:
            self.off = members.need("offVariant", lambda value: variant.read_name(value, variants))
        self.override: Override | None = None
        if "override" in members:
            self.override = members.need("override", lambda value: _override(value, variants))
        self.prerequisites = _items(members, "prerequisites", _prerequisite)
        self.targets = _items(members, "targets", lambda value: target.read(value, variants))
        self.rules = _items(members, "rules", lambda value: rule.read(value, variants, self.salt))
        if "rules" in members:
            _check_rules(self.rules)
        self.fallthrough = members.need("fallthrough", lambda value: serve.read(value, variants))

    @property
    def is_static(self) -> bool:
        """Whether nothing but the fallthrough decides, and it is one variant."""
        decisive = self.override or self.prerequisites or self.targets or self.rules
        return not decisive and isinstance(self.fallthrough, str)

    def _splits(self) -> Iterator[serve.Split]:
        for served in (*(one.serve for one in self.rules), self.fallthrough):
            if not isinstance(served, str):
                yield served

    def _mentioned(self, whens: list[When]) -> Iterator[Mention]:
        yield from self.prerequisites
        for when in whens:
            yield from when.mentions
        for split in self._splits():
            yield from split.draw.mentions()


def _items(members: Members, name: str, read: Callable[[object], T]) -> tuple[T, ...]:
    return members.read(name, lambda value: tuple(reading.each(reading.array(value), read)), ())


def _check_rules(rules: tuple[Rule, ...]) -> None:
    try:
        reading.within_limit(len(rules), limits.RULES_PER_FLAG, "rules")
        if len({one.id for one in rules}) < len(rules):
            raise Malformed("two rules have one id")
    except Malformed as malformed:
        malformed.within("rules")
        raise


def _prerequisite(value: object) -> Mention:
    return condition.read_flag_reference(Members(value, _PREREQUISITE))


def _override(value: object, variants: dict[str, object]) -> Override:
    members = Members(value, _OVERRIDE)
    return Override(
        members.need("variant", lambda inner: variant.read_name(inner, variants)),
        members.need("percentage", bucket.thousandths),
        members.need("salt", reading.string),
        members.read("by", reference.by_in_list, reference.DEFAULT_BY),
        members.need("cause", reading.string),
    )


def _metadata(value: object) -> dict[str, object]:
    """The flag's own metadata, which is free but for being JSON that every language reads alike."""
    if not isinstance(value, dict):
        raise reading.wrong_type(value, "an object")
    for name in _RESERVED_METADATA:
        if name in value:
            raise Malformed("results carry metadata of this name; choose another").within(name)
    reading.sound_json(value)
    return value
