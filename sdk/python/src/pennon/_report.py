"""What the log says of the connection: an outage is two lines, one when it begins and one when it ends.

Must not say a key, or anything of a context. Used under the session's lock, and writes nothing itself: each method
returns the lines, which are written when the lock is free again.
"""

from __future__ import annotations

import logging
from typing import Final, TypeAlias

Line: TypeAlias = tuple[int, str, tuple[object, ...]]
"""Level, format and arguments, as `Logger.log` takes them."""

TOLD: Final = 2
"""Polls in a row after which it is said that there is no stream. One may just have been quicker than the stream."""


class Report:
    """Remembers what was said already."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._failing_since: float | None = None
        self._polls = 0
        self._key_refused = False
        self._no_stream = "it gives nothing, as if a proxy held it back"

    def failed(self, reason: str, now: float, revision: str | None) -> list[Line]:
        """Neither a stream nor a poll works."""
        if self._failing_since is None and not self._key_refused:
            self._failing_since = now
            served = _served(revision)
            return [(logging.WARNING, "no connection to %s: %s; serving %s", (self._address, reason, served))]
        return [(logging.DEBUG, "still no connection to %s: %s", (self._address, reason))]

    def key_refused(self, reason: str, revision: str | None) -> list[Line]:
        """The server does not take the key."""
        if self._key_refused:
            return []
        self._key_refused = True
        text = "%s does not take the SDK key: %s; serving %s, and asking again from time to time"
        return [(logging.ERROR, text, (self._address, reason, _served(revision)))]

    def no_stream(self, reason: str) -> list[Line]:
        """A stream failed, and the poll will tell whether it is an outage."""
        self._no_stream = reason
        return [(logging.DEBUG, "no stream from %s: %s", (self._address, reason))]

    def polling(self, interval: float, now: float) -> list[Line]:
        """The poll works, and the stream does not."""
        lines = self._recovered(now)
        self._polls += 1
        if self._polls == TOLD:
            text = "no stream from %s: %s; asking every %g s instead"
            lines.append((logging.WARNING, text, (self._address, self._no_stream, interval)))
        return lines

    def streaming(self, now: float) -> list[Line]:
        """The stream works."""
        lines = self._recovered(now)
        if self._polls >= TOLD:
            lines.append((logging.INFO, "the stream from %s is there; no more polling", (self._address,)))
        self._polls = 0
        return lines

    def _recovered(self, now: float) -> list[Line]:
        lines: list[Line] = []
        if self._key_refused:
            self._key_refused = False
            lines.append((logging.INFO, "%s takes the SDK key", (self._address,)))
        if self._failing_since is not None:
            took = now - self._failing_since
            lines.append((logging.INFO, "connected to %s again after %.1f s", (self._address, took)))
            self._failing_since = None
        return lines


def _served(revision: str | None) -> str:
    return "the callers' defaults" if revision is None else f"revision {revision}"
