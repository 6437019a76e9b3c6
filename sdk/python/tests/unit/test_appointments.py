"""Streams that end by appointment: the state while nobody is listening."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents import document, flag
from peer import put
from pennon import Client
from waiting import until

if TYPE_CHECKING:
    from peer import Peer, Script, Talk

STREAM = "/api/v1/sdk/stream"


def _ends(word: str) -> Script:
    def script(talk: Talk) -> None:
        if not talk.asked.headers.get("last-event-id"):
            talk.stream(": hello\n\n", put(document(flag("f"))), word)
        else:
            talk.stream(": hello\n\n")
            talk.stay()

    return script


def test_a_short_absence_changes_nothing(peer: Peer) -> None:
    peer.scripts[STREAM] = _ends('event: goodbye\ndata: {"reconnectAfterMs": 20}\n\n')
    states: list[str] = []
    with Client(peer.url, "k", events=False, read_timeout=5, start_wait=10) as client:
        client.on_status(lambda status: states.append(status.state))
        assert client.is_enabled("f")
        peer.wait_for(STREAM, 2)
        until(lambda: client.status().state == "ready", "ready")
    assert "stale" not in states


def test_an_absence_that_is_longer_than_a_silence_may_be_is_stale(peer: Peer) -> None:
    for word in ('event: goodbye\ndata: {"reconnectAfterMs": 3600000, "reason": "draining"}\n\n', "retry: 3600000\n\n"):
        peer.scripts[STREAM] = _ends(word)
        with Client(peer.url, "k", events=False, read_timeout=5, start_wait=10) as client:
            assert client.is_enabled("f")
            until(lambda: client.status().state == "stale", "stale")
            assert client.status().last_error is not None
            assert client.is_enabled("f")
