"""What `status()` tells, and that each change of the state is an event."""

import time

import pytest

import faults
import sse


def states(agent) -> list[str]:
    return [event["state"] for event in agent.seen("status")]


@pytest.mark.web_too
@pytest.mark.parametrize("missing", ["url", "key", "both"])
def test_without_an_address_or_a_key_defaults_are_served_and_one_warning_is_logged(scene, missing):
    options = scene.options(startWaitMs=5000)
    for name in ("url", "key"):
        if missing in (name, "both"):
            del options[name]
    agent = scene.agent().start(**options)
    began = time.monotonic()
    for _ in range(3):
        got = agent.evaluate("flag", True)
        assert (got["value"], got["variant"], got["reason"]) == (True, None, "ERROR")
    assert time.monotonic() - began < 1, "it waited for a server that it does not know"
    status = agent.status()
    assert (status["state"], status["source"], status["revision"]) == ("unconfigured", "none", None)
    assert len(agent.log().splitlines()) == 1, agent.log()
    assert not scene.proxy.seen()


@pytest.mark.web_too
def test_each_change_of_the_state_is_told_once_and_in_order(scene):
    scene.project.flag()
    scene.proxy.refuse()
    agent = scene.start(startWaitMs=1)
    agent.ask("watchStatus")
    scene.proxy.accept()
    agent.wait_events(1, "status", state="ready")
    for outage in range(1, 4):
        scene.proxy.on("/", faults.cut)
        scene.proxy.cut()
        agent.wait_events(outage, "status", state="stale")
        scene.proxy.clear()
        agent.wait_events(outage + 1, "status", state="ready")
    agent.close()
    agent.wait_events(1, "status", state="closed")
    assert states(agent) == ["ready", *["stale", "ready"] * 3, "closed"]
    # A page that was polling does not know the revision: OFREP does not tell it.
    known = [scene.project.revision()] + [None] * scene.web
    assert agent.seen("status", state="ready")[0]["revision"] in known


@pytest.mark.web_too
def test_stale_since_is_when_the_server_was_heard_last(scene):
    scene.project.flag()
    agent = scene.ready()
    assert agent.status()["staleSince"] is None
    before = time.time()
    scene.proxy.on("/", faults.cut)
    scene.proxy.cut()
    status = agent.until(state="stale")
    # A heartbeat came at most some hundred milliseconds before the cut.
    assert before - 1.0 <= status["staleSince"] / 1000 <= time.time() + 0.001
    scene.proxy.wait_for(6, scene.stream)
    assert agent.status()["staleSince"] == status["staleSince"], "failed attempts have moved it"
    scene.proxy.clear()
    assert agent.until(state="ready")["staleSince"] is None


@pytest.mark.web_too
def test_silence_is_told_with_the_time_at_which_it_began(scene):
    scene.project.flag()
    agent = scene.ready(readTimeoutMs=800, streamWaitMs=300)
    before = time.time()
    scene.proxy.on("/", faults.silence)
    scene.proxy.silence()
    status = agent.until(state="stale")
    assert status["staleSince"] / 1000 <= before + 0.5, "it counts from when the silence was found"


@pytest.mark.web_too
def test_a_stale_snapshot_is_served_without_limit(scene):
    scene.project.flag()
    agent = scene.ready(readTimeoutMs=100, streamWaitMs=100, pollIntervalMs=50, backoffMaxMs=50, healthyAfterMs=50)
    scene.proxy.on("/", faults.cut)
    scene.proxy.cut()
    scene.proxy.wait_for(20, scene.stream)
    assert agent.status()["state"] == "stale" and agent.value() is True


def test_the_source_tells_where_the_snapshot_came_from(scene):
    scene.project.flag()
    old = scene.project.snapshot()
    scene.project.switch("flag", False)
    scene.proxy.refuse()
    agent = scene.start(bootstrap=old, streamWaitMs=300, pollIntervalMs=100)
    agent.until(state="stale", source="bootstrap", revision=f"{old['epoch']}-{old['revision']}")
    scene.proxy.on(scene.stream, faults.buffer)
    scene.proxy.accept()
    agent.until(state="ready", source="poll", revision=scene.project.revision())
    scene.proxy.clear()
    scene.proxy.cut(scene.stream)
    revision = scene.project.switch("flag", True)
    agent.until(state="ready", revision=revision)
    agent.until(state="ready", source="stream", revision=scene.project.switch("flag", False))


