"""Snapshots for tests: small environments, written as the wire has them."""

from __future__ import annotations

from typing import Any

from pennon._engine import Snapshot


def flag(key: str, **members: Any) -> dict[str, Any]:
    """A boolean flag that is on for everybody, unless said otherwise."""
    return {
        "key": key,
        "type": "boolean",
        "version": 1,
        "enabled": True,
        "variants": {"on": True, "off": False},
        "offVariant": "off",
        "fallthrough": {"variant": "on"},
        **members,
    }


def document(*flags: dict[str, Any], epoch: int = 1, revision: int = 1, **members: Any) -> dict[str, Any]:
    """A snapshot's document."""
    return {
        "schemaVersion": 1,
        "epoch": epoch,
        "project": "p",
        "environment": "e",
        "revision": revision,
        "flags": {one["key"]: one for one in flags},
        "segments": {},
        "layers": {},
        **members,
    }


def snapshot(*flags: dict[str, Any], epoch: int = 1, revision: int = 1, **members: Any) -> Snapshot:
    """A snapshot."""
    return Snapshot.from_document(document(*flags, epoch=epoch, revision=revision, **members))


def patch(start: int, revision: int, *flags: dict[str, Any], epoch: int = 1, **members: Any) -> dict[str, Any]:
    """A patch of these flags."""
    return {
        "epoch": epoch,
        "from": start,
        "revision": revision,
        "flags": {one["key"]: one for one in flags},
        "segments": {},
        "layers": {},
        **members,
    }
