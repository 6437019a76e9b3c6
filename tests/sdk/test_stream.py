"""The stream: how it is asked for, and what arrives by it."""

import os
import socket
import time

import pytest

import faults
import sse


def test_the_stream_is_asked_for_with_who_asks_and_never_with_the_key_in_its_address(scene):
    scene.ready(instanceId="shop-1", labels={"region": "eu", "team": "größe & co"})
    request = scene.streams()[0]
    query = request.query
    assert request.method == "GET" and request.path == scene.stream
    assert query["instanceId"] == "shop-1"
    assert query["label.region"] == "eu" and query["label.team"] == "größe & co"
    assert query["sdk"].startswith("pennon-") and query["sdkVersion"][0].isdigit()
    assert request.headers["authorization"] == f"Bearer {scene.project.server_key}"
    assert request.headers.get("accept", "text/event-stream") in ("text/event-stream", "*/*")
    assert "last-event-id" not in request.headers
    assert not any(scene.project.server_key in each.target for each in scene.proxy.seen())


def test_an_instance_that_is_not_named_is_named_by_host_process_and_start(scene):
    agent = scene.ready()
    name = scene.streams()[0].query["instanceId"]
    assert socket.gethostname() in name and str(agent.process.pid) in name
    assert name.rsplit("-", 1)[-1].isalnum() and len(name) > len(f"{socket.gethostname()}-{agent.process.pid}-")


def test_a_base_path_stays_before_every_path(own):
    scene = own(PENNON_BASE_PATH="/flags")
    scene.project.flag()
    agent = scene.start(url=scene.proxy.url if scene.proxy.url.endswith("/flags") else scene.proxy.url + "/flags")
    agent.until(state="ready")
    assert scene.proxy.seen()[0].path == f"/flags{scene.stream}"


@pytest.mark.web_too
def test_a_slash_at_the_end_of_the_address_changes_nothing(scene):
    scene.ready(url=scene.proxy.url + "/")
    assert scene.proxy.seen()[0].path == scene.stream


@pytest.mark.web_too
def test_flips_arrive_by_the_one_stream_there_is(scene):
    scene.project.flag()
    agent = scene.ready()
    agent.ask("watch", flag="flag")
    for round_number in range(10):
        on = round_number % 2 == 1
        revision = scene.project.switch("flag", on)
        agent.wait_events(1, "change", flag="flag", revision=revision)
        assert agent.value("flag", not on) is on
    assert len(scene.proxy.seen()) == 1 and len(scene.proxy.connections) == 1


@pytest.mark.web_too
def test_the_kill_switch_is_obeyed_at_once(scene):
    scene.project.flag(on=False)
    scene.project.rollout("flag", 100)
    agent = scene.ready()
    assert agent.value(user="user-1") is True
    began = time.monotonic()
    scene.project.switch("flag", False)
    agent.until_value("flag", False, seconds=1, user="user-1")
    got = agent.evaluate("flag", True, user="user-1")
    print(f"FIGURE {scene.language.name}: off to served {1000 * (time.monotonic() - began):.1f} ms")
    assert (got["value"], got["reason"]) == (False, "DISABLED")


@pytest.mark.web_too
def test_no_revision_is_lost_and_none_comes_out_of_order(scene):
    scene.project.flag()
    blocks = []
    scene.proxy.on(scene.stream, faults.edit(lambda block: blocks.append(sse.parse(block)) or block))
    agent = scene.ready()
    agent.ask("watch", flag="flag")
    for number in range(40):
        revision = scene.project.switch("flag", number % 2 == 1)
    agent.until(revision=revision)
    agent.wait_events(1, "change", revision=revision)
    patched = [event.id for event in blocks if event.name == "patch"]
    told = [event["revision"] for event in agent.seen("change")]
    # A callback that is slower than the flips may be called once for several of them.
    assert told == [each for each in patched if each in set(told)], "out of order, twice, or of no patch"
    assert patched[-1] == revision and agent.value() is True
    assert len(scene.streams()) == 1, "it had to begin anew"


@pytest.mark.web_too
def test_events_in_pieces_of_any_size_are_put_together(scene):
    scene.project.flag("text", type="string", variants={"a": "grün € 😀", "b": "日本"}, on=False)
    scene.project.configure("text", enabled=True, fallthrough={"variant": "a"})
    scene.proxy.on(scene.stream, faults.throttle(1, 0))
    agent = scene.ready()
    assert agent.value("text", "") == "grün € 😀"
    scene.project.configure("text", fallthrough={"variant": "b"})
    agent.until_value("text", "日本")


@pytest.mark.web_too
def test_a_stream_of_another_type_is_no_stream(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.answer(200, "<html>login</html>", content_type="text/html"), times=3)
    agent = scene.ready()
    assert agent.value() is True
    assert scene.proxy.wait_for(4, scene.stream) and scene.most_at_once(scene.stream) == 1


@pytest.mark.web_too
@pytest.mark.parametrize("raw", [b"\x00\x01\x02 not HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le", b""])
def test_answers_that_are_no_http_are_failures_like_others(scene, raw):
    scene.project.flag()
    scene.proxy.on("/", faults.garbage(raw), times=3)
    agent = scene.ready()
    assert agent.value() is True


@pytest.mark.web_too
def test_nobody_polls_while_the_stream_lives(scene):
    scene.project.flag()
    agent = scene.ready(pollIntervalMs=50, streamWaitMs=3000)
    began, flips = time.monotonic(), 0
    while time.monotonic() - began < 0.6:
        flips += 1
        agent.until(revision=scene.project.switch("flag", flips % 2 == 0))
    assert not scene.proxy.seen(scene.polled)


def test_processes_have_a_stream_each(scene):
    scene.project.flag()
    first, second = scene.ready(), scene.ready()
    assert len(scene.streams()) == 2 and first.process.pid != os.getpid() != second.process.pid
    names = {request.query["instanceId"] for request in scene.streams()}
    assert len(names) == 2
