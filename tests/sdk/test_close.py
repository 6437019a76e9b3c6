"""`close()` ends within a second whatever the client is doing, and the process with it."""

import time

import pytest

import faults
from scene import EVENTS

LIMIT = 1000  # milliseconds
SLACK = 0.5  # seconds that the machine may add, as seen from outside


def closes(agent) -> None:
    began = time.monotonic()
    assert agent.close() <= LIMIT
    assert time.monotonic() - began < LIMIT / 1000 + SLACK
    assert agent.status()["state"] in ("closed", "unconfigured")
    began = time.monotonic()
    assert agent.end() == 0
    assert time.monotonic() - began < 1 + SLACK, "something kept the process"


def connected(scene):
    agent = scene.ready()
    return agent


def connecting(scene):
    scene.proxy.ignore()
    agent = scene.start(connectTimeoutMs=60_000, startWaitMs=1)
    agent.evaluate()
    return agent


def asking(scene):
    scene.proxy.on("/", faults.silence)
    agent = scene.start(startWaitMs=1)
    scene.proxy.wait_for(1, scene.stream)
    return agent


def half_open(scene):
    agent = scene.ready(readTimeoutMs=60_000)
    scene.proxy.silence()
    return agent


def backing_off(scene):
    scene.proxy.on("/", faults.cut)
    agent = scene.start(startWaitMs=1, backoffMinMs=60_000, backoffMaxMs=60_000)
    agent.until(lastError=lambda error: error is not None)
    return agent


def told_to_wait(scene):
    scene.proxy.on("/", faults.problem(503, "unavailable", retry_after="3600"))
    agent = scene.start(startWaitMs=1)
    agent.until(lastError=lambda error: error is not None)
    return agent


def polling(scene):
    scene.proxy.on(scene.stream, faults.buffer)
    agent = scene.start(streamWaitMs=100, pollIntervalMs=60_000)
    agent.until(state="ready", source="poll")
    return agent


def in_an_event(scene):
    for number in range(10):
        scene.project.flag(f"flag-{number}", description="x" * 200)
    scene.proxy.on(scene.stream, faults.throttle(1, 0.05))
    agent = scene.start(startWaitMs=1)
    scene.proxy.wait(lambda: any(request.passed > 30 for request in scene.streams()), "the first bytes")
    return agent


def with_events_that_nobody_takes(scene):
    scene.proxy.on(EVENTS, faults.silence)
    agent = scene.ready(events=True, flushIntervalMs=50)
    agent.ask("track", metric="m", value=1, context={"targetingKey": "u"})
    scene.proxy.wait_for(1, EVENTS)
    return agent


def with_events_that_are_put_off(scene):
    scene.proxy.on(EVENTS, faults.problem(503, "unavailable", retry_after="3600"))
    agent = scene.ready(events=True, flushIntervalMs=50)
    agent.evaluate()
    scene.proxy.wait_for(1, EVENTS)
    return agent


def unconfigured(scene):
    agent = scene.agent().start()
    agent.evaluate()
    return agent


STATES = [
    connected, connecting, asking, half_open, backing_off, told_to_wait, polling, in_an_event,
    with_events_that_nobody_takes, with_events_that_are_put_off, unconfigured,
]


@pytest.mark.web_too
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_it_closes_within_a_second(scene, state):
    closes(state(scene))


def test_what_is_put_off_is_not_sent_before_its_time_because_of_the_end(scene):
    agent = with_events_that_are_put_off(scene)
    # After it the answer has been read: a flush waits for what is under way.
    agent.ask("flush")
    agent.close()
    assert len(scene.proxy.seen(EVENTS)) == 1


@pytest.mark.web_too
def test_a_flush_ends_within_a_second_too(scene):
    scene.proxy.on(EVENTS, faults.silence)
    agent = scene.ready(events=True, flushIntervalMs=60_000)
    agent.evaluate()
    began = time.monotonic()
    agent.ask("flush")
    assert time.monotonic() - began < LIMIT / 1000 + 2 * SLACK
    assert len(scene.proxy.seen(EVENTS)) == 1


@pytest.mark.web_too
def test_it_closes_while_a_caller_waits_for_the_start(scene):
    scene.proxy.on("/", faults.silence)
    agent = scene.start(startWaitMs=60_000)
    waiting = agent.send("evaluate", flag="flag", type="boolean", default=True, context={})
    closing = agent.send("close")
    assert agent.answer(closing, 5)["ms"] <= LIMIT
    assert agent.answer(waiting, 5)["value"] is True
    assert agent.end() == 0


@pytest.mark.web_too
def test_a_process_that_ends_without_closing_ends(scene):
    scene.project.flag()
    agent = scene.ready()
    began = time.monotonic()
    assert agent.end() == 0
    assert time.monotonic() - began < 1 + SLACK
    scene.proxy.wait(lambda: not scene.streams()[0].open, "the end of the stream")


@pytest.mark.web_too
def test_a_closed_client_has_left_no_connection_behind(scene):
    agent = scene.ready(events=True, flushIntervalMs=50)
    agent.evaluate()
    scene.proxy.wait_for(1, EVENTS)
    agent.close()
    scene.proxy.wait(lambda: not any(request.open for request in scene.proxy.seen()), "the end of every request")
