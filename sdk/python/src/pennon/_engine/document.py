"""Reads snapshot documents and patches: JSON, the members of the whole, and each flag, segment and layer in it.

Must not refuse the whole for what is wrong with one flag: only what tells nothing of any flag is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from pennon._engine import reading, segment, values, variant
from pennon._engine.flag import Flag
from pennon._engine.linking import Document
from pennon._engine.reading import Malformed, SnapshotError
from pennon._engine.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from pennon._engine.condition import Units
    from pennon._engine.linking import Name

SCHEMA_VERSION: Final = 1
"""The only form of snapshots there is."""

KINDS: Final = {"flags": "flag", "segments": "segment", "layers": "layer"}
"""The members of a snapshot that hold documents, and the kind of these."""


class Meta(NamedTuple):
    """Which environment, and which state of it."""

    epoch: int
    project: str
    environment: str
    revision: int


class Read(NamedTuple):
    """A document as it was written, which nobody else can change, and what was read of it."""

    written: object
    document: Document


def parse(text: str | bytes) -> object:
    """Parses JSON; raises `SnapshotError`."""
    try:
        decoded = text if isinstance(text, str) else text.decode()
        return _parsed(decoded, None)
    except (ValueError, RecursionError) as error:
        # The error itself may quote the text; what is wrong with it stands in the cause.
        raise SnapshotError("the snapshot is no JSON") from error


def _parsed(text: str, parse_int: Callable[[str], object] | None) -> object:
    try:
        return json.loads(text, parse_int=parse_int, parse_constant=_refuse_constant)
    except json.JSONDecodeError:
        raise
    except ValueError:
        if parse_int is not None:
            raise
        # Python refuses integers of thousands of digits; as a double it is infinite, and breaks only its flag.
        return _parsed(text, float)


def _refuse_constant(name: str) -> object:
    raise json.JSONDecodeError(f"{name} is no JSON", name, 0)


def read_meta(whole: object) -> tuple[Meta, dict[str, object]]:
    """Reads what a snapshot says of itself. Absent numbers are 0, absent names `default`, absent maps empty."""
    if not isinstance(whole, dict):
        raise SnapshotError("the snapshot must be an object")
    version = whole.get("schemaVersion", SCHEMA_VERSION)
    if values.number(version) != SCHEMA_VERSION:
        raise SnapshotError(f"the snapshot's schemaVersion must be {SCHEMA_VERSION}")
    meta = Meta(
        integer(whole, "epoch", 0),
        _name(whole, "project"),
        _name(whole, "environment"),
        integer(whole, "revision", 0),
    )
    return meta, whole


def integer(whole: dict[str, object], name: str, default: int | None = None) -> int:
    """An integral number of a snapshot or a patch; required when there is no default."""
    found = values.exact(whole.get(name, default))
    if found is None:
        raise SnapshotError(f"the member {name} must be an integral number")
    return found


def _name(whole: dict[str, object], name: str) -> str:
    found = whole.get(name, "default")
    if not isinstance(found, str):
        raise SnapshotError(f"the member {name} must be a string")
    return values.plain(found)


def read_all(whole: dict[str, object], *, none_removes: bool = False) -> dict[Name, Read | None]:
    """Reads every flag, segment and layer; in a patch None stands for one that is taken out."""
    found: dict[Name, Read | None] = {}
    for member, kind in KINDS.items():
        documents = whole.get(member, {})
        if not isinstance(documents, dict):
            raise SnapshotError(f"the member {member} must be an object")
        for key, written in documents.items():
            if not isinstance(key, str):
                raise SnapshotError(f"the keys of {member} must be strings")
            found[kind, key] = None if written is None and none_removes else _read(kind, key, written)
    return found


def _read(kind: str, key: str, written: object) -> Read:
    try:
        adopted = reading.adopted(written)
    except Malformed as malformed:
        # Null stands for it, and is broken alike.
        return Read(None, Document(None, str(malformed)))
    names = variant.written_names(adopted) if kind == "flag" else frozenset[str]()
    try:
        content: Flag | Segment | Units
        if kind == "flag":
            content = Flag(key, adopted)
        elif kind == "segment":
            content = Segment(key, adopted)
        else:
            content = segment.read_layer(key, adopted)
        return Read(adopted, Document(content, None, names))
    except Malformed as malformed:
        return Read(adopted, Document(None, str(malformed), names))
