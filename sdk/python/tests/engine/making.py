"""Makes small flags, and snapshots of them, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pennon._engine import At, Snapshot

if TYPE_CHECKING:
    from typing import Any

AT = At(1_767_225_600_000, 7, "instance-1")


def flag(key: str = "f", **more: Any) -> dict[str, Any]:
    variants = {"on": True, "off": False}
    made = {"key": key, "type": "boolean", "enabled": True, "variants": variants, "fallthrough": {"variant": "off"}}
    return made | more


def snapshot(*flags: dict[str, Any], **more: Any) -> Snapshot:
    found = Snapshot.from_document({"revision": 3, "flags": {one["key"]: one for one in flags}, **more})
    assert found.broken() == {}
    return found


def when(condition: dict[str, Any], serve: dict[str, Any] | None = None) -> dict[str, Any]:
    return flag(rules=[{"id": "r", "when": condition, "serve": serve or {"variant": "on"}}])


def holds(condition: dict[str, Any], context: Any, at: At = AT) -> bool:
    result = snapshot(when(condition)).evaluate("f", context, None, at)
    assert result.error_code is None, result
    return result.value is True
