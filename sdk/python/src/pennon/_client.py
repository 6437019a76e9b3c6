"""The client for threads, and `Flags`, the one that an application has when it needs no more than one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pennon._listening import Listening
from pennon._settings import Settings

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from pennon._session import Session
    from pennon._settings import Given


class Client(Listening):
    """The flags of one environment.

    Connects at once, in the background. What is not given is taken from the `PENNON_*` variables, else from the
    defaults; sdk/python/README.md lists all settings. Raises `SettingsError` for one that cannot be used.
    """

    def __init__(self, url: str | None = None, key: str | None = None, **settings: Unpack[Given]) -> None:
        super().__init__(Settings.read({"url": url, "key": key, **settings}, os.environ))
        self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def wait_until_ready(self, seconds: float) -> bool:
        """Waits for something to serve at most so long; whether there is."""
        session = self._started()
        session.served.wait(seconds)
        return session.store.held is not None

    def flush(self) -> None:
        """Sends what is kept for the server. Returns when it was sent or has failed, within a second."""
        session = self._session
        if session is not None:
            session.flush()

    def close(self) -> None:
        """Sends what is kept, and ends everything in the background, within a second. What is held is evaluated on."""
        self._end()

    def _wait_for_first(self, session: Session) -> None:
        now = self._clock.monotonic()
        if self._deadline is None:
            self._deadline = now + session.start_wait
        if now < self._deadline:
            session.first.wait(self._deadline - now)


class Flags(Client):
    """A client that is made before it is known where its server is.

    It begins at its first use, or when it is configured.
    """

    def __init__(self) -> None:
        Listening.__init__(self, None)

    def configure(self, url: str | None = None, key: str | None = None, **settings: Unpack[Given]) -> None:
        """Begins, with these settings; again, when it had begun before. Who listens goes on listening.

        What is not given is taken from the `PENNON_*` variables, else from the defaults. Raises `SettingsError` for one
        that cannot be used; then everything stays as it was.
        """
        read = Settings.read({"url": url, "key": key, **settings}, os.environ)
        self._end()
        self._restart(read)
