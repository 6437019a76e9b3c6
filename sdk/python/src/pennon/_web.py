"""Results for a browser: what `bootstrap` gives, in the form of the client stream's `put`.

A browser is public: it sees client-visible flags only, no rule ids, and no names of other flags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pennon._details import Result
    from pennon._engine import At, Snapshot


def nothing() -> dict[str, Any]:
    """What there is without a snapshot; everything that comes later takes its place."""
    return {"epoch": 0, "revision": 0, "flags": {}}


def results(snapshot: Snapshot, context: Mapping[str, object] | None, at: At) -> dict[str, Any]:
    """What every client-visible flag serves to one context."""
    visible = (key for key in snapshot.flag_keys() if snapshot.is_client_visible(key))
    flags = {key: _entry(snapshot.evaluate(key, context, None, at)) for key in visible}
    return {"epoch": snapshot.epoch, "revision": snapshot.revision, "flags": flags}


def _entry(found: Result) -> dict[str, Any]:
    if found.error_code is not None:
        return {"key": found.flag_key, "errorCode": found.error_code, "errorDetails": found.error_message}
    entry: dict[str, Any] = {"key": found.flag_key}
    if found.variant is not None:
        entry["value"] = found.value
    entry["variant"] = found.variant or ""
    entry["reason"] = found.reason
    entry["metadata"] = {
        name: value for name, value in found.metadata.items() if isinstance(value, (bool, str, int, float))
    }
    if found.track is not None:
        track: dict[str, Any] = {"run": found.track.run, "by": list(found.track.by)}
        if found.track.arm is not None:
            track["arm"] = found.track.arm
        entry["track"] = track
    return entry
