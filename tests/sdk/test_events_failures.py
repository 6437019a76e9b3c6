"""Events while the way to the server is bad: each is counted exactly once, or is counted as dropped."""

import pytest

import faults
from batches import DROPPED, counted, of, sent, until
from scene import EVENTS, gaps

ON = {"events": True, "flushIntervalMs": 60, "backoffMinMs": 10, "backoffMaxMs": 100}
EVALUATIONS = 9


def busy(scene, fault, times: int | None = 1, **options):
    """An agent with evaluations, an exposureless flag and a measurement, whose first batches meet a fault."""
    scene.project.flag()
    scene.proxy.on(EVENTS, fault, times)
    agent = scene.ready(**{**ON, **options})
    for _ in range(EVALUATIONS):
        agent.evaluate()
    agent.ask("track", metric="m", value=1, context={"targetingKey": "u"})
    return agent


def everything_arrived(scene, agent) -> None:
    """All that `busy` did was taken by the server, once."""
    until(scene, lambda batches: len(taken(batches)) and counted(taken(batches)).total() >= EVALUATIONS, "the evaluations")
    # Before the end, since an SDK may give an attempt up then, and try once more at once.
    assert scene.most_at_once(EVENTS) == 1, "two batches were under way at once"
    agent.close()
    assert counted(taken(sent(scene))) == {("flag", "on", "STATIC", None): EVALUATIONS}
    assert len(of(taken(sent(scene)), "track")) == 1
    assert scene.project.evaluations() == {("flag", "on"): EVALUATIONS}
    assert all(batch.heartbeat["dropped"] == DROPPED for batch in sent(scene))


def taken(batches: list) -> list:
    return [batch for batch in batches if batch.request.status == 200]