@pytest.mark.web_too
def test_the_revision_is_epoch_and_revision(scene):
    scene.project.flag()
    agent = scene.ready()
    snapshot = scene.project.snapshot()
    assert agent.status()["revision"] == f"{snapshot['epoch']}-{snapshot['revision']}"


@pytest.mark.web_too
def test_the_last_error_tells_what_is_wrong(scene):
    scene.project.flag()
    scene.proxy.on("/", faults.problem(503, "unavailable"))
    agent = scene.start(startWaitMs=1)
    assert "503" in agent.until(lastError=lambda error: error is not None)["lastError"]


@pytest.mark.web_too
def test_a_closed_client_serves_on_and_hears_nothing_any_more(scene):
    scene.project.flag()
    agent = scene.ready()
    agent.ask("watch", flag="flag")
    held = agent.status()["revision"]
    agent.close()
    scene.proxy.wait(lambda: not scene.streams()[0].open, "the end of the stream")
    scene.project.switch("flag", False)
    other = scene.ready()
    assert other.value("flag", True) is False
    assert agent.status()["state"] == "closed" and agent.status()["revision"] == held
    assert agent.value() is True and not agent.seen("change")
    assert len(scene.streams()) == 2, "it connected again"


@pytest.mark.web_too
def test_a_client_that_is_closed_twice_is_closed(scene):
    agent = scene.ready()
    agent.close()
    agent.close()
    assert agent.status()["state"] == "closed"


@pytest.mark.web_too
def test_a_goodbye_is_no_outage(scene):
    scene.project.flag()
    agent = scene.ready()
    agent.ask("watchStatus")
    scene.proxy.inject(sse.write("goodbye", {"reconnectAfterMs": 50, "reason": "age"}), scene.stream)
    scene.proxy.wait_for(2, scene.stream)
    agent.until(revision=scene.project.switch("flag", False), state="ready")
    assert len(agent.log().splitlines()) <= 2, agent.log()


@pytest.mark.web_too
def test_who_is_sent_away_for_longer_than_a_silence_is_not_current(scene):
    scene.project.flag()
    agent = scene.ready(readTimeoutMs=500, pollIntervalMs=600_000)
    scene.proxy.inject(sse.write("goodbye", {"reconnectAfterMs": 2500, "reason": "draining"}), scene.stream)
    agent.until(state="stale", seconds=2)
    assert agent.value() is True
    scene.follows(agent)
    assert agent.status()["staleSince"] is None


@pytest.mark.web_too
def test_a_stream_that_brings_no_snapshot_is_not_current(scene):
    scene.project.flag()
    agent = scene.ready()
    scene.proxy.on(scene.stream, faults.edit(lambda block: None if b"event: put" in block else block))
    # It has lost the thread, so it asks for a whole snapshot, and is given greetings and heartbeats instead.
    step = {"epoch": 1, "from": 10**6, "revision": 10**6 + 1, "flags": {}, "segments": {}, "layers": {}}
    step["epoch"] = scene.bootstrap()["epoch"]
    scene.proxy.inject(sse.write("patch", step, f"{step['epoch']}-{step['revision']}"), scene.stream)
    stream = scene.proxy.wait_for(2, scene.stream)[1]
    scene.proxy.wait(lambda: stream.passed > 5 * len(": heartbeat\n\n"), "heartbeats")
    assert agent.status()["state"] == "stale" and agent.value() is True


def test_a_bootstrap_without_an_address_is_served_unconfigured(scene):
    scene.project.flag()
    options = scene.options(bootstrap=scene.bootstrap())
    del options["url"], options["key"]
    agent = scene.agent().start(**options)
    assert agent.value() is True
    status = agent.status()
    assert (status["state"], status["source"], status["staleSince"]) == ("unconfigured", "bootstrap", None)
