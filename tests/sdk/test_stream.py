"""The stream: how it is asked for, what arrives by it, and how it goes on after it has ended."""

import os
import socket
import time

import pytest

import faults
import sse
from scene import EARLY, gaps

SLACK = 0.35  # seconds that a busy machine may be late


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