LOSSES = {
    "cut": faults.cut,
    "cut before the answer": faults.lose_answer,
    "half an answer": faults.cut_after(5),
    "500": faults.problem(500, "internal"),
    "502": faults.answer(502, "bad gateway"),
    "503": faults.problem(503, "unavailable", retry_after="0"),
    "429": faults.problem(429, "rate_limited", retry_after="0"),
    "404": faults.problem(404, "not_found"),
    "garbage": faults.garbage(b"\x00\xff\r\n\r\n"),
    "redirect": faults.answer(307, location="http://127.0.0.1:9/"),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_a_batch_that_is_not_acknowledged_is_sent_again_as_it_was(scene, loss):
    agent = busy(scene, loss, times=3)
    batches = until(scene, lambda batches: len(batches) >= 5, "four attempts and one more batch")
    first = batches[0]
    assert [batch.number for batch in batches[:4]] == [first.number] * 4
    assert len({batch.request.body for batch in batches[:4]}) == 1, "the batch was changed"
    assert batches[4].number == (first.number[0], first.number[1] + 1)
    everything_arrived(scene, agent)


def test_what_the_server_kept_before_its_answer_was_lost_counts_once(scene):
    agent = busy(scene, faults.lose_answer, times=4)
    batches = until(scene, lambda batches: any(batch.request.status == 200 for batch in batches[4:]), "an answer")
    assert len({batch.number for batch in batches[:4]}) == 1
    everything_arrived(scene, agent)


def test_an_answer_that_never_comes_is_waited_for_no_longer_than_the_read_timeout(scene):
    agent = busy(scene, faults.silence, readTimeoutMs=600)
    batches = until(scene, lambda batches: len(batches) >= 2, "the batch again")
    assert batches[0].number == batches[1].number
    everything_arrived(scene, agent)


@pytest.mark.parametrize("status", [429, 503])
def test_a_batch_waits_as_long_as_the_server_says(scene, status):
    agent = busy(scene, faults.problem(status, "unavailable", retry_after="1"))
    batches = until(scene, lambda batches: len(batches) >= 2, "the batch again")
    assert batches[1].request.at - batches[0].request.at >= 0.99
    assert batches[0].number == batches[1].number
    everything_arrived(scene, agent)


def test_failures_are_further_and_further_apart(scene):
    busy(scene, faults.cut, times=None, backoffMinMs=40, backoffMaxMs=640)
    waits = gaps(until(scene, lambda batches: len(batches) >= 9, "nine attempts", 30) and scene.proxy.seen(EVENTS)[:9])
    late = [(wait, n) for n, wait in enumerate(waits) if wait > min(0.64, 0.04 * 2**n) + 0.2]
    assert not late, waits
    assert max(waits[4:]) > 0.06, waits


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_batch_that_the_server_will_never_take_is_dropped_and_counted(scene, status):
    agent = busy(scene, faults.problem(status, "invalid"), flushIntervalMs=60_000)
    agent.ask("flush")
    agent.ask("track", metric="later", value=1, context={"targetingKey": "u"})
    agent.ask("flush")
    first, second = sent(scene)
    assert second.number == (first.number[0], first.number[1] + 1)
    assert second.heartbeat["dropped"] == {"exposures": 0, "tracks": 1, "evaluations": EVALUATIONS}
    assert [event["metric"] for event in second.of("track")] == ["later"]
    assert scene.project.evaluations() == {}


def test_what_the_server_refuses_of_a_batch_is_not_sent_again(scene):
    answer = {"accepted": 1, "refused": [{"index": 1, "code": "invalid_event", "detail": "no"}]}
    agent = busy(scene, faults.answer(200, answer, content_type="application/json"), flushIntervalMs=60_000)
    agent.ask("flush")
    agent.ask("flush")
    first, *later = sent(scene)
    assert counted([first]).total() == EVALUATIONS
    assert counted(later).total() == 0 and not of(later, "track")


def test_a_batch_that_is_too_large_is_split_in_two_with_new_numbers(scene):
    scene.project.flag()
    scene.proxy.on(EVENTS, faults.problem(413, "too_large"), times=1)
    agent = scene.ready(**{**ON, "flushIntervalMs": 60_000})
    for number in range(40):
        agent.ask("track", metric="m", value=number, context={"targetingKey": f"u-{number}"})
    for _ in range(EVALUATIONS):
        agent.evaluate()
    agent.ask("flush")
    agent.ask("flush")
    first, *parts = sent(scene)
    assert len({batch.number for batch in [first, *parts]}) == len(parts) + 1 >= 3
    assert sorted(event["value"] for event in of(parts, "track")) == list(range(40))
    assert counted(parts) == {("flag", "on", "STATIC", None): EVALUATIONS}
    assert all(batch.heartbeat["kind"] == "instance" for batch in parts)
    assert max(len(batch.of("track")) for batch in parts) < 40
    assert all(batch.heartbeat["dropped"] == DROPPED for batch in parts)


def test_a_single_event_that_is_too_large_is_not_split_for_ever(scene):
    scene.proxy.on(EVENTS, faults.problem(413, "too_large"))
    agent = scene.ready(**{**ON, "flushIntervalMs": 60_000})
    for number in range(4):
        agent.ask("track", metric="m", value=number, context={"targetingKey": "u"})
    agent.ask("flush")
    scene.proxy.on(EVENTS, faults.forward)
    agent.ask("flush")
    batches = sent(scene)
    assert len(batches) < 20
    assert batches[-1].request.status == 200
    assert batches[-1].heartbeat["dropped"]["tracks"] + len(of(taken(batches), "track")) == 4


def test_an_outage_of_the_stream_does_not_stop_events_nor_the_other_way_round(scene):
    agent = busy(scene, faults.cut, times=None)
    until(scene, lambda batches: len(batches) >= 3, "attempts")
    assert agent.status()["state"] == "ready"
    agent.until(revision=scene.project.switch("flag", False))


def test_events_survive_a_server_that_restarts(own):
    scene = own()
    agent = busy(scene, faults.forward, times=0, flushIntervalMs=60)
    until(scene, lambda batches: counted(taken(batches)).total() >= EVALUATIONS, "the evaluations")
    scene.server.kill()
    for _ in range(5):
        agent.evaluate()
    scene.server.start()
    until(scene, lambda batches: counted(taken(batches)).total() >= EVALUATIONS + 5, "all evaluations", 20)
    agent.close()
    assert scene.project.evaluations() == {("flag", "on"): EVALUATIONS + 5}


def test_the_last_batch_is_tried_within_the_second_of_closing_and_no_longer(scene):
    agent = busy(scene, faults.cut, times=1, flushIntervalMs=60_000, backoffMinMs=10, backoffMaxMs=10)
    assert agent.close() <= 1000
    assert counted(sent(scene)).total() == EVALUATIONS
