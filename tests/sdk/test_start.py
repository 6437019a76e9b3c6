"""Where the first snapshot comes from: the server, a cache, a bootstrap, or nowhere yet."""

import hashlib
import json
import time

import pytest

import faults
from agent import Refused
from scene import in_background

START_WAIT = 0.6  # seconds; long enough to be told from an answer at once on a busy machine
AT_ONCE = 0.3


def timed(work) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def cached(scene, snapshot: dict, folder) -> None:
    """Writes the file that an SDK with the scene's address and key would have written."""
    name = hashlib.sha256(f"{scene.proxy.url}\n{scene.project.server_key}".encode()).hexdigest()[:16]
    text = json.dumps(snapshot)
    path = folder / f"pennon-{name}.json"
    path.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
    path.chmod(0o600)


@pytest.mark.web_too
def test_the_first_evaluation_waits_for_the_server_and_gets_its_value(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.delay(0.3))
    agent = scene.start()
    assert agent.status()["state"] == "starting"
    assert agent.evaluate() == {"value": True, "variant": "on", "reason": "STATIC", "errorCode": None}
    status = agent.until(state="ready")
    assert (status["source"], status["revision"], status["staleSince"]) == ("stream", scene.project.revision(), None)


@pytest.mark.web_too
def test_without_a_server_the_first_evaluation_waits_once_and_defaults_are_served(scene):
    scene.project.flag()
    scene.proxy.refuse()
    agent = scene.agent()
    started = time.monotonic()
    agent.start(**scene.options(startWaitMs=int(START_WAIT * 1000)))
    waited = timed(lambda: agent.evaluate("flag", True))
    # Some count from the start, some from the first evaluation.
    assert time.monotonic() - started > START_WAIT * 0.9 and waited < START_WAIT + AT_ONCE
    began = time.monotonic()
    for default in (True, False):
        got = agent.evaluate("flag", default)
        assert (got["value"], got["variant"], got["reason"]) == (default, None, "ERROR")
    assert time.monotonic() - began < AT_ONCE
    status = agent.status()
    assert (status["state"], status["source"], status["revision"]) == ("starting", "none", None)
    assert status["lastError"]


@pytest.mark.web_too
def test_it_recovers_by_itself_when_the_server_comes(scene):
    scene.project.flag()
    scene.proxy.refuse()
    agent = scene.start(startWaitMs=1)
    assert agent.value() is False
    scene.proxy.accept()
    scene.follows(agent)
    assert agent.value() is True


@pytest.mark.web_too
def test_several_callers_wait_at_the_same_time_for_the_same_start(scene):
    scene.project.flag()
    scene.proxy.refuse()
    agent = scene.start(startWaitMs=int(START_WAIT * 1000))
    asked = {"flag": "flag", "type": "boolean", "default": False, "context": {}}
    began = time.monotonic()
    for number in [agent.send("evaluate", **asked) for _ in range(5)]:
        agent.answer(number)
    assert time.monotonic() - began < 2 * START_WAIT


def test_a_cache_is_served_at_once_while_the_server_is_away(scene, tmp_path):
    scene.project.flag()
    cached(scene, scene.project.snapshot(), tmp_path)
    scene.proxy.refuse()
    agent = scene.start(cacheDir=str(tmp_path), startWaitMs=5000)
    assert timed(lambda: agent.value()) < AT_ONCE
    assert agent.value() is True
    status = agent.status()
    assert (status["state"], status["source"], status["revision"]) == ("stale", "cache", scene.project.revision())
    assert isinstance(status["staleSince"], int)
    scene.proxy.accept()
    assert agent.until(state="ready", staleSince=None)


def test_what_was_cached_is_told_to_the_server_and_not_sent_again(scene, tmp_path):
    scene.project.flag()
    cached(scene, scene.project.snapshot(), tmp_path)
    revision = scene.project.revision()
    blocks = []
    scene.proxy.on(scene.stream, faults.edit(lambda block: blocks.append(block) or block))
    agent = scene.start(cacheDir=str(tmp_path))
    agent.until(state="ready", revision=revision)
    assert scene.streams()[0].headers["last-event-id"] == revision
    agent.until(revision=scene.project.switch("flag", False))
    assert agent.value() is False
    assert not any(b"event: put" in block for block in blocks)


