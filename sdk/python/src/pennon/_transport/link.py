"""Whether the snapshot is to be polled, and when: what is known of the stream decides. Pure.

The stream is always tried. Polling begins when a stream is refused, or gives no byte for `streamWait` although its
request was taken: a proxy holds it back. It ends with the first byte of a stream, or when a stream
is refused for its key. A poll that is refused for its key does not end it: no stream may ever come to say more.
"""

from __future__ import annotations


class Link:
    """What is known of the stream. Times are of a monotonic clock, in seconds."""

    def __init__(self, stream_wait: float) -> None:
        self._stream_wait = stream_wait
        self._silent_since: float | None = None
        self._next_poll: float | None = None

    @property
    def polling(self) -> bool:
        """Whether the poll has taken the stream's place."""
        return self._next_poll is not None

    def asked(self, now: float) -> None:
        """The request for a stream was taken; its answer is waited for."""
        if self._silent_since is None:
            self._silent_since = now

    def unreached(self) -> None:
        """Nobody took the request: a poll would reach nobody either."""
        self._silent_since = None

    def refused(self, now: float) -> None:
        """The answer was no stream."""
        self._begin_polling(now)

    def refused_key(self) -> None:
        """A stream was refused for its key: the next one will tell, and polling meanwhile does not help."""
        self._silent_since = None
        self._next_poll = None

    def alive(self) -> None:
        """The stream gives bytes."""
        self._silent_since = None
        self._next_poll = None

    def poll_at(self) -> float | None:
        """When to poll next; None: not before something else happens."""
        if self._next_poll is not None:
            return self._next_poll
        return None if self._silent_since is None else self._silent_since + self._stream_wait

    def due(self, now: float) -> bool:
        """Whether to poll now; from then on it is polled."""
        at = self.poll_at()
        if at is None or at > now:
            return False
        self._begin_polling(now)
        return True

    def polled(self, now: float, wait: float) -> None:
        """A poll is over, and the next comes after so many seconds, unless the stream lives again."""
        if self._next_poll is not None:
            self._next_poll = now + wait

    def _begin_polling(self, now: float) -> None:
        if self._next_poll is None:
            self._next_poll = now
