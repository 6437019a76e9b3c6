"""The web SDK where it is unlike the others: results of one context, polls of OFREP, a public key, events without heartbeats."""

import pytest

import faults
import sse
from agent import Refused
from batches import tracked
from proxy import Proxy
from scene import EVENTS, PRIVATE

pytestmark = pytest.mark.web_only
POLLED = {"streamWaitMs": 300, "pollIntervalMs": 200}
ON = {"events": True, "flushIntervalMs": 60, "backoffMinMs": 10, "backoffMaxMs": 100}
EVALUATIONS = 9


def batches(scene) -> list[dict]:
    """The batches that were sent, repetitions too."""
    return [request.json for request in scene.proxy.seen(EVENTS)]


def taken(scene) -> list[dict]:
    return [request.json for request in scene.proxy.seen(EVENTS) if request.status == 200]


def counted(some: list[dict]) -> int:
    """How many evaluations these batches tell of."""
    summaries = [event for batch in some for event in batch["events"] if event["kind"] == "summary"]
    return sum(entry["count"] for summary in summaries for entry in summary["evaluations"])


def test_the_context_travels_in_the_body_and_the_key_in_a_header(scene):
    scene.project.flag()
    agent = scene.ready()
    agent.evaluate(user="user-1", email=PRIVATE)
    scene.proxy.wait(lambda: any(PRIVATE in each.body.decode() for each in scene.streams()), "the stream of the context")
    for request in scene.proxy.seen():
        assert request.method == "POST" and PRIVATE not in request.target and scene.key not in request.target
        assert request.headers["authorization"] == f"Bearer {scene.key}"
    assert scene.streams()[-1].json == {"context": {"targetingKey": "user-1", "email": PRIVATE}}


def test_another_context_is_another_stream_and_the_old_one_ends(scene):
    scene.project.flag()
    rule = {"id": "r", "when": {"attribute": "plan", "op": "in", "values": ["pro"]}, "serve": {"variant": "off"}}
    scene.project.configure("flag", rules=[rule])
    agent = scene.ready()
    assert agent.value("flag", False, plan="free") is True
    assert agent.value("flag", True, plan="pro") is False
    scene.proxy.wait(lambda: [each.open for each in scene.streams()].count(True) == 1, "one stream")


def test_flags_that_are_not_for_clients_are_not_there(scene):
    scene.project.flag("hidden", clientVisible=False)
    agent = scene.ready()
    assert agent.evaluate("hidden", True)["errorCode"] == "FLAG_NOT_FOUND"


@pytest.mark.parametrize(
    "fault", [faults.buffer, faults.buffer_all, faults.silence_after_head, faults.silence], ids=lambda fault: fault.__name__,
)
def test_a_stream_that_gives_no_byte_is_replaced_by_polling(scene, fault):
    scene.project.flag()
    scene.proxy.on(scene.stream, fault)
    agent = scene.start(**POLLED)
    agent.until(state="ready", source="poll")
    assert agent.value() is True
    scene.project.switch("flag", False)
    agent.until_value("flag", False)


def test_polls_say_what_was_answered_last_and_are_answered_with_304(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.silence)
    scene.start(**POLLED)
    polls = scene.proxy.wait_for(4, scene.polled)[:4]
    assert "if-none-match" not in polls[0].headers
    for poll in polls[1:]:
        assert poll.headers["if-none-match"].removeprefix("W/") == polls[0].answered["etag"].removeprefix("W/")
    scene.proxy.wait(lambda: [poll.status for poll in polls] == [200, 304, 304, 304], "three answers of 304")


def test_when_the_proxy_buffers_no_more_the_stream_ends_the_polling(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.buffer)
    agent = scene.start(**POLLED)
    agent.until(state="ready", source="poll")
    scene.proxy.clear()
    scene.proxy.cut(scene.stream)
    agent.until(state="ready", source="stream")
    polled = len(scene.polls())
    for number in range(20):
        agent.until(revision=scene.project.switch("flag", number % 2 == 1))
    assert len(scene.polls()) == polled


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(scene, status):
    scene.project.flag()
    other = Proxy(scene.server.address)
    try:
        for path in (scene.stream, scene.polled, EVENTS):
            scene.proxy.on(path, faults.answer(status, location=f"{other.url}{path}"))
        agent = scene.start(startWaitMs=1, **POLLED, events=True, flushIntervalMs=50)
        assert agent.evaluate()["value"] is False
        for path in (scene.stream, scene.polled, EVENTS):
            scene.proxy.wait_for(2, path)
        assert not other.connections and agent.status()["state"] == "starting"
    finally:
        other.close()


