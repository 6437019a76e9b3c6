"""The order in which a flag is decided: switch, override, prerequisites, targets, rules, fallthrough.

`compiled` turns a linked flag into one function of context and moment; what is settled already is folded away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pennon._engine import bucket, logic, reference
from pennon._engine.evaluation import Reason
from pennon._engine.rule import TARGET_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pennon._engine.condition import Links
    from pennon._engine.evaluation import Evaluation
    from pennon._engine.flag import Flag
    from pennon._engine.logic import Predicate
    from pennon._engine.moment import Now
    from pennon._engine.reference import Finder
    from pennon._engine.rule import Rule, Run
    from pennon._engine.serve import Decide, Split


class Branch(NamedTuple):
    """What is served when a predicate holds: a constant, or (if that is None) what a split decides."""

    holds: Predicate
    constant: Evaluation | None
    decide: Decide


class Listed(NamedTuple):
    """Units, found by one attribute, and the result of each."""

    find: Finder
    results: dict[str, Evaluation]


def undecided(_context: Mapping[str, object], _at: Now) -> Evaluation:
    """Stands where there is no flag to decide, and is never asked."""
    raise LookupError("there is no flag here")


class Compiled(NamedTuple):
    """What decides a flag."""

    constant: Evaluation | None
    """The result, where neither context nor moment matters."""
    decide: Decide


def compiled(flag: Flag, links: Links, draws: Callable[[str], bool]) -> Compiled:
    """Compiles a flag that is not broken; `draws` tells whether a percentage stands in a segment."""
    if not flag.enabled:
        return settled(flag.outcomes.make(flag.off, Reason.DISABLED))
    before = [*_override(flag), *_prerequisites(flag, links)]
    rules = [_rule(flag, rule, links, draws) for rule in flag.rules]
    otherwise = Reason.STATIC if flag.is_static else Reason.DEFAULT
    last = _served(flag, logic.always, flag.fallthrough, otherwise, links)
    before, ended = _until_certain(before)
    if ended is not None:
        return _chain(before, [], [], ended)
    rules, ended = _until_certain(rules)
    return _chain(before, list(_targets(flag)), rules, ended or last)


def settled(result: Evaluation) -> Compiled:
    """What always gives one result."""
    return Compiled(result, lambda _context, _at: result)


def _override(flag: Flag) -> Iterator[Branch]:
    shed = flag.override
    if shed is not None:
        result = flag.outcomes.make(shed.variant, Reason.DISABLED, cause=shed.cause)
        yield Branch(bucket.gate(0, shed.end, shed.salt, shed.by), *settled(result))


def _prerequisites(flag: Flag, links: Links) -> Iterator[Branch]:
    for mention in flag.prerequisites:
        result = flag.outcomes.make(flag.off, Reason.DEFAULT, prerequisite=mention.key)
        yield Branch(logic.negation(links.serves(mention.key, mention.variants)), *settled(result))


def _targets(flag: Flag) -> Iterator[Listed]:
    """The targets; those in a row that look at one attribute are sought at once, and the first that lists wins."""
    written: str | None = None
    results: dict[str, Evaluation] = {}
    for target in flag.targets:
        if target.by != written:
            written, results = target.by, {}
            yield Listed(reference.finder((written,)), results)
        result = flag.outcomes.make(target.variant, Reason.TARGETING_MATCH, rule_id=TARGET_ID)
        for unit in target.units:
            results.setdefault(unit, result)


def _rule(flag: Flag, rule: Rule, links: Links, draws: Callable[[str], bool]) -> Branch:
    when = rule.when
    drawn = when is not None and (when.draws or any(map(draws, when.segments)))
    reason = Reason.SPLIT if drawn else Reason.TARGETING_MATCH
    holds = logic.always if when is None else when.link(links)
    return _served(flag, holds, rule.serve, reason, links, rule.id, rule.run)


def _served(
    flag: Flag,
    holds: Predicate,
    served: str | Split,
    reason: str,
    links: Links,
    rule_id: str | None = None,
    run: Run | None = None,
) -> Branch:
    outcomes = flag.outcomes
    if isinstance(served, str):
        track = None if run is None else run.track(None)
        return Branch(holds, *settled(outcomes.make(served, reason, rule_id=rule_id, track=track)))

    def result(name: str) -> Evaluation:
        track = None if run is None else run.track(name)
        return outcomes.make(name, Reason.SPLIT, rule_id=rule_id, track=track)

    return Branch(holds, None, served.link(flag.salt, links, result, outcomes.without_unit()))


def _until_certain(branches: list[Branch]) -> tuple[list[Branch], Branch | None]:
    """The branches that may hold, up to the first that always does, and that one."""
    left: list[Branch] = []
    for branch in branches:
        if branch.holds is logic.always:
            return left, branch
        if branch.holds is not logic.never:
            left.append(branch)
    return left, None


def _chain(before: list[Branch], targets: list[Listed], rules: list[Branch], last: Branch) -> Compiled:
    if not before and not targets:
        return _rules_only(rules, last)
    rest = _rules_only(rules, last).decide
    first, listed = tuple(before), tuple(targets)

    def decide(context: Mapping[str, object], at: Now) -> Evaluation:
        for holds, _, served in first:
            if holds(context, at):
                return served(context, at)
        for find, results in listed:
            unit = find(context, at)
            if unit is not None and unit in results:
                return results[unit]
        return rest(context, at)

    return Compiled(None, decide)


def _rules_only(rules: list[Branch], last: Branch) -> Compiled:
    if not rules:
        return Compiled(last.constant, last.decide)
    otherwise, decide_otherwise = last.constant, last.decide
    if len(rules) == 1 and rules[0].constant is not None and otherwise is not None:
        return Compiled(None, _one_or_other(rules[0].holds, rules[0].constant, otherwise))
    branches = tuple(rules)

    def decide(context: Mapping[str, object], at: Now) -> Evaluation:
        for holds, constant, served in branches:
            if holds(context, at):
                return constant or served(context, at)
        return otherwise or decide_otherwise(context, at)

    return Compiled(None, decide)


def _one_or_other(holds: Predicate, result: Evaluation, otherwise: Evaluation) -> Decide:
    """The commonest flag that is not constant: one rule, and what it serves is settled."""

    def decide(context: Mapping[str, object], at: Now) -> Evaluation:
        return result if holds(context, at) else otherwise

    return decide
