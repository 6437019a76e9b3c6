"""Which flags may answer differently: after a change, or because time has passed.

Must not evaluate: an answer depends on a context, and here none is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pennon._engine import linking
from pennon._engine.flag import Flag
from pennon._engine.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pennon._engine.linking import Name
    from pennon._engine.snapshot import Snapshot


def changed(old: Snapshot | None, new: Snapshot) -> frozenset[str]:
    """The flags that were changed between two snapshots, made or taken out, or that depend on something that was."""
    if old is None:
        return frozenset(new.flags)
    before, after = old._written, new._written
    names = [name for name, written in after.items() if name not in before or not _is_same(before[name], written)]
    names += [name for name in before if name not in after]
    return _flags(old, names) | _flags(new, names)


def _is_same(old: object, new: object) -> bool:
    """Whether two documents are the same JSON. To `==` 1 is true, and 3 is 3.0."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_is_same(value, new[name]) for name, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_is_same, old, new))
    return old == new


def passed(snapshot: Snapshot, after_ms: int, until_ms: int) -> frozenset[str]:
    """The flags that compare `$now` with a date that lies behind `after_ms`, and at `until_ms` or before."""
    names = [
        name
        for name, document in snapshot._documents.items()
        if isinstance(document.content, (Flag, Segment))
        and any(after_ms < border <= until_ms for border in document.content.borders)
    ]
    return _flags(snapshot, names)


def _flags(snapshot: Snapshot, names: Iterable[Name]) -> frozenset[str]:
    return frozenset(key for kind, key in linking._reaching(snapshot._documents, names) if kind == "flag")
