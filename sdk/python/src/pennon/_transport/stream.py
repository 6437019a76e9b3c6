"""One stream from its request to its end: what arrives goes to the store. Must not decide when to come back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from pennon._engine import Snapshot, SnapshotError
from pennon._transport import sse
from pennon._transport.backoff import retry_after
from pennon._transport.exchange import Unreachable
from pennon._transport.order import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pennon._status import Source
    from pennon._transport.exchange import Exchange, Request


class Outcome(Enum):
    """How a stream ended."""

    ENDED = "ended"
    """Whole, without a word; `wait` is its `retry:`."""
    GOODBYE = "goodbye"
    """The server said when to come back, in `wait`."""
    FAILED = "failed"
    """There was none, or it broke off."""
    REFUSED = "refused"
    """Another answer than a stream; `wait` is its Retry-After."""
    KEY_REFUSED = "key refused"
    """401 or 403."""
    MISSED = "missed"
    """What came cannot be read, or does not follow what is held: only a whole snapshot helps."""


@dataclass(frozen=True)
class Ending:
    """How a stream ended, why, for people, and how many seconds the server asks to stay away."""

    outcome: Outcome
    reason: str
    wait: float | None = None


class Sink(Protocol):
    """Where snapshots and patches go."""

    def put(self, snapshot: Snapshot, source: Source) -> Verdict:
        """Takes a whole snapshot."""

    def patch(self, document: Mapping[str, object]) -> Verdict:
        """Takes a change; raises SnapshotError when it cannot be read."""


class Observer(Protocol):
    """Who is told how the stream does."""

    def asked(self) -> None:
        """The request was sent."""

    def alive(self) -> None:
        """The first byte came."""

    def heard(self, *, current: bool) -> None:
        """Some bytes came; `current`: what is held is what the server serves."""


class Stream:
    """One stream."""

    def __init__(self, exchange: Exchange, sink: Sink, observer: Observer) -> None:
        self._exchange = exchange
        self._sink = sink
        self._observer = observer
        self._parser = sse.Parser()

    def run(self, request: Request) -> Ending:
        """Asks, and listens until it ends."""
        try:
            status = self._exchange.ask(request, self._observer.asked)
            if status in (401, 403):
                return Ending(Outcome.KEY_REFUSED, f"the key is refused ({status})", self._retry_after())
            kind = (self._exchange.header("content-type") or "").partition(";")[0].strip().lower()
            if status != 200 or kind != "text/event-stream":
                what = f"an answer of status {status}" + (f" and type {kind or 'none'}" if status == 200 else "")
                return Ending(Outcome.REFUSED, what, self._retry_after())
            return self._listen(resumed="Last-Event-ID" in request.headers)
        except Unreachable as error:
            return Ending(Outcome.FAILED, str(error))
        except (sse.Unreadable, SnapshotError) as error:
            return Ending(Outcome.MISSED, str(error))
        finally:
            self._exchange.close()

    def _retry_after(self) -> float | None:
        return retry_after(self._exchange.header("retry-after"))

    def _listen(self, *, resumed: bool) -> Ending:
        current = resumed
        began = False
        while data := self._exchange.read():
            if not began:
                began = True
                self._observer.alive()
            for event in self._parser.feed(data):
                if event.name == "put":
                    self._sink.put(Snapshot.from_json(event.data), "stream")
                    current = True
                elif event.name == "patch":
                    if self._sink.patch(_object(event.data)) is Verdict.REOPEN:
                        return Ending(Outcome.MISSED, "a change that does not follow what is held")
                elif event.name == "goodbye":
                    return self._goodbye(event.data)
            self._observer.heard(current=current)
        if not began:
            return Ending(Outcome.FAILED, "the stream ended before its first byte")
        return Ending(Outcome.ENDED, "the stream ended", self._retry())

    def _goodbye(self, data: str) -> Ending:
        said = _object(data)
        after, reason = said.get("reconnectAfterMs"), said.get("reason")
        wait = self._retry()
        if isinstance(after, (int, float)) and not isinstance(after, bool) and after >= 0:
            wait = min(float(after), sse.RETRY_LIMIT_MS) / 1_000
        return Ending(Outcome.GOODBYE, f"goodbye: {reason}" if isinstance(reason, str) else "goodbye", wait)

    def _retry(self) -> float | None:
        return None if self._parser.retry_ms is None else self._parser.retry_ms / 1_000


def _object(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SnapshotError("an event that is no JSON") from error
    if not isinstance(found, dict):
        raise SnapshotError("an event that is no JSON object")
    return found
