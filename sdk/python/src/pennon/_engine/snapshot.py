"""One environment, compiled and linked. Immutable: a change makes another snapshot that shares what did not change.

Must not fetch, store or swap anything; who holds snapshots does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from pennon._engine import document, linking, values, variant
from pennon._engine.evaluation import ErrorCode
from pennon._engine.flag import Flag
from pennon._engine.moment import Moment
from pennon._engine.outcomes import NumberEvaluation, error
from pennon._engine.reading import SnapshotError
from pennon._engine.segment import Segment

if TYPE_CHECKING:
    from collections.abc import KeysView

    from pennon._engine.document import Meta, Read
    from pennon._engine.evaluation import Evaluation
    from pennon._engine.linking import Document, Linked, Name
    from pennon._engine.moment import Now
    from pennon._engine.serve import Decide

_NOBODY: Final[Mapping[str, object]] = {}


class _Entry:
    """A flag as it is evaluated."""

    __slots__ = ("broken", "constant", "decide", "fickle", "kind")

    def __init__(self, kind: str | None, linked: Linked) -> None:
        self.kind = kind
        self.constant: Evaluation | None = linked.constant
        self.decide: Decide = linked.decide
        self.broken = linked.fault is not None
        self.fickle = linked.fickle


class Snapshot:
    """A compiled, linked environment. Made by `from_json`, `from_document` and `patched`."""

    __slots__ = ("_borders", "_documents", "_flags", "_linked", "_meta", "_written")

    def __init__(
        self,
        meta: Meta,
        written: Mapping[Name, object],
        documents: Mapping[Name, Document],
        linked: Mapping[Name, Linked],
        flags: Mapping[str, _Entry],
    ) -> None:
        self._meta = meta
        self._written = written
        self._documents = documents
        self._linked = linked
        self._flags = flags
        self._borders: list[int] | None = None

    @classmethod
    def from_json(cls, text: str | bytes) -> Snapshot:
        """Reads a snapshot document. A flag or segment that is wrong is broken, alone; unknown members are ignored.

        Raises `SnapshotError` when the text is no JSON object, is of an unknown `schemaVersion`, or a member of the
        whole is of the wrong type.
        """
        return cls.from_document(document.parse(text))

    @classmethod
    def from_document(cls, whole: object) -> Snapshot:
        """The same from a parsed document, which is copied."""
        meta, members = document.read_meta(whole)
        empty = cls(meta, {}, {}, {}, {})
        return empty._with(meta, document.read_all(members), everything=True)

    def patched(self, patch: object) -> Snapshot:
        """The next snapshot: `{"revision": int, "flags": {key: document or None}, "segments": …, "layers": …}`.

        None takes a document out. Compiles what changed, links what names it, and shares the rest. Raises
        `SnapshotError` for a patch that is malformed, or is of another `epoch` or `from` another revision than this.
        """
        if not isinstance(patch, dict):
            raise SnapshotError("the patch must be an object")
        if document.integer(patch, "epoch", self.epoch) != self.epoch:
            raise SnapshotError("the patch is of another epoch")
        if document.integer(patch, "from", self.revision) != self.revision:
            raise SnapshotError("the patch is from another revision")
        meta = self._meta._replace(revision=document.integer(patch, "revision"))
        return self._with(meta, document.read_all(patch, none_removes=True), everything=False)

    def _with(self, meta: Meta, changes: dict[Name, Read | None], *, everything: bool) -> Snapshot:
        written, documents, flags = dict(self._written), dict(self._documents), dict(self._flags)
        for name, read in changes.items():
            if read is not None:
                written[name], documents[name] = read
            elif name in documents:
                del written[name], documents[name]
        linked = linking.link(documents, self._linked, None if everything else changes)
        for kind, key in changes:
            if kind == "flag" and (kind, key) not in documents:
                flags.pop(key, None)
        for name, one in linked.items():
            if name[0] == "flag" and self._linked.get(name) is not one:
                flags[name[1]] = _Entry(_kind(documents[name], written[name]), one)
        return Snapshot(meta, written, documents, linked, flags)

    @property
    def epoch(self) -> int:
        """The millisecond at which this line of history began."""
        return self._meta.epoch

    @property
    def revision(self) -> int:
        """Grows by one with each change of the environment."""
        return self._meta.revision

    @property
    def project(self) -> str:
        """The project's key."""
        return self._meta.project

    @property
    def environment(self) -> str:
        """The environment's key."""
        return self._meta.environment

    @property
    def schema_version(self) -> int:
        """The version of the document's form."""
        return document.SCHEMA_VERSION

    @property
    def flags(self) -> KeysView[str]:
        """The keys of the flags, broken ones too."""
        return self._flags.keys()

    def flag_keys(self) -> list[str]:
        """The keys of the flags, sorted."""
        return sorted(self._flags)

    def flag_type(self, key: str) -> str | None:
        """`boolean`, `string`, `number` or `object`. None: there is no such flag, or it is too broken to tell."""
        entry = self._flags.get(key)
        return None if entry is None else entry.kind

    def is_client_visible(self, key: str) -> bool:
        """Whether client keys may see the flag."""
        found = self._documents.get(("flag", key))
        if found is not None and isinstance(found.content, Flag):
            return found.content.client_visible
        written = self._written.get(("flag", key))
        return isinstance(written, dict) and written.get("clientVisible") is True

    def broken(self) -> dict[str, str]:
        """The flags that cannot be evaluated, and what is wrong with each, sorted by key."""
        faults = ((key, self._linked["flag", key].fault) for key in self.flag_keys())
        return {key: fault for key, fault in faults if fault is not None}

    def document(self) -> dict[str, object]:
        """The snapshot as a document, for `json.dumps`: a copy, sorted by key, numbers as Python parsed them."""
        meta = self._meta
        whole: dict[str, object] = {
            "schemaVersion": document.SCHEMA_VERSION,
            "epoch": meta.epoch,
            "project": meta.project,
            "environment": meta.environment,
            "revision": meta.revision,
        }
        parts: dict[str, dict[str, object]] = {kind: {} for kind in document.KINDS.values()}
        for kind, key in sorted(self._written):
            parts[kind][key] = values.copied(self._written[kind, key])
        return whole | {member: parts[kind] for member, kind in document.KINDS.items()}

    def next_border(self, after_ms: int) -> int | None:
        """The next epoch millisecond after this one from which an answer may differ, although nothing was changed.

        For `before` a date that is the date, for `after` the millisecond behind it.
        """
        borders = self._borders
        if borders is None:
            # Two threads may both do this, and come to the same.
            contents = (one.content for one in self._documents.values())
            found = {border for one in contents if isinstance(one, (Flag, Segment)) for border in one.borders}
            borders = self._borders = sorted(found)
        at = bisect_right(borders, after_ms)
        return borders[at] if at < len(borders) else None

    def evaluate(self, key: str, context: Mapping[str, object] | None, asked: str | None, at: Now) -> Evaluation:
        """Decides one flag; never raises, whatever the context holds.

        `asked` is the type the caller wants: `boolean`, `string`, `number`, `integer`, `float`, `object` or None.
        """
        try:
            if type(context) is not dict:
                if context is None:
                    context = _NOBODY
                elif not _is_mapping(context):
                    return error(key, ErrorCode.INVALID_CONTEXT)
            subject = context.get("targetingKey")
            if type(subject) is not str and subject is not None and not _may_be_subject(subject):
                return error(key, ErrorCode.INVALID_CONTEXT)
            entry = self._flags.get(key)
            if entry is None:
                return error(key, ErrorCode.FLAG_NOT_FOUND)
            if asked is None or asked == entry.kind:
                constant = entry.constant
                return _decided(entry, context, at) if constant is None else constant
            return _asked(key, entry, context, asked, at)
        except Exception:  # noqa: BLE001 - objects of a context may raise anything; the caller's default is served
            return error(key, ErrorCode.GENERAL)


