"""Polling: when the stream is held back or refused, how often, and how it ends."""

import time

import pytest

import faults
from scene import EARLY

HELD_BACK = [faults.buffer, faults.buffer_all, faults.silence_after_head, faults.silence]
POLLED = {"streamWaitMs": 300, "pollIntervalMs": 200}
SLACK = 0.35  # seconds that a busy machine may be late


def begun(scene, fault=faults.buffer, **options):
    """An agent whose stream is held back, and which polls."""
    scene.project.flag()
    scene.proxy.on(scene.stream, fault)
    agent = scene.start(**{**POLLED, **options})
    agent.until(state="ready", source="poll", revision=scene.project.revision())
    return agent


@pytest.mark.parametrize("fault", HELD_BACK, ids=lambda fault: fault.__name__)
def test_a_stream_that_gives_no_byte_is_replaced_by_polling(scene, fault):
    agent = begun(scene, fault)
    assert agent.value() is True
    assert scene.streams()[0].at + 0.3 - EARLY <= scene.polls()[0].at < scene.streams()[0].at + 0.3 + SLACK
    agent.until(revision=scene.project.switch("flag", False), source="poll")
    assert agent.value("flag", True) is False


def test_polls_say_what_is_held_and_are_answered_with_304(scene):
    begun(scene)
    polls = scene.proxy.wait_for(4, scene.polled)[:4]
    assert "if-none-match" not in polls[0].headers and polls[0].status == 200
    for poll in polls[1:]:
        assert poll.headers["if-none-match"].removeprefix("W/") == f'"{scene.project.revision()}"'
    scene.proxy.wait(lambda: [poll.status for poll in polls[1:]] == [304] * 3, "three answers of 304")
    assert not any(scene.project.server_key in poll.target for poll in polls)
    assert all(poll.headers["authorization"] == f"Bearer {scene.project.server_key}" for poll in polls)


def test_what_is_held_is_told_by_the_first_poll_too(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.silence)
    agent = scene.start(bootstrap=scene.project.snapshot(), **POLLED)
    first = scene.proxy.wait_for(1, scene.polled)[0]
    assert first.headers["if-none-match"].removeprefix("W/") == f'"{scene.project.revision()}"'
    status = agent.until(state="ready")
    assert (status["source"], status["revision"]) in [
        ("bootstrap", scene.project.revision()), ("poll", scene.project.revision()),
    ]


def test_polls_are_apart_by_the_interval_give_or_take_a_fifth(scene):
    begun(scene, streamWaitMs=300, pollIntervalMs=300)
    polls = scene.proxy.wait_for(9, scene.polled, seconds=20)
    apart = [later.at - earlier.at for earlier, later in zip(polls, polls[1:])]
    assert all(0.8 * 0.3 - EARLY <= gap for gap in apart), apart
    # One may be later than a busy machine is forgiven elsewhere.
    assert sorted(apart)[-2] < 1.2 * 0.3 + SLACK, apart
    assert max(apart) - min(apart) > 0.005, f"no jitter: {apart}"


def test_the_stream_is_tried_again_in_the_background(scene):
    agent = begun(scene)
    scene.proxy.wait_for(3, scene.stream, seconds=20)
    assert agent.status()["state"] == "ready"
    assert scene.most_at_once(scene.stream) == 1


def test_when_the_proxy_buffers_no_more_the_stream_ends_the_polling(scene):
    agent = begun(scene)
    scene.proxy.clear()
    agent.until_stream(lambda on: scene.project.switch("flag", on))
    polled, began, flips = len(scene.polls()), time.monotonic(), 0
    while time.monotonic() - began < 4 * POLLED["pollIntervalMs"] / 1000:
        flips += 1
        agent.until(revision=scene.project.switch("flag", flips % 2 == 0))
    assert len(scene.polls()) == polled, "it polls on beside the stream"
    assert agent.status()["source"] == "stream"


def test_a_stream_that_is_let_go_late_ends_the_polling_too(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.buffer)
    agent = scene.start(streamWaitMs=300, pollIntervalMs=100, readTimeoutMs=60_000)
    agent.until(state="ready", source="poll")
    scene.proxy.clear()
    scene.proxy.release(scene.stream)
    agent.until_stream(lambda on: scene.project.switch("flag", on))
    assert scene.most_at_once(scene.stream) == 1


