"""Events: what a batch looks like, and what is noted of evaluations, exposures and measurements."""

import contextlib
import datetime
import re

import pytest

import faults
import sse
from agent import Refused
from batches import DROPPED, EVENTS_ON, counted, of, sent, tracked, until
from scene import EARLY, EVENTS, PRIVATE

# Languages whose texts hold nothing else: there, no such name can be asked for.
ALWAYS_UNICODE = ("rust",)


def when(text: str) -> datetime.datetime:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text), text
    return datetime.datetime.fromisoformat(text)


def test_a_batch_begins_with_the_heartbeat_and_has_the_form_that_was_agreed(scene):
    scene.project.flag()
    agent = scene.ready(**EVENTS_ON, instanceId="shop-1", labels={"region": "eu"})
    agent.evaluate(user="user-1")
    agent.ask("track", metric="clicks", value=2.5, context={"targetingKey": "user-1"})
    agent.ask("flush")
    batch = sent(scene)[0]
    request = batch.request
    assert (request.method, request.path, request.status) == ("POST", EVENTS, 200)
    assert request.headers["content-type"].startswith("application/json")
    assert request.headers["authorization"] == f"Bearer {scene.project.server_key}"
    assert set(batch.document) == {"instanceId", "session", "sequence", "events"}
    assert batch.document["instanceId"] == "shop-1" and batch.document["sequence"] == 1
    assert re.fullmatch("[0-9a-f]{16}", batch.document["session"])
    beat = batch.heartbeat
    assert beat["kind"] == "instance" and [event["kind"] for event in batch.events].count("instance") == 1
    assert (beat["state"], beat["revision"], beat["healthy"]) == ("ready", scene.project.revision(), True)
    assert (beat["labels"], beat["dropped"]) == ({"region": "eu"}, DROPPED)
    assert beat["sdk"] == scene.streams()[0].query["sdk"] and beat["sdkVersion"] == scene.streams()[0].query["sdkVersion"]
    assert when(beat["startedAt"]) <= when(beat["at"])
    summary = batch.of("summary")[0]
    assert when(summary["from"]) <= when(summary["to"])
    assert summary["evaluations"] == [{"flag": "flag", "variant": "on", "reason": "STATIC", "count": 1}]
    track = batch.of("track")[0]
    assert when(track.pop("at")) and track == {"kind": "track", "metric": "clicks", "unit": "user-1", "value": 2.5}


def test_numbers_grow_by_one_and_the_session_stays(scene):
    scene.project.flag()
    agent = scene.ready(**EVENTS_ON)
    for _ in range(4):
        agent.evaluate()
        agent.ask("flush")
    batches = sent(scene)
    assert [batch.document["sequence"] for batch in batches] == [1, 2, 3, 4]
    assert len({batch.document["session"] for batch in batches}) == 1
    other = scene.ready(**EVENTS_ON)
    other.evaluate()
    other.ask("flush")
    assert len({batch.document["session"] for batch in sent(scene)}) == 2


def test_summaries_count_every_evaluation_by_what_came_of_it(scene):
    scene.project.flag()
    scene.project.flag("off", on=False)
    scene.project.flag("split", on=False)
    scene.project.rollout("split", 50)
    agent = scene.ready(**EVENTS_ON)
    for number in range(7):
        agent.evaluate("flag")
        agent.evaluate("split", user=f"user-{number}")
    for _ in range(3):
        agent.evaluate("off")
        agent.evaluate("gone")
        agent.evaluate("flag", "x", "string")
    agent.ask("flush")
    for _ in range(2):
        agent.evaluate("flag")
    agent.close()
    total = counted(sent(scene))
    assert total[("flag", "on", "STATIC", None)] == 9
    assert total[("off", "off", "DISABLED", None)] == 3
    assert total[("gone", None, "ERROR", "FLAG_NOT_FOUND")] == 3
    assert total[("flag", None, "ERROR", "TYPE_MISMATCH")] == 3
    assert sum(count for (flag, *_), count in total.items() if flag == "split") == 7
    assert sum(total.values()) == 25


def test_the_server_counts_what_was_evaluated(scene):
    scene.project.flag()
    agent = scene.ready(**EVENTS_ON)
    for _ in range(11):
        agent.evaluate()
    agent.ask("flush")
    assert scene.project.evaluations() == {("flag", "on"): 11}


