"""How a stream goes on after it has ended: cut, finished, sent away, or with a server or a machine that was not there."""

import time

import pytest

import faults
import sse
from scene import EARLY, gaps

SLACK = 0.35  # seconds that a busy machine may be late


@pytest.mark.web_too
def test_a_stream_that_breaks_is_resumed_where_it_was(scene):
    scene.project.flag()
    agent = scene.ready()
    held = agent.status()["revision"]
    assert scene.proxy.cut(scene.stream) == 1
    requests = scene.proxy.wait_for(2, scene.stream)
    assert scene.resumes(requests[1], held)
    agent.until(state="ready")
    agent.until(revision=scene.project.switch("flag", False))
    assert agent.value("flag", True) is False


@pytest.mark.web_too
def test_what_changed_meanwhile_is_there_after_a_cut(scene):
    scene.project.flag()
    agent = scene.ready()
    scene.proxy.refuse()
    agent.until(state="stale")
    for on in (False, True, False):
        revision = scene.project.switch("flag", on)
    assert agent.value() is True
    scene.proxy.accept()
    agent.until(state="ready", revision=revision)
    assert agent.value("flag", True) is False


PHASES = {
    "before the answer": faults.cut,
    "after its head": faults.cut_after(0),
    "in the greeting": faults.cut_after(7),
    "in the snapshot": faults.cut_after(160),
}


@pytest.mark.web_too
@pytest.mark.parametrize("fault", PHASES.values(), ids=PHASES.keys())
def test_a_cut_in_any_phase_is_healed(scene, fault):
    scene.project.flag()
    scene.proxy.on(scene.stream, fault, times=3)
    agent = scene.start()
    assert agent.value() is True
    scene.proxy.wait_for(4, scene.stream)
    scene.follows(agent)
    assert len(scene.streams()) == 4
    assert scene.most_at_once(scene.stream) == 1


def test_a_cut_right_after_the_snapshot_loses_nothing(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.edit(lambda block: faults.Cut(block) if b"event: put" in block else block))
    agent = scene.start()
    assert scene.resumes(scene.proxy.wait_for(2, scene.stream)[1], scene.project.revision())
    scene.follows(agent)
    assert agent.value() is True


@pytest.mark.web_too
@pytest.mark.parametrize("reset", [True, False], ids=["RST", "FIN"])
def test_an_event_cut_within_a_character_is_discarded_and_sent_again(scene, reset):
    scene.project.flag("text", type="string", variants={"a": "alt", "b": "grün"}, on=False)
    scene.project.configure("text", enabled=True, fallthrough={"variant": "a"})
    armed = []

    def change(block):
        if b"event: patch" in block and armed and "ü".encode() in block:
            armed.clear()
            return faults.Cut(block[: block.index("ü".encode()) + 1], reset)
        return block

    scene.proxy.on(scene.stream, faults.edit(change))
    agent = scene.ready()
    held = agent.status()["revision"]
    armed.append(True)
    scene.project.configure("text", fallthrough={"variant": "b"})
    agent.until_value("text", "grün")
    assert scene.resumes(scene.proxy.wait_for(2, scene.stream)[1], held)
    assert agent.status()["revision"] == scene.project.revision()


@pytest.mark.web_too
def test_a_whole_event_without_its_empty_line_is_no_event(scene):
    scene.project.flag()
    armed = []

    def change(block):
        if b"event: patch" in block and armed:
            armed.clear()
            return faults.Cut(block[:-1], reset=False)
        return block

    scene.proxy.on(scene.stream, faults.edit(change))
    agent = scene.ready()
    held = agent.status()["revision"]
    armed.append(True)
    scene.project.switch("flag", False)
    scene.proxy.wait_for(2, scene.stream)
    assert scene.resumes(scene.streams()[1], held)
    agent.until_value("flag", False)


@pytest.mark.web_too
def test_a_goodbye_says_when_to_come_back(scene):
    scene.project.flag()
    agent = scene.ready(backoffMinMs=1, backoffMaxMs=10)
    agent.ask("watchStatus")
    said = time.monotonic()
    scene.proxy.inject(sse.write("goodbye", {"reconnectAfterMs": 700, "reason": "age"}), scene.stream)
    scene.proxy.cut(scene.stream)
    cut = time.monotonic()
    requests = scene.proxy.wait_for(2, scene.stream)
    assert said + 0.7 <= requests[1].at < cut + 0.7 + SLACK
    assert scene.resumes(requests[1], scene.project.revision())
    agent.until(state="ready")


