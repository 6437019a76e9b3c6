"""Links documents to one another: what is broken by what it names, and what decides each flag.

Only what changed, and what reaches it, is linked again; everything else is shared with the snapshot before. Must not
read documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pennon._engine import decision, graph, limits, logic, reference
from pennon._engine.condition import Units
from pennon._engine.evaluation import ErrorCode
from pennon._engine.flag import Flag
from pennon._engine.outcomes import error
from pennon._engine.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pennon._engine.condition import Mention
    from pennon._engine.evaluation import Evaluation
    from pennon._engine.logic import Predicate
    from pennon._engine.moment import Now
    from pennon._engine.serve import Decide

Name: TypeAlias = tuple[str, str]
"""A document: its kind (`flag`, `segment` or `layer`) and its key."""


class Document(NamedTuple):
    """A document that was read."""

    content: Flag | Segment | Units | None
    """None: it is malformed."""
    fault: str | None
    """What is malformed."""
    names: frozenset[str] = frozenset()
    """Of a flag: the names of its variants as written, also when it is malformed."""

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """What it names, where it is well-formed."""
        return self.content.mentions if isinstance(self.content, (Flag, Segment)) else ()


class Linked(NamedTuple):
    """What linking found of a flag or a segment."""

    fault: str | None
    """Why it is broken."""
    constant: Evaluation | None = None
    """Of a flag: the result, where neither context nor moment matters."""
    decide: Decide = decision.undecided
    """Of a flag: what decides it; of a broken one, that it is."""
    holds: Predicate = logic.never
    """Of a segment that is not broken."""
    fickle: bool = False
    """It asks for the time or for chance, or what it names does."""
    draws: bool = False
    """Of a segment: a percentage stands in it, or in a segment that it names."""
    depth: int = 0
    """The longest chain of references from here, in edges."""
    expanded: int = 0
    """References from here when all are expanded."""


def link(
    documents: Mapping[Name, Document], known: Mapping[Name, Linked], changed: Iterable[Name] | None = None
) -> dict[Name, Linked]:
    """Links what changed, and what reaches it; with no `changed`, everything. The rest is taken from `known`."""
    affected = set(documents) if changed is None else _reaching(documents, changed)
    linker = _Linker(documents, {name: one for name, one in known.items() if name not in affected})
    linker.link(name for name in affected if name in documents)
    return linker.linked


def _reaching(documents: Mapping[Name, Document], changed: Iterable[Name]) -> set[Name]:
    """What changed, and whatever names it, directly or through others."""
    dependents: dict[Name, list[Name]] = {}
    for name, document in documents.items():
        for mention in document.mentions:
            dependents.setdefault((mention.kind, mention.key), []).append(name)
    found = set(changed)
    left = list(found)
    while left:
        for name in dependents.get(left.pop(), ()):
            if name not in found:
                found.add(name)
                left.append(name)
    return found


class _Linker:
    """Links documents, dependencies first; is what their mentions lead to meanwhile."""

    def __init__(self, documents: Mapping[Name, Document], linked: dict[Name, Linked]) -> None:
        self._documents = documents
        self.linked = linked

    def link(self, affected: Iterable[Name]) -> None:
        walked: list[Name] = []
        for name in affected:
            document = self._documents[name]
            if document.content is None:
                self._break(name, document.fault or "")
            elif document.mentions:
                walked.append(name)
            else:
                self._settle(name)
        for component in graph.components(walked, self._edges):
            for name in component:
                if len(component) > 1 or name in self._edges(name):
                    self._break(name, "the references form a circle")
            for name in component:
                if name not in self.linked:
                    self._settle(name)

    def _edges(self, name: Name) -> list[Name]:
        """The flags and segments that a document names, and that are still to be linked, itself among them."""
        named = ((mention.kind, mention.key) for mention in self._documents[name].mentions)
        return [one for one in named if one[0] != "layer" and one in self._documents and one not in self.linked]

    def _break(self, name: Name, fault: str) -> None:
        if name[0] == "flag":
            self.linked[name] = Linked(fault, *decision.settled(error(name[1], ErrorCode.PARSE_ERROR)))
        elif name[0] == "segment":
            self.linked[name] = Linked(fault)

    def _settle(self, name: Name) -> None:
        """Judges and compiles a document in no circle; all that it names is linked already. A layer names nothing."""
        document = self._documents[name]
        content = document.content
        if not isinstance(content, (Flag, Segment)):
            return
        depth, expanded, fickle, draws = 0, 0, False, False
        for mention in document.mentions:
            fault = self._fault(mention)
            if fault is not None:
                self._break(name, fault)
                return
            if mention.kind == "layer":
                fickle |= reference.is_fickle(self.layer(mention.key).by)
                continue
            other = self.linked[mention.kind, mention.key]
            sound = other.fault is None
            depth = max(depth, other.depth + 1 if sound else 1)
            expanded += 1 + (other.expanded if sound else 0)
            fickle |= other.fickle
            draws |= other.draws
        if depth > limits.DEPENDENCY_DEPTH:
            self._break(name, f"the references form a chain of {depth}; at most {limits.DEPENDENCY_DEPTH} are allowed")
        elif expanded > limits.EXPANDED_REFERENCES:
            self._break(name, f"there are {expanded} references; at most {limits.EXPANDED_REFERENCES} are allowed")
        else:
            judged = Linked(None, fickle=fickle, draws=draws, depth=depth, expanded=expanded)
            self.linked[name] = self._compiled(content, judged)

    def _compiled(self, content: Flag | Segment, judged: Linked) -> Linked:
        if isinstance(content, Segment):
            draws = content.draws or judged.draws
            return judged._replace(holds=content.link(self), draws=draws, fickle=content.fickle or judged.fickle)
        constant, decide = decision.compiled(content, self, lambda key: self.linked["segment", key].draws)
        return judged._replace(constant=constant, decide=decide, draws=False, fickle=content.fickle or judged.fickle)

    def _fault(self, mention: Mention) -> str | None:
        """What is wrong with what a document names."""
        other = self._documents.get((mention.kind, mention.key))
        if other is None:
            return f"the environment has no {mention.kind} {mention.key!r}"
        if mention.kind == "flag":
            absent = next((name for name in mention.variants if name not in other.names), None)
            return None if absent is None else f"the flag {mention.key} has no variant named {absent!r}"
        broken = other.content is None if mention.kind == "layer" else self.linked["segment", mention.key].fault
        return f"the {mention.kind} {mention.key} is broken" if broken else None

    def serves(self, key: str, variants: tuple[str, ...]) -> Predicate:
        """Whether that flag is enabled and serves one of these variants."""
        linked, content, among = self.linked["flag", key], self._documents["flag", key].content, frozenset(variants)
        if linked.fault is not None or not isinstance(content, Flag) or not content.enabled:
            return logic.never
        if linked.constant is not None:
            return logic.always if linked.constant.variant in among else logic.never

        decide = linked.decide

        def holds(context: Mapping[str, object], at: Now) -> bool:
            return decide(context, at).variant in among

        return holds

    def segment(self, key: str) -> Predicate:
        """Whether a context is in that segment."""
        return self.linked["segment", key].holds

    def layer(self, key: str) -> Units:
        """That layer."""
        content = self._documents["layer", key].content
        if not isinstance(content, Units):
            raise LookupError(f"the layer {key} is not linked")
        return content
