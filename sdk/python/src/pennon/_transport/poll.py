"""One poll: the snapshot, unless it is the one that is held. Must not decide when to ask next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pennon._engine import Snapshot, SnapshotError
from pennon._transport.backoff import retry_after
from pennon._transport.exchange import Unreachable
from pennon._transport.server import SNAPSHOT_PATH, whole
from pennon._transport.stream import Ending, Outcome

if TYPE_CHECKING:
    from pennon._transport.exchange import Exchange
    from pennon._transport.order import Position
    from pennon._transport.server import Server
    from pennon._transport.stream import Sink

POLL_SECONDS: Final = 30.0
"""How long one poll may take in all: a large snapshot over a slow line, and no more."""


def poll(server: Server, exchange: Exchange, sink: Sink, held: Position | None) -> Ending:
    """Asks once; ENDED means that what is held is current."""
    headers = {"Accept-Encoding": "gzip", "Accept": "application/json"}
    if held is not None:
        headers["If-None-Match"] = f'"{held}"'
    try:
        answer = whole(exchange, server.request(server.origin.target(SNAPSHOT_PATH), headers))
        if answer.status == 200:
            sink.put(Snapshot.from_json(answer.body.decode()), "poll")
    except Unreachable as error:
        return Ending(Outcome.FAILED, str(error))
    except (SnapshotError, UnicodeDecodeError):
        return Ending(Outcome.FAILED, "an answer that is no snapshot")
    finally:
        exchange.close()
    wait = retry_after(answer.retry_after)
    if answer.status in (401, 403):
        return Ending(Outcome.KEY_REFUSED, f"the key is refused ({answer.status})", wait)
    if answer.status == 200 or (answer.status == 304 and held is not None):
        return Ending(Outcome.ENDED, "")
    return Ending(Outcome.REFUSED, f"an answer of status {answer.status}", wait)