def test_a_heartbeat_without_anything_else_goes_out_every_interval(scene):
    scene.ready(events=True, flushIntervalMs=200)
    requests = scene.proxy.wait_for(7, EVENTS, seconds=20)
    apart = [later.at - earlier.at for earlier, later in zip(requests, requests[1:])]
    assert all(0.8 * 0.2 - EARLY <= gap for gap in apart), apart
    # One may be later than a busy machine is forgiven elsewhere.
    assert sorted(apart)[-2] < 1.2 * 0.2 + 0.3, apart
    assert max(apart) - min(apart) > 0.003, f"no jitter: {apart}"
    assert [len(batch.events) for batch in sent(scene)] == [1] * len(sent(scene))


def test_what_is_kept_goes_out_at_close(scene):
    scene.project.flag()
    agent = scene.ready(**EVENTS_ON)
    agent.evaluate()
    agent.ask("track", metric="m", value=1, context={"targetingKey": "u"})
    assert agent.close() <= 1000
    assert counted(sent(scene)) == {("flag", "on", "STATIC", None): 1}
    assert len(of(sent(scene), "track")) == 1


def test_what_is_kept_goes_out_when_the_process_ends(scene):
    scene.project.flag()
    agent = scene.ready(**EVENTS_ON)
    agent.evaluate()
    assert agent.end() == 0
    assert counted(sent(scene)) == {("flag", "on", "STATIC", None): 1}


def test_the_health_that_was_reported_stands_in_the_heartbeat(scene):
    agent = scene.ready(**EVENTS_ON)
    for healthy in (False, True):
        agent.ask("reportHealth", healthy=healthy)
        agent.ask("flush")
    assert [batch.heartbeat["healthy"] for batch in sent(scene)] == [False, True]


def test_the_heartbeat_tells_the_state_and_the_revision(scene):
    scene.project.flag()
    agent = scene.ready(**EVENTS_ON)
    scene.proxy.on(scene.stream, faults.cut)
    scene.proxy.on("/api/v1/sdk/snapshot", faults.cut)
    scene.proxy.cut(scene.stream)
    agent.until(state="stale")
    agent.ask("flush")
    beat = sent(scene)[0].heartbeat
    assert (beat["state"], beat["revision"]) == ("stale", scene.project.revision())


def test_an_exposure_is_told_once_for_a_unit_an_arm_and_a_run(scene):
    tracked(scene)
    agent = scene.ready(**EVENTS_ON)
    for user in ("user-1", "user-2", "user-1", "user-1"):
        assert agent.value("flag", user=user) is True
        agent.evaluate("flag", user=user)
    agent.ask("flush")
    agent.evaluate("flag", user="user-1")
    agent.evaluate("flag", user="user-3")
    agent.ask("flush")
    exposures = of(sent(scene), "exposure")
    assert [event["unit"] for event in exposures] == ["user-1", "user-2", "user-3"]
    assert when(exposures[0].pop("at"))
    assert exposures[0] == {"kind": "exposure", "flag": "flag", "variant": "on", "run": "r-1", "arm": "candidate", "unit": "user-1"}


def test_another_run_is_another_exposure(scene):
    tracked(scene, "r-1")
    agent = scene.ready(**EVENTS_ON)
    agent.evaluate("flag", user="user-1")
    snapshot = scene.project.snapshot()
    snapshot["revision"] += 1
    snapshot["flags"]["flag"]["rules"][0]["track"] = {"run": "r-2", "arm": "candidate"}
    scene.proxy.inject(sse.write("put", snapshot, f"{snapshot['epoch']}-{snapshot['revision']}"), scene.stream)
    agent.until(revision=f"{snapshot['epoch']}-{snapshot['revision']}")
    agent.evaluate("flag", user="user-1")
    agent.ask("flush")
    assert [(event["run"], event["unit"]) for event in of(sent(scene), "exposure")] == [("r-1", "user-1"), ("r-2", "user-1")]


