"""What the log says of the connection: an outage is two lines, one when it begins and one when it ends.

Must not say a key, or anything of a context. Used under the connection's lock.
"""

from __future__ import annotations

import logging
from typing import Final

log = logging.getLogger("pennon")

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

    def failed(self, reason: str, now: float, revision: str | None) -> None:
        """Neither a stream nor a poll works."""
        if self._failing_since is None and not self._key_refused:
            self._failing_since = now
            log.warning("no connection to %s: %s; serving %s", self._address, reason, _served(revision))
        else:
            log.debug("still no connection to %s: %s", self._address, reason)

    def key_refused(self, reason: str, revision: str | None) -> None:
        """The server does not take the key."""
        if not self._key_refused:
            self._key_refused = True
            log.error(
                "%s does not take the SDK key: %s; serving %s, and asking again from time to time",
                self._address,
                reason,
                _served(revision),
            )

    def no_stream(self, reason: str) -> None:
        """A stream failed, and the poll will tell whether it is an outage."""
        self._no_stream = reason
        log.debug("no stream from %s: %s", self._address, reason)

    def polling(self, interval: float, now: float) -> None:
        """The poll works, and the stream does not."""
        self._recovered(now)
        self._polls += 1
        if self._polls == TOLD:
            log.warning("no stream from %s: %s; asking every %g s instead", self._address, self._no_stream, interval)

    def streaming(self, now: float) -> None:
        """The stream works."""
        self._recovered(now)
        if self._polls >= TOLD:
            log.info("the stream from %s is there; no more polling", self._address)
        self._polls = 0

    def _recovered(self, now: float) -> None:
        if self._key_refused:
            self._key_refused = False
            log.info("%s takes the SDK key", self._address)
        if self._failing_since is not None:
            log.info("connected to %s again after %.1f s", self._address, now - self._failing_since)
            self._failing_since = None


def _served(revision: str | None) -> str:
    return "the callers' defaults" if revision is None else f"revision {revision}"