def test_what_an_sdk_wrote_is_what_the_next_one_starts_from(scene, tmp_path):
    scene.project.flag("flag", description="grün")
    first = scene.ready(cacheDir=str(tmp_path))
    revision = scene.project.switch("flag", True)
    first.until(revision=revision)
    first.close()
    scene.proxy.refuse()
    second = scene.start(cacheDir=str(tmp_path), startWaitMs=1)
    second.until(state="stale", source="cache", revision=revision)
    assert second.value() is True


@pytest.mark.web_too
def test_a_bootstrap_is_served_at_once_while_the_server_is_away(scene):
    scene.project.flag()
    scene.proxy.refuse()
    agent = scene.start(bootstrap=scene.bootstrap(), startWaitMs=5000)
    assert timed(lambda: agent.value()) < AT_ONCE
    assert agent.value() is True
    status = agent.status()
    assert (status["state"], status["source"], status["revision"]) == ("stale", "bootstrap", scene.project.revision())


@pytest.mark.web_too
def test_the_server_replaces_an_older_bootstrap(scene):
    scene.project.flag()
    old = scene.bootstrap()
    scene.project.switch("flag", False)
    agent = scene.start(bootstrap=old)
    agent.until(state="ready", source="stream", revision=scene.project.revision())
    assert agent.value() is False


@pytest.mark.parametrize("newer", ["cache", "bootstrap"])
def test_of_cache_and_bootstrap_the_newer_is_served(scene, tmp_path, newer):
    scene.project.flag()
    old = scene.project.snapshot()
    scene.project.switch("flag", False)
    new = scene.project.snapshot()
    scene.proxy.refuse()
    cached(scene, new if newer == "cache" else old, tmp_path)
    agent = scene.start(cacheDir=str(tmp_path), bootstrap=new if newer == "bootstrap" else old, startWaitMs=1)
    agent.until(source=newer, revision=f"{new['epoch']}-{new['revision']}")
    assert agent.value("flag", True) is False


def test_a_bootstrap_that_is_no_snapshot_does_no_harm(scene):
    scene.project.flag()
    agent = scene.agent()
    try:
        agent.start(**scene.options(bootstrap={"flags": []}))
    except Refused as refusal:
        assert "bootstrap" in str(refusal)
        return
    scene.follows(agent)
    assert agent.value() is True


@pytest.mark.web_too
def test_a_slow_first_snapshot_arrives_whole(scene):
    for number in range(20):
        scene.project.flag(f"flag-{number}", description="grün " * 20, metadata={"text": "grün"})
    scene.proxy.on(scene.stream, faults.throttle(97, 0.001))
    agent = scene.start()
    agent.until(state="ready", revision=scene.project.revision(), seconds=20)
    assert agent.value("flag-19") is True


def test_a_client_that_is_used_before_it_has_started_gets_defaults_then_values(scene):
    scene.project.flag()
    agent = scene.agent()
    starting = in_background(lambda: agent.start(**scene.options()))
    starting.join()
    agent.until_value("flag", True)


def test_a_bootstrap_of_another_environment_gives_way_to_the_servers_snapshot_whatever_its_revision(scene):
    scene.project.flag()
    other = scene.server.project()
    other.flag("flag", on=False)
    foreign = {**other.snapshot(), "epoch": scene.project.snapshot()["epoch"] + 10**6}
    agent = scene.start(bootstrap=foreign)
    agent.until(state="ready", source="stream", revision=scene.project.revision())
    assert agent.value() is True


def test_a_bootstrap_is_not_taken_for_what_the_server_said(scene, tmp_path):
    scene.project.flag()
    scene.proxy.refuse()
    agent = scene.start(bootstrap=scene.bootstrap(), cacheDir=str(tmp_path), startWaitMs=1)
    assert agent.value() is True
    agent.close()
    assert not list(tmp_path.iterdir()), "it is in the cache"
    again = scene.start(bootstrap=scene.bootstrap(), startWaitMs=1)
    scene.proxy.accept()
    assert "last-event-id" not in scene.proxy.wait_for(1, scene.stream)[0].headers
    scene.follows(again)