@pytest.mark.web_too
def test_a_goodbye_is_obeyed_even_when_the_server_leaves_the_connection_open(scene):
    agent = scene.ready(backoffMinMs=1, backoffMaxMs=10)
    scene.proxy.inject(sse.write("goodbye", {"reconnectAfterMs": 300, "reason": "draining"}), scene.stream)
    requests = scene.proxy.wait_for(2, scene.stream, seconds=5)
    assert scene.most_at_once(scene.stream) == 1
    assert requests[1].at - requests[0].at > 0.29
    agent.until(state="ready")


@pytest.mark.web_too
def test_a_goodbye_that_cannot_be_read_is_no_reason_to_stay_away(scene):
    scene.project.flag()
    agent = scene.ready()
    for data in ["{", '{"reconnectAfterMs": "soon"}', '{"reconnectAfterMs": -5}']:
        seen = len(scene.streams())
        scene.proxy.inject(sse.write("goodbye", data), scene.stream)
        scene.proxy.cut(scene.stream)
        scene.proxy.wait_for(seen + 1, scene.stream)
        scene.follows(agent)


@pytest.mark.web_too
def test_a_stream_that_just_ends_is_opened_again_after_its_retry(scene):
    scene.project.flag()
    snapshot = scene.bootstrap()
    put = sse.write("put", snapshot, f"{snapshot['epoch']}-{snapshot['revision']}")
    scene.proxy.on(scene.stream, faults.stream(b": hello\nretry: 500\n\n", put, stay=False), times=1)
    agent = scene.start(backoffMinMs=20_000, backoffMaxMs=20_000)
    requests = scene.proxy.wait_for(2, scene.stream)
    assert 0.5 - EARLY <= gaps(requests)[0] < 0.5 + SLACK
    agent.until(state="ready")


@pytest.mark.web_too
def test_the_age_limit_of_streams_costs_no_revision(own):
    scene = own(PENNON_STREAM_MAX_AGE="150ms")
    scene.project.flag()
    agent = scene.ready()
    agent.ask("watch", flag="flag")
    count = 0
    while len(scene.streams()) < 5:
        count += 1
        revision = scene.project.switch("flag", count % 2 == 0)
        agent.until(revision=revision)
    assert [e["revision"] for e in agent.seen("change")][-1] == revision
    assert scene.most_at_once(scene.stream) == 1 and not scene.polls()


def test_a_server_that_restarts_is_followed_on_from_where_it_was(own):
    scene = own()
    scene.project.flag()
    blocks = []
    scene.proxy.on(scene.stream, faults.edit(lambda block: blocks.append(block) or block))
    agent = scene.ready()
    held = agent.status()["revision"]
    blocks.clear()
    seen = len(scene.streams())
    scene.server.stop()
    agent.until(state="stale")
    assert agent.value() is True
    scene.server.start()
    revision = scene.project.switch("flag", False)
    agent.until(state="ready", revision=revision)
    again = scene.streams()[seen:]
    assert again and all(request.headers["last-event-id"] == held for request in again if request.status != 200)
    assert not any(b"event: put" in block for block in blocks)


@pytest.mark.web_too
def test_a_server_that_is_killed_is_followed_on_when_it_is_back(own):
    scene = own()
    scene.project.flag()
    agent = scene.ready()
    scene.server.kill()
    agent.until(state="stale")
    scene.server.start()
    agent.until(state="ready", revision=scene.project.switch("flag", False))
    assert agent.value("flag", True) is False


@pytest.mark.web_too
def test_a_machine_that_slept_longer_than_the_read_timeout_wakes_up_well(scene):
    scene.project.flag()
    agent = scene.ready(readTimeoutMs=500)
    agent.pause()
    try:
        asleep = time.monotonic()
        flips = 0
        while time.monotonic() - asleep < 0.8 or flips % 2 == 0:
            revision = scene.project.switch("flag", flips % 2 == 1)
            flips += 1
    finally:
        agent.resume()
    agent.until(state="ready", revision=revision)
    assert agent.value("flag", True) is False
    assert scene.most_at_once(scene.stream) == 1