def test_the_unit_of_an_exposure_is_the_first_attribute_that_yields_one(scene):
    tracked(scene, by=("userId", "/org/id", "targetingKey"))
    agent = scene.ready(**EVENTS_ON)
    agent.evaluate("flag", user="key", userId=4711)
    agent.evaluate("flag", user="key", userId="", org={"id": "org-7"})
    agent.evaluate("flag", user="key", userId=1.5)
    agent.evaluate("flag", userId=None)
    agent.ask("flush")
    assert [event["unit"] for event in of(sent(scene), "exposure")] == ["4711", "org-7", "key"]


def test_a_measurement_needs_a_unit_and_a_finite_value(scene):
    agent = scene.ready(**EVENTS_ON)
    before = len(agent.log().splitlines())
    agent.ask("track", metric="plain", context={"targetingKey": "user-1"})
    agent.ask("track", metric="number", value=-0.5, context={"targetingKey": 4711})
    for _ in range(3):
        agent.ask("track", metric="nobody", value=1, context={"email": PRIVATE})
    agent.ask("track", metric="last", value=3, context={"targetingKey": "user-2"})
    agent.ask("flush")
    told = [(event["metric"], event["unit"], event["value"]) for event in of(sent(scene), "track")]
    assert told == [("plain", "user-1", 1), ("number", "4711", -0.5), ("last", "user-2", 3)]
    assert len(agent.log().splitlines()) - before == 1, agent.log()
    agent.ask("flush")
    dropped = sent(scene)[-1].heartbeat["dropped"]
    assert (dropped["exposures"], dropped["evaluations"]) == (0, 0)


def test_nothing_of_a_context_but_its_unit_is_sent(scene):
    scene.project.flag()
    agent = scene.ready(**EVENTS_ON)
    agent.evaluate("flag", user="user-1", email=PRIVATE)
    agent.ask("track", metric="m", value=1, context={"targetingKey": "user-1", "email": PRIVATE})
    agent.ask("flush")
    assert PRIVATE.encode() not in sent(scene)[0].request.body


@pytest.mark.parametrize("count", [1, 3])
def test_events_before_the_first_snapshot_are_counted_too(scene, count):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.silence)
    agent = scene.start(**EVENTS_ON, startWaitMs=1, streamWaitMs=60_000)
    for _ in range(count):
        agent.evaluate("flag")
    agent.ask("flush")
    until(scene, lambda batches: batches, "a batch")
    total = counted(sent(scene))
    assert sum(total.values()) == count and {flag for flag, *_ in total} == {"flag"}


def test_a_name_that_is_no_text_costs_no_batch(scene):
    scene.project.flag()
    agent = scene.ready(**EVENTS_ON)
    agent.evaluate("flag")
    if scene.language.name not in ALWAYS_UNICODE:
        agent.evaluate("\ud800")
        for metric, unit in [("\ud800", "u"), ("m", "\ud800")]:
            with contextlib.suppress(Refused):
                agent.ask("track", metric=metric, value=1, context={"targetingKey": unit})
    agent.ask("track", metric="m", value=1, context={"targetingKey": "u"})
    agent.ask("flush")
    assert [batch.request.status for batch in sent(scene)] == [200]
    assert scene.project.evaluations()["flag", "on"] == 1
    assert [metric["count"] for metric in scene.project.tracked()] == [1]


def test_the_server_knows_the_instance_its_exposures_and_its_measurements(scene):
    tracked(scene)
    agent = scene.ready(**EVENTS_ON, instanceId="shop-1", labels={"region": "eu"})
    for user in ("user-1", "user-2", "user-1"):
        agent.evaluate(user=user)
    agent.ask("track", metric="m", value=2.5, context={"targetingKey": "user-1"})
    agent.ask("reportHealth", healthy=False)
    agent.ask("flush")
    (instance,) = scene.project.instances()
    assert (instance["instanceId"], instance["labels"], instance["healthy"]) == ("shop-1", {"region": "eu"}, False)
    assert (instance["state"], instance["revision"]) == ("ready", scene.project.revision())
    assert (instance["connected"], instance["dropped"]) == (True, DROPPED)
    assert [(each["run"], each["arm"], each["units"]) for each in scene.project.exposed()] == [("r-1", "candidate", 2)]
    assert [(each["metric"], each["count"], each["sum"]) for each in scene.project.tracked()] == [("m", 1, 2.5)]
