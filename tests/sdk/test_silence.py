"""A connection that gives no byte any more is dead after `readTimeout`, and opened again."""

import time

import pytest

import faults

TIMEOUT = 0.8
SLACK = 0.5  # seconds that a busy machine may be late


@pytest.mark.web_too
def test_a_half_open_connection_is_found_by_its_silence(scene):
    scene.project.flag()
    agent = scene.ready(readTimeoutMs=int(TIMEOUT * 1000))
    held = agent.status()["revision"]
    scene.proxy.silence(scene.stream)
    began = time.monotonic()
    revision = scene.project.switch("flag", False)
    again = scene.proxy.wait_for(2, scene.stream)[1]
    # The last heartbeat came up to 100 ms before the line fell silent, on a busy machine some more.
    assert TIMEOUT / 2 < again.at - began < TIMEOUT + SLACK
    assert scene.resumes(again, held)
    agent.until(state="ready", revision=revision)
    assert agent.value("flag", True) is False
    assert scene.most_at_once(scene.stream) == 1, "the dead connection was left open"


@pytest.mark.web_too
def test_heartbeats_alone_keep_a_connection(scene):
    scene.project.flag()
    agent = scene.ready(readTimeoutMs=int(TIMEOUT * 1000))
    stream = next(each for each in reversed(scene.streams()) if each.open)
    passed, began = stream.passed, time.monotonic()
    beats = 3 * TIMEOUT / 0.1
    scene.proxy.wait(lambda: stream.passed >= passed + beats * len(": heartbeat\n\n"), "heartbeats", seconds=20)
    assert time.monotonic() - began > 2 * TIMEOUT
    assert stream is scene.streams()[-1] and stream.open
    assert agent.status()["state"] == "ready"


@pytest.mark.web_too
def test_a_server_that_accepts_and_stays_silent_is_left_after_a_while(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.silence, times=1)
    agent = scene.start(readTimeoutMs=int(TIMEOUT * 1000), streamWaitMs=200)
    scene.follows(agent)
    assert agent.value() is True
    assert scene.most_at_once(scene.stream) == 1


def test_a_server_that_answers_no_connection_is_left_after_the_connect_timeout(scene):
    scene.project.flag()
    scene.proxy.ignore()
    agent = scene.start(connectTimeoutMs=300, startWaitMs=1)
    assert agent.evaluate()["value"] is False
    agent.until(lastError=lambda error: error is not None)
    scene.proxy.accept()
    scene.follows(agent)


@pytest.mark.web_too
def test_silence_on_every_path_leaves_the_snapshot_served_and_stale(scene):
    scene.project.flag()
    agent = scene.ready(readTimeoutMs=int(TIMEOUT * 1000), streamWaitMs=200)
    scene.proxy.on("/", faults.silence)
    scene.proxy.silence()
    status = agent.until(state="stale")
    assert agent.value() is True
    assert abs(status["staleSince"] / 1000 - time.time()) < 5
    scene.proxy.clear()
    agent.until(state="ready", staleSince=None)


@pytest.mark.web_too
def test_a_slow_stream_is_not_a_silent_one(scene):
    for number in range(12):
        scene.project.flag(f"flag-{number}", description="x" * 200, metadata={"text": "x" * 100})
    scene.proxy.on(scene.stream, faults.throttle(50, 0.03))
    agent = scene.start(readTimeoutMs=1000, streamWaitMs=5000)
    agent.until(state="ready", source="stream", revision=scene.project.revision(), seconds=20)
    request = scene.streams()[0]
    assert len(scene.streams()) == 1 and time.monotonic() - request.at > 1.0