def test_while_streams_are_refused_it_polls(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.problem(503, "too_many_streams", retry_after="1"))
    agent = scene.start(streamWaitMs=300, pollIntervalMs=100)
    agent.until(state="ready", source="poll", revision=scene.project.revision())
    agent.until(revision=scene.project.switch("flag", False))
    scene.proxy.clear()
    agent.until_stream(lambda on: scene.project.switch("flag", on))


def test_while_polls_fail_what_is_held_is_served_and_stale(scene):
    agent = begun(scene)
    scene.proxy.on(scene.polled, faults.problem(500, "internal"))
    agent.until(state="stale")
    assert agent.value() is True
    scene.proxy.on(scene.polled, faults.forward)
    agent.until(state="ready", source="poll")


@pytest.mark.parametrize(
    "body", ["{", '{"flags": []}', "null", '"text"', "", '{"schemaVersion": 1, "epoch": 1, "revision": "2", "flags": {}}'],
)
def test_a_poll_that_cannot_be_read_changes_nothing(scene, body):
    agent = begun(scene)
    held = scene.project.revision()
    scene.proxy.on(scene.polled, faults.rewrite(lambda _: body))
    scene.project.switch("flag", False)
    seen = len(scene.polls())
    scene.proxy.wait_for(seen + 2, scene.polled)
    assert agent.value() is True and agent.status()["revision"] == held
    scene.proxy.on(scene.polled, faults.forward)
    agent.until(state="ready", revision=scene.project.revision())


def test_a_poll_that_is_cut_changes_nothing(scene):
    agent = begun(scene)
    scene.proxy.on(scene.polled, faults.cut_after(50))
    scene.project.switch("flag", False)
    seen = len(scene.polls())
    scene.proxy.wait_for(seen + 2, scene.polled)
    assert agent.value() is True
    scene.proxy.on(scene.polled, faults.forward)
    agent.until_value("flag", False)


def test_a_lower_revision_that_is_polled_is_ignored(scene):
    scene.project.flag()
    old = scene.server.address, scene.project.snapshot()
    scene.project.switch("flag", False)
    scene.proxy.on(scene.stream, faults.buffer)
    agent = scene.start(**POLLED)
    agent.until(state="ready", source="poll", revision=scene.project.revision())
    scene.proxy.on(scene.polled, faults.answer(200, old[1], etag=f'"{old[1]["epoch"]}-{old[1]["revision"]}"'))
    seen = len(scene.polls())
    scene.proxy.wait_for(seen + 3, scene.polled)
    assert agent.status()["revision"] == scene.project.revision()
    assert agent.value("flag", True) is False


def test_a_poll_that_is_never_answered_does_not_stop_the_others(scene):
    agent = begun(scene, readTimeoutMs=400)
    scene.proxy.on(scene.polled, faults.silence, times=1)
    agent.until(revision=scene.project.switch("flag", False))


def test_who_polls_waits_as_long_as_the_server_says(scene):
    begun(scene, pollIntervalMs=50)
    scene.proxy.on(scene.polled, faults.problem(429, "rate_limited", retry_after="1"), times=1)
    scene.proxy.wait(lambda: any(p.status == 429 for p in scene.polls()), "the refusal")
    refused = next(n for n, p in enumerate(scene.polls()) if p.status == 429)
    polls = scene.proxy.wait_for(refused + 2, scene.polled)
    assert polls[refused + 1].at - polls[refused].at >= 0.99


@pytest.mark.parametrize("status", [401, 403])
def test_a_poll_that_is_refused_once_does_not_end_the_polling(scene, status):
    agent = begun(scene, readTimeoutMs=60_000)
    scene.proxy.on(scene.polled, faults.problem(status, "unauthenticated"), times=1)
    scene.proxy.wait(lambda: any(poll.status == status for poll in scene.polls()), "the refusal")
    agent.until(revision=scene.project.switch("flag", False))
    agent.until(state="ready", source="poll")
