"""What the threads of a connection work with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pennon._cache import Cache
    from pennon._clock import Clock
    from pennon._settings import Settings
    from pennon._store import Store
    from pennon._transport.server import Server
    from pennon._transport.watch import Watch


class Parts(NamedTuple):
    """Made once for a connection, and shared by its threads."""

    settings: Settings
    server: Server
    store: Store
    watch: Watch
    clock: Clock
    cache: Cache | None
