"""The snapshot that is held: what arrives is ordered, and only what is later takes its place.

Written by the threads of the connection, one at a time; who evaluates reads what was published, without a lock.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from pennon._engine import SnapshotError
from pennon._transport import order
from pennon._transport.order import Position, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pennon._engine import Snapshot
    from pennon._status import Source


class Held(NamedTuple):
    """A snapshot, and where it came from."""

    snapshot: Snapshot
    source: Source

    @property
    def position(self) -> Position:
        """Where it stands in its environment's history."""
        return position(self.snapshot)


def position(snapshot: Snapshot) -> Position:
    """Where a snapshot stands in its environment's history."""
    return Position(snapshot.epoch, snapshot.revision)


class Store:
    """Holds one snapshot, or none yet. `publish` is called with each new one, in order."""

    def __init__(self, held: Held | None, publish: Callable[[Held], None]) -> None:
        self._held = held
        self._publish = publish
        self._lock = threading.Lock()

    @property
    def held(self) -> Held | None:
        """What is held now."""
        return self._held

    def resume_from(self) -> Position | None:
        """What the server may be told that is held. Where a bootstrap came from, the server need not know."""
        held = self._held
        return None if held is None or held.source == "bootstrap" else held.position

    def put(self, snapshot: Snapshot, source: Source) -> Verdict:
        """Takes a whole snapshot."""
        with self._lock:
            held = self._held
            comparable = held is not None and not _is_elsewhere(held, snapshot)
            verdict = order.of_put(held.position if held is not None and comparable else None, position(snapshot))
            if verdict is Verdict.APPLY:
                self._take(Held(snapshot, source))
            return verdict

    def patch(self, document: Mapping[str, object]) -> Verdict:
        """Takes a change; raises SnapshotError when it cannot be read."""
        epoch, start, revision = (_integer(document, name) for name in ("epoch", "from", "revision"))
        with self._lock:
            held = self._held
            verdict = order.of_patch(None if held is None else held.position, Position(epoch, start), revision)
            if verdict is Verdict.APPLY and held is not None:
                self._take(Held(held.snapshot.patched(document), "stream"))
            return verdict

    def _take(self, held: Held) -> None:
        self._held = held
        self._publish(held)


def _is_elsewhere(held: Held, snapshot: Snapshot) -> bool:
    """Whether a bootstrap is of another environment: then nothing orders the two, and the server's is right."""
    mine = held.snapshot
    return held.source == "bootstrap" and (mine.project, mine.environment) != (snapshot.project, snapshot.environment)


def _integer(document: Mapping[str, object], name: str) -> int:
    found = document.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise SnapshotError(f"a patch without an integral `{name}`")
    return found