def test_a_key_that_nobody_may_see_is_refused(scene):
    with pytest.raises(Refused, match="key"):
        scene.agent().start(**scene.options(key=scene.project.server_key))


def test_a_batch_tells_nothing_of_the_user_or_the_machine_but_a_unit(scene):
    scene.project.flag()
    agent = scene.ready(**ON)
    agent.evaluate(user="user-1", email=PRIVATE)
    agent.ask("track", metric="clicks", value=2.5, context={"targetingKey": "user-1", "email": PRIVATE})
    agent.ask("flush")
    scene.proxy.wait(lambda: any(e["kind"] == "track" for b in taken(scene) for e in b["events"]), "the measurement")
    for batch in batches(scene):
        assert set(batch) == {"instanceId", "session", "sequence", "events"}
        assert batch["instanceId"].startswith("web-")
        assert {event["kind"] for event in batch["events"]} <= {"summary", "track", "exposure"}
    assert not any(PRIVATE in request.body.decode() for request in scene.proxy.seen(EVENTS))


LOSSES = {
    "cut": faults.cut,
    "cut before the answer": faults.lose_answer,
    "500": faults.problem(500, "internal"),
    "503": faults.problem(503, "unavailable", retry_after="0"),
    "429": faults.problem(429, "rate_limited", retry_after="0"),
    "garbage": faults.garbage(b"\x00\xff\r\n\r\n"),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_a_batch_is_sent_again_as_it_was_and_counts_once(scene, loss):
    scene.project.flag()
    scene.proxy.on(EVENTS, loss, times=3)
    agent = scene.ready(**ON)
    for _ in range(EVALUATIONS):
        agent.evaluate()
    scene.proxy.wait(lambda: counted(taken(scene)) == EVALUATIONS, "all evaluations")
    first = scene.proxy.seen(EVENTS)[:4]
    assert len({request.body for request in first}) == 1
    assert [batch["sequence"] for batch in batches(scene)[:4]] == [1] * 4
    agent.close()
    assert scene.project.evaluations("client") == {("flag", "on"): EVALUATIONS}


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_batch_that_the_server_will_never_take_is_dropped(scene, status):
    scene.project.flag()
    scene.proxy.on(EVENTS, faults.problem(status, "invalid"), times=1)
    agent = scene.ready(**{**ON, "flushIntervalMs": 60_000})
    agent.evaluate()
    agent.ask("flush")
    agent.evaluate("gone")
    agent.ask("flush")
    assert [batch["sequence"] for batch in batches(scene)] == [1, 2]
    assert counted(batches(scene)[1:]) == 1


def test_a_date_that_passes_arrives_under_the_same_revision(scene):
    scene.project.flag()
    agent = scene.ready()
    results = scene.project.results({})
    agent.ask("watch", flag="flag")
    changed = {"flag": {**results["flags"]["flag"], "value": False, "variant": "off"}}
    step = {"epoch": results["epoch"], "from": results["revision"], "revision": results["revision"], "flags": changed}
    name = f"{results['epoch']}-{results['revision']}"
    scene.proxy.inject(sse.write("patch", step, name), scene.stream)
    assert agent.wait_events(1, "change")[0]["revision"] == name
    assert agent.value("flag", True) is False


def test_a_bootstrap_is_served_and_given_way_to(scene):
    scene.project.flag()
    old = scene.bootstrap()
    scene.project.switch("flag", False)
    scene.proxy.refuse()
    agent = scene.start(bootstrap=old, startWaitMs=1)
    assert agent.value() is True and agent.status()["source"] == "bootstrap"
    scene.proxy.accept()
    agent.until_value("flag", False)


def test_an_exposure_of_a_run_is_told_once_for_a_unit(scene):
    tracked(scene)
    agent = scene.ready(**{**ON, "flushIntervalMs": 60_000})
    for user in ("user-1", "user-2", "user-1"):
        agent.evaluate(user=user)
    agent.ask("flush")
    exposures = [event for batch in taken(scene) for event in batch["events"] if event["kind"] == "exposure"]
    assert sorted(each["unit"] for each in exposures) == ["user-1", "user-2"]
    assert {(each["flag"], each["variant"], each["run"], each["arm"]) for each in exposures} == {("flag", "on", "r-1", "candidate")}


def test_batches_outlive_the_page(scene):
    agent = scene.ready(**ON)
    for number in range(1_500):
        agent.send("track", metric="m", value=number, context={"targetingKey": "u" * 100})
    scene.proxy.wait(lambda: sum(len(b["events"]) for b in taken(scene)) >= 1_500, "every measurement", 60)
    assert all(len(request.body) <= 48 * 1024 for request in scene.proxy.seen(EVENTS))
