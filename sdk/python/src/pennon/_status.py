"""How a client stands with its server: the words for it, and how they follow from what happens. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal, TypeAlias

State: TypeAlias = Literal["unconfigured", "starting", "ready", "stale", "closed"]
"""`unconfigured`: no address or no key, defaults are served. `starting`: nothing to serve yet. `ready`: the snapshot is
current. `stale`: a snapshot is served, and nothing was heard from the server since. `closed`: evaluates on from what
is held."""

Source: TypeAlias = Literal["stream", "poll", "cache", "bootstrap", "none"]
"""Where the snapshot that is served came from."""


@dataclass(frozen=True)
class Status:
    """How a client stands with its server."""

    state: State
    revision: str | None = None
    """`<epoch>-<revision>` of the snapshot served."""
    stale_since: datetime | None = None
    """When the server was last heard, in UTC; only while the state is `stale`."""
    source: Source = "none"
    last_error: str | None = None
    """The last failure, for people; None while the connection is good."""


class Health:
    """What happened so far, and the state that follows. Times are epoch seconds. Not safe for several threads."""

    def __init__(self, now: float, *, configured: bool = True) -> None:
        self._configured = configured
        self._heard_at = now
        self._revision: str | None = None
        self._source: Source = "none"
        self._stream_current = False
        self._poll_current = False
        self._closed = False
        self._error: str | None = None

    @property
    def heard_at(self) -> float:
        """When the server was last heard."""
        return self._heard_at

    def begins_with(self, revision: str, source: Source) -> None:
        """A snapshot is served of which the server has said nothing yet."""
        self._revision, self._source = revision, source

    def serves(self, revision: str, source: Source, now: float) -> None:
        """A snapshot is served from now on; one that the server has just sent is current."""
        self._revision, self._source = revision, source
        if source == "stream":
            self.stream_heard(now, current=True)
        elif source == "poll" and not self._stream_current:
            self.polled(now)

    def stream_heard(self, now: float, *, current: bool) -> None:
        """A stream gives bytes; `current`: and what is held is what the server serves."""
        self._heard_at = max(self._heard_at, now)
        if current:
            self._stream_current, self._poll_current = True, False
            self._error = None

    def stream_failed(self, reason: str) -> None:
        """A stream broke off, or there is none. One that was ended by appointment has not failed."""
        self._stream_current = False
        self._error = reason

    def polled(self, now: float) -> None:
        """A poll was answered."""
        self._heard_at = max(self._heard_at, now)
        self._poll_current = True
        self._error = None

    def poll_failed(self, reason: str) -> None:
        """A poll was not answered."""
        self._poll_current = False
        self._error = reason

    def key_refused(self, reason: str) -> None:
        """The server does not take the key."""
        self._stream_current = self._poll_current = False
        self._error = reason

    def close(self) -> None:
        """Nothing is heard any more, on purpose."""
        self._closed = True

    def status(self) -> Status:
        """What is so now."""
        stale = self._state() == "stale"
        since = datetime.fromtimestamp(self._heard_at, timezone.utc) if stale else None
        return Status(self._state(), self._revision, since, self._source, self._error)

    def _state(self) -> State:
        if self._closed:
            return "closed"
        if not self._configured:
            return "unconfigured"
        if self._revision is None:
            return "starting"
        return "ready" if self._stream_current or self._poll_current else "stale"
