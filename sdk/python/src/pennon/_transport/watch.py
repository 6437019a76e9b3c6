"""Who is told how the connection does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pennon._transport.stream import Ending


class Watch(Protocol):
    """Told by the threads of the connection, and must not keep them."""

    def stream_heard(self, *, current: bool) -> None:
        """A stream gives bytes; `current`: what is held is what the server serves."""

    def stream_failed(self, ending: Ending, *, polling: bool) -> None:
        """A stream failed; `polling`: the poll takes its place."""

    def polled(self) -> None:
        """A poll was answered: what is held is what the server serves."""

    def poll_failed(self, ending: Ending) -> None:
        """A poll was not answered."""

    def key_refused(self, ending: Ending) -> None:
        """The server does not take the key."""