def _decided(entry: _Entry, context: Mapping[str, object], at: Now) -> Evaluation:
    return entry.decide(context, Moment(at) if entry.fickle else at)


def _asked(key: str, entry: _Entry, context: Mapping[str, object], asked: str, at: Now) -> Evaluation:
    """Decides a flag of another type than is asked for, which may only be another sort of number."""
    if entry.broken:
        return entry.decide(context, at)
    if entry.kind != "number" or asked not in {"integer", "float"}:
        return error(key, ErrorCode.TYPE_MISMATCH)
    result = _decided(entry, context, at)
    if isinstance(result, NumberEvaluation):
        return result.as_integer if asked == "integer" else result.as_float
    return result


def _is_mapping(context: object) -> bool:
    return isinstance(context, Mapping)


def _may_be_subject(value: object) -> bool:
    """Whether a targeting key counts as absent, is a text, or is an integral number of any size."""
    if isinstance(value, (str, int)):
        return not isinstance(value, bool)
    if not isinstance(value, float):
        return False
    found = values.number(value)
    return found is None or found == int(found)


def _kind(found: Document, written: object) -> str | None:
    """A flag's type, also of a broken one that says it."""
    if isinstance(found.content, Flag):
        return found.content.kind
    kind = written.get("type") if isinstance(written, dict) else None
    return kind if isinstance(kind, str) and kind in variant.TYPES else None
