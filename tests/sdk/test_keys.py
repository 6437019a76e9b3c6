"""Bad keys, keys that go bad, and addresses that send a key elsewhere."""

import pytest

import faults
import sse
from proxy import Proxy
from scene import EVENTS, gaps

SLOW = {"backoffMinMs": 10, "backoffMaxMs": 400}


def lines_about(log: str, *words: str) -> list[str]:
    """The lines of a log that hold one of these words."""
    return [line for line in log.splitlines() if any(word in line.lower() for word in words)]


def key_lines(agent) -> list[str]:
    return lines_about(agent.log(), "401", "403", "key", "unauth", "forbid", "refused")


@pytest.mark.web_too
def test_a_wrong_key_serves_defaults_and_is_said_once(scene):
    scene.project.flag()
    agent = scene.start(key=scene.key[:-1] + "_", startWaitMs=1, **SLOW)
    assert agent.evaluate()["value"] is False
    requests = scene.proxy.wait_for(5, scene.stream)
    assert agent.status()["state"] == "starting"
    assert all(0.7 * 0.4 <= wait for wait in gaps(requests)[:4]), gaps(requests)
    assert len(key_lines(agent)) == 1, agent.log()
    assert agent.status()["lastError"]


@pytest.mark.web_too
@pytest.mark.parametrize("way", ["rotate", "revoke"])
def test_a_key_that_ends_leaves_what_is_held_served_and_stale(scene, way):
    scene.project.flag()
    agent = scene.ready(**SLOW)
    new = getattr(scene.project, way)(scene.key_id)
    agent.until(state="stale")
    requests = scene.proxy.wait_for(5, scene.stream)
    scene.project.switch("flag", False)
    assert agent.value() is True
    assert all(request.status == 401 for request in requests[2:])
    assert all(0.7 * 0.4 <= wait for wait in gaps(requests[1:])), gaps(requests)
    assert len(key_lines(agent)) == 1, agent.log()
    if way == "rotate":
        later = scene.start(key=new)
        later.until(state="ready")
        assert later.value("flag", True) is False


@pytest.mark.web_too
@pytest.mark.parametrize("status", [401, 403])
def test_who_was_refused_by_mistake_recovers(scene, status):
    scene.project.flag()
    scene.proxy.on("/", faults.problem(status, "unauthenticated"), times=4)
    agent = scene.start(startWaitMs=1, **SLOW)
    assert agent.evaluate()["value"] is False
    scene.follows(agent)
    assert agent.value() is True


def test_a_key_of_another_kind_is_a_bad_key(scene):
    scene.project.flag()
    agent = scene.start(key=scene.project.client_key, startWaitMs=1, **SLOW)
    assert agent.evaluate()["value"] is False
    assert scene.proxy.wait_for(3, scene.stream)[1].status == 403
    assert agent.status()["state"] == "starting"


@pytest.fixture
def other(scene):
    """Another origin, which would answer as the server does."""
    proxy = Proxy(scene.server.address)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_is_not_followed(scene, other, status):
    scene.project.flag()
    for path in (scene.stream, scene.polled, EVENTS):
        scene.proxy.on(path, faults.answer(status, location=f"{other.url}{path}"))
    agent = scene.start(events=True, flushIntervalMs=50, startWaitMs=1)
    assert agent.evaluate()["value"] is False
    for path in (scene.stream, EVENTS):
        scene.proxy.wait_for(3, path)
    assert agent.status()["state"] == "starting" and agent.status()["lastError"]
    scene.proxy.on(scene.stream, faults.buffer)
    scene.proxy.cut(scene.stream)
    scene.proxy.wait_for(3, scene.polled)
    assert agent.status()["state"] == "starting"
    assert not other.seen() and not other.connections
    scene.proxy.clear()
    scene.proxy.cut(scene.stream)
    scene.follows(agent)


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("way", ["address", "path", "relative"])
def test_a_redirect_within_the_origin_is_followed(scene, status, way):
    scene.project.flag()
    target = {"address": f"{scene.proxy.url}/moved?x=1", "path": "/moved?x=1", "relative": "../../../moved?x=1"}[way]
    scene.proxy.on(scene.stream, faults.answer(status, location=target))
    snapshot = scene.project.snapshot()
    put = sse.write("put", snapshot, f"{snapshot['epoch']}-{snapshot['revision']}")
    scene.proxy.on("/moved", faults.stream(b": hello\n\n", put))
    agent = scene.start(readTimeoutMs=60_000)
    agent.until(state="ready", source="stream", revision=scene.project.revision())
    assert agent.value() is True
    moved = scene.proxy.seen("/moved")[0]
    assert moved.headers["authorization"] == f"Bearer {scene.project.server_key}"


@pytest.mark.web_too
def test_redirects_in_a_circle_end(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.answer(307, location=scene.stream))
    agent = scene.start(startWaitMs=1, backoffMinMs=300, backoffMaxMs=300, streamWaitMs=60_000, pollIntervalMs=60_000)
    agent.until(lastError=lambda error: error is not None)
    scene.proxy.clear()
    scene.follows(agent)
    assert len(scene.streams()) < 100


@pytest.mark.web_too
@pytest.mark.parametrize("location", ["", "http://", "::", "ftp://127.0.0.1/", "//", "http://[", "\x7f"])
def test_a_redirect_to_nowhere_is_a_failure_like_another(scene, location):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.answer(307, location=location), times=2)
    agent = scene.ready()
    assert agent.value() is True
