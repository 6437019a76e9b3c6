"""Batches on their way: sent again as they were until the server has them, dropped when it never will."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pennon._clock import Clock
from pennon._events.buffer import ROOM
from pennon._events.sender import Sender
from pennon._settings import Settings
from pennon._transport.origin import Origin
from pennon._transport.server import EVENTS_PATH, Server
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from peer import Asked, Peer, Script, Talk

TAKEN = {"accepted": 1, "refused": []}


class Post:
    """A sender with a peer to send to."""

    def __init__(self, peer: Peer, **settings: Any) -> None:
        quick = {"flush_interval": 60, "backoff_min": 0.01, "backoff_max": 0.02, **settings}
        read = Settings.read({"url": peer.url, "key": "pnn_srv_secret", "instance_id": "i-1", **quick}, {})
        clock = Clock()
        server = Server(Origin.parse(peer.url), "pnn_srv_secret", 5.0, 5.0, clock.monotonic)
        self.sender = Sender(read, server, clock, "8f1c0a4be27d6395", self._heartbeat)
        self.kept = self.sender.kept
        self.peer = peer
        self.sender.start()

    def _heartbeat(self) -> dict[str, Any]:
        return {"kind": "instance", "dropped": self.kept.dropped()}

    def track(self, count: int = 1, unit: str = "u") -> None:
        """Keeps so many tracks."""
        for _ in range(count):
            self.kept.track("m", unit, 1.0)

    def batches(self, count: int) -> list[Any]:
        """Waits for so many batches; all of them."""
        return [asked.json for asked in self.peer.wait_for(EVENTS_PATH, count)]

    def close(self) -> None:
        """Ends the sender."""
        self.sender.stop()
        self.sender.join(5.0)


@pytest.fixture
def post(peer: Peer) -> Iterator[Callable[..., Post]]:
    """Makes senders, and ends them."""
    made: list[Post] = []

    def make(script: Script | None = None, **settings: Any) -> Post:
        peer.scripts[EVENTS_PATH] = script or (lambda talk: talk.answer(200, TAKEN))
        made.append(Post(peer, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _first(bad: Script) -> Script:
    """A script that misbehaves once."""
    left = [bad]

    def script(talk: Talk) -> None:
        if left:
            left.pop()(talk)
        else:
            talk.answer(200, TAKEN)

    return script


def _kinds(batch: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in batch["events"]]


def test_a_flush_sends_all_that_is_kept_and_the_heartbeat_first(post: Callable[..., Post]) -> None:
    one = post()
    one.track(2)
    one.kept.counter.first(("f", "on", "STATIC", None))
    one.sender.flush()
    (batch,) = one.batches(1)
    assert _kinds(batch) == ["instance", "summary", "track", "track"]
    assert (batch["instanceId"], batch["session"], batch["sequence"]) == ("i-1", "8f1c0a4be27d6395", 1)
    assert not one.kept.waiting


def test_a_heartbeat_goes_out_every_so_often(post: Callable[..., Post]) -> None:
    batches = post(flush_interval=0.02).batches(3)
    assert [_kinds(batch) for batch in batches[:3]] == [["instance"]] * 3
    assert [batch["sequence"] for batch in batches[:3]] == [1, 2, 3]


def test_more_than_a_batch_holds_goes_out_in_several(post: Callable[..., Post]) -> None:
    one = post()
    one.track(2_500)
    one.sender.flush(5.0)
    batches = one.batches(3)
    assert [len(batch["events"]) for batch in batches] == [1_000, 1_000, 503]
    assert all(_kinds(batch)[0] == "instance" for batch in batches)


def test_a_half_full_buffer_is_sent_early(post: Callable[..., Post]) -> None:
    one = post()
    one.track(ROOM // 2)
    one.batches(6)
    until(lambda: not one.kept.waiting, "an empty buffer")


def _cut(talk: Talk) -> None:
    talk.connection.close()


@pytest.mark.parametrize(
    "bad",
    [
        _cut,
        lambda talk: talk.send(b"HTTP/1.1 200 OK\r\nConte"),
        lambda talk: talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"),
        lambda talk: talk.answer(500),
        lambda talk: talk.answer(503),
        lambda talk: talk.answer(429),
        lambda talk: talk.answer(404),
        lambda talk: talk.answer(302, location="http://127.0.0.1:1/"),
        lambda talk: talk.answer(204),
    ],
)
def test_a_batch_is_sent_again_as_it_was_until_it_is_taken(bad: Script, post: Callable[..., Post]) -> None:
    one = post(_first(bad))
    one.track()
    one.sender.flush()
    one.track(unit="later")
    first, again = one.peer.wait_for(EVENTS_PATH, 2)[:2]
    assert first.body == again.body
    one.sender.flush()
    third = one.batches(3)[2]
    assert third["sequence"] == 2
    assert third["events"][1]["unit"] == "later"


@pytest.mark.parametrize("status", [429, 503])
def test_a_batch_waits_as_long_as_the_server_says_whoever_asks(status: int, post: Callable[..., Post]) -> None:
    times: list[float] = []

    def script(talk: Talk) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            talk.answer(status, retry_after="1")
        else:
            talk.answer(200, TAKEN)

    one = post(script)
    one.track()
    one.sender.flush()
    began = time.monotonic()
    one.sender.flush()
    assert time.monotonic() - began < 0.5
    one.batches(2)
    assert times[1] - times[0] >= 1.0


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_batch_that_is_never_taken_is_dropped_counted_and_said_once(
    status: int, post: Callable[..., Post], caplog: pytest.LogCaptureFixture
) -> None:
    one = post(_first(lambda talk: talk.answer(status)))
    one.track(3)
    one.kept.counter.first(("f", "on", "STATIC", None))
    with caplog.at_level(logging.WARNING, "pennon"):
        one.sender.flush()
        one.sender.flush()
    second = one.batches(2)[1]
    assert (second["sequence"], _kinds(second)) == (2, ["instance"])
    assert second["events"][0]["dropped"] == {"exposures": 0, "tracks": 3, "evaluations": 1}
    said = [True] if status in (400, 422) else []  # Of a bad key the connection tells.
    assert [str(status) in record.getMessage() for record in caplog.records] == said


def test_a_batch_that_is_too_large_is_split_with_new_numbers(post: Callable[..., Post]) -> None:
    def script(talk: Talk) -> None:
        if len(talk.asked.json["events"]) > 3:
            talk.answer(413)
        else:
            talk.answer(200, TAKEN)

    one = post(script)
    for unit in "abcde":
        one.track(unit=unit)
    one.sender.flush(5.0)
    batches = one.batches(5)
    assert [(batch["sequence"], len(batch["events"])) for batch in batches] == [(1, 6), (2, 3), (3, 4), (4, 2), (5, 3)]
    taken = [event["unit"] for batch in batches if len(batch["events"]) <= 3 for event in batch["events"][1:]]
    assert taken == list("abcde")


def test_an_event_that_is_too_large_by_itself_is_dropped_and_the_others_go_on(post: Callable[..., Post]) -> None:
    def script(talk: Talk) -> None:
        large = any(event.get("unit") == "large" for event in talk.asked.json["events"])
        talk.answer(413) if large else talk.answer(200, TAKEN)

    one = post(script)
    for unit in ("a", "large", "b"):
        one.track(unit=unit)
    one.sender.flush(5.0)
    until(lambda: not one.kept.waiting, "an empty buffer")
    one.sender.flush()
    assert one.kept.dropped()["tracks"] == 1


def test_what_is_refused_of_a_batch_is_counted_and_its_words_are_not_told(
    post: Callable[..., Post], caplog: pytest.LogCaptureFixture
) -> None:
    refused = [
        {"index": 1, "code": "invalid_event", "detail": "the unit private@example.org"},
        {"index": 99, "code": "x"},
    ]
    one = post(_first(lambda talk: talk.answer(200, {"accepted": 1, "refused": refused[:1]})))
    one.track(2)
    with caplog.at_level(logging.DEBUG, "pennon"):
        one.sender.flush()
    assert one.kept.dropped()["tracks"] == 1
    assert "invalid_event" in caplog.text
    assert "private" not in caplog.text


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "7", '{"refused": 7}', '{"refused": [7]}', '{"refused": [{"index": 99}]}', '{"refused": null}'],
)
def test_an_answer_that_makes_no_sense_is_taken_for_what_its_status_says(body: str, post: Callable[..., Post]) -> None:
    one = post(_first(lambda talk: talk.answer(200, body)))
    one.track()
    one.sender.flush()
    one.sender.flush()
    assert [batch["sequence"] for batch in one.batches(2)] == [1, 2]


def test_while_nothing_can_be_sent_memory_is_bounded(post: Callable[..., Post]) -> None:
    one = post(lambda talk: talk.answer(500))
    for _ in range(30):
        one.track(1_000)
        for number in range(100):
            one.kept.counter.first((f"f{number}", "on", "STATIC", None))
        one.sender.flush()
    assert len(one.kept._tracks) == ROOM
    assert len(one.sender._unsent) == 1
    assert len(one.kept._summaries) == 1
    assert one.kept.dropped()["tracks"] >= 30_000 - ROOM - 1_000


def test_the_end_sends_what_is_left(post: Callable[..., Post]) -> None:
    one = post()
    one.track()
    one.close()
    assert _kinds(one.batches(1)[0]) == ["instance", "track"]


def test_the_end_comes_in_time_when_the_server_is_silent(post: Callable[..., Post]) -> None:
    one = post(lambda talk: talk.stay())
    one.track()
    began = time.monotonic()
    one.sender.stop()
    one.sender.join(0.7)
    assert time.monotonic() - began < 1.0


def test_the_end_sends_nothing_while_the_server_has_asked_to_wait(post: Callable[..., Post]) -> None:
    one = post(lambda talk: talk.answer(503, retry_after="60"))
    one.track()
    one.sender.flush()
    one.close()
    assert len(one.peer.seen(EVENTS_PATH)) == 1


def test_a_flush_after_the_end_keeps_nothing(post: Callable[..., Post]) -> None:
    one = post()
    one.close()
    for _ in range(10):
        one.sender.flush()
    assert one.sender._wake.empty()


def test_a_flush_does_not_wait_for_ever(post: Callable[..., Post]) -> None:
    one = post(lambda talk: talk.stay())
    began = time.monotonic()
    one.sender.flush(0.2)
    assert time.monotonic() - began < 1.0


def test_one_batch_is_under_way_at_a_time(post: Callable[..., Post]) -> None:
    under_way: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def script(talk: Talk) -> None:
        with lock:
            under_way.append(1)
            most.append(len(under_way))
        talk.ended.wait(0.01)
        with lock:
            under_way.pop()
        talk.answer(200, TAKEN)

    one = post(script)

    def work() -> None:
        one.track()
        one.sender.flush(5.0)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1


def _asked(asked: Asked) -> tuple[str, str]:
    return asked.headers["authorization"], asked.headers["content-type"]


def test_a_batch_is_sent_with_the_key_as_json(post: Callable[..., Post]) -> None:
    one = post()
    one.sender.flush()
    assert _asked(one.peer.wait_for(EVENTS_PATH)[0]) == ("Bearer pnn_srv_secret", "application/json")
