"""Server-sent events: bytes in, events out (WHATWG HTML, section 9.2).

Bytes may be cut anywhere, within a character or between CR and LF too. Lines are cut as bytes, since no byte of a
longer UTF-8 sequence looks like a line's end, and decoded whole. In one thing it is stricter than a browser: data that
is not UTF-8 is refused, not mended, since it would be served as a flag's value. Must not know what an event means.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

EVENT_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of one event: far above the largest environment, and a bound for who sends without end."""

RETRY_LIMIT_MS: Final = 3_600_000
"""An hour: what a stream may ask its listeners to wait."""

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_BOM: Final = b"\xef\xbb\xbf"


class Unreadable(ValueError):  # noqa: N818 - a state of the stream
    """The bytes are no stream of events, or an event is too large."""


class Event(NamedTuple):
    """One event; comments and events without data are none."""

    name: str
    data: str


class Parser:
    """Reads one stream from its first byte."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self.retry_ms: int | None = None
        """What the stream said last about when to come back, in milliseconds."""
        self._limit = limit
        self._partial: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._begun = False
        self._name = ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if not data:
            return []
        self._size += len(data)
        self._after_cr = data.endswith(b"\r")
        lines = _LINE_END.split(data)
        self._partial.append(lines.pop(0))
        events: list[Event] = []
        for line in lines:
            self._end_line(events)
            self._partial.append(line)
        if self._size > self._limit:
            raise Unreadable(f"an event of more than {self._limit} bytes")
        return events

    def _end_line(self, events: list[Event]) -> None:
        line = b"".join(self._partial)
        self._partial.clear()
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BOM)
        if line:
            self._field(line)
            return
        if self._data:
            events.append(Event(self._name or "message", "\n".join(self._data)))
        self._name = ""
        self._data.clear()
        self._size = 0

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            try:
                self._data.append(value.decode())
            except UnicodeDecodeError as error:
                raise Unreadable("an event that is not UTF-8") from error
        elif name == b"event":
            self._name = value.decode(errors="replace")
        elif name == b"retry" and value.isdigit():
            self.retry_ms = min(int(value[:_DIGITS]), RETRY_LIMIT_MS)


_DIGITS: Final = 12
"""Digits of a number that are looked at: more are above every limit, and cost time to read."""
