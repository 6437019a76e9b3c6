"""The client for asyncio: evaluating is an ordinary call, and what waits is awaited.

    async with AsyncClient() as flags:
        flags.is_enabled("new_checkout_flow", user_id="u")

Its connection is kept by threads of its own, so that a busy loop does not make flags stale.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING, Any

from pennon._listening import Listening
from pennon._settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from pennon._settings import Given

__all__ = ["AsyncClient"]

log = logging.getLogger("pennon")


class AsyncClient(Listening):
    """The flags of one environment, for asyncio.

    Connects at once, in the background; `async with` waits at most `start_wait` for something to serve, and ends with
    `close`. No evaluation waits. Listeners run in the loop from which they were given; they may be coroutine functions.
    Raises `SettingsError` for a setting that cannot be used.
    """

    def __init__(self, url: str | None = None, key: str | None = None, **settings: Unpack[Given]) -> None:
        super().__init__(Settings.read({"url": url, "key": key, **settings}, os.environ))
        self._tasks: set[asyncio.Task[Any]] = set()
        self._started()

    async def __aenter__(self) -> Self:
        await self.wait_until_ready(self._started().start_wait)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def wait_until_ready(self, seconds: float) -> bool:
        """Waits for something to serve at most so long; whether there is."""
        session = self._started()
        loop = asyncio.get_running_loop()
        opened = asyncio.Event()
        forget = session.served.then(lambda: _call_in(loop, opened.set))
        try:
            # The two are one and the same from Python 3.11 on.
            with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(opened.wait(), seconds)
        finally:
            forget()
        return session.store.held is not None

    async def flush(self) -> None:
        """Sends what is kept for the server. Returns when it was sent or has failed, within a second."""
        session = self._session
        if session is not None:
            await asyncio.to_thread(session.flush)

    async def close(self) -> None:
        """Sends what is kept, and ends everything in the background, within a second. What is held is evaluated on."""
        await asyncio.to_thread(self._end)

    def _adapted(self, listener: Callable[[Any], object]) -> Callable[[Any], object]:
        loop = asyncio.get_running_loop()

        def run(told: object) -> None:
            try:
                found = listener(told)
            except Exception:
                log.exception("a listener failed")
                return
            if asyncio.iscoroutine(found):
                task = loop.create_task(_logged(found))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        return lambda told: _call_in(loop, lambda: run(told))


def _call_in(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Calls in the loop, from any thread; a loop that is closed is told nothing."""
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        log.debug("the event loop is closed")


async def _logged(listener: Any) -> None:
    try:
        await listener
    except Exception:
        log.exception("a listener failed")
