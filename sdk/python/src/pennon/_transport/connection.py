"""The connection of one process: the thread that listens, and the thread that keeps house.

Both are daemons. Must not be used in another process than the one that made it, but for `abandon`.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from pennon._transport.keeper import Keeper
from pennon._transport.line import Line
from pennon._transport.link import Link
from pennon._transport.listener import Listener

if TYPE_CHECKING:
    from pennon._transport.parts import Parts

log = logging.getLogger("pennon")


class Connection:
    """The two threads."""

    def __init__(self, parts: Parts) -> None:
        self._line = Line(Link(parts.settings.stream_wait))
        workers = {"pennon-listener": Listener(parts, self._line), "pennon-keeper": Keeper(parts, self._line)}
        self._threads = [
            threading.Thread(target=self._guarded, args=(worker,), name=name, daemon=True)
            for name, worker in workers.items()
        ]

    def start(self) -> None:
        """Starts both threads."""
        for thread in self._threads:
            thread.start()

    def stored(self) -> None:
        """The store holds another snapshot, which is to be kept on disk."""
        with self._line.changed:
            self._line.changed.notify_all()

    def close(self) -> None:
        """Has both threads end."""
        self._line.close()

    def join(self, seconds: float) -> None:
        """Waits for the threads at most so long in all. One that hangs in a look-up of a name holds nobody up."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(end - time.monotonic(), 0.0))

    def abandon(self) -> None:
        """Lets go of what a fork has copied."""
        self._line.abandon()

    def _guarded(self, worker: Listener | Keeper) -> None:
        """A thread that ended by a mistake of ours would leave the process with old flags for ever."""
        while not self._line.is_closed():
            try:
                worker.run()
            except Exception as error:  # noqa: BLE001 - see above
                log.error("a mistake of the SDK, which goes on: %s in %s", type(error).__name__, type(worker).__name__)
                self._line.pause(worker.recover())
