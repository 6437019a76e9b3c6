"""Settings: by name and by variable, and what is said of one that cannot be used."""

import time

import pytest

from agent import Refused
from scene import EVENTS, QUICK

QUICK_ONLY = {name: value for name, value in QUICK.items() if name not in ("startWaitMs", "events")}


def from_variables(scene, **variables):
    """An agent that has its address and key from the environment."""
    agent = scene.agent(PENNON_URL=scene.proxy.url, PENNON_SDK_KEY=scene.project.server_key, **variables)
    return agent.start(**QUICK_ONLY)


def test_address_and_key_may_come_from_variables(scene):
    scene.project.flag()
    agent = from_variables(scene, PENNON_EVENTS="false")
    scene.follows(agent)
    assert agent.value() is True


def test_each_variable_sets_what_its_setting_sets(scene, tmp_path):
    scene.project.flag()
    agent = from_variables(
        scene, PENNON_INSTANCE_ID="shop-7", PENNON_CACHE_DIR=str(tmp_path), PENNON_LABELS="region=eu,team=shop",
        PENNON_EVENTS="false", PENNON_START_WAIT="3",
    )
    agent.until(state="ready")
    query = scene.streams()[0].query
    assert (query["instanceId"], query["label.region"], query["label.team"]) == ("shop-7", "eu", "shop")
    agent.close()
    assert len(list(tmp_path.iterdir())) == 1
    assert not scene.proxy.seen(EVENTS)


def test_the_wait_of_the_start_is_in_seconds_as_a_variable(scene):
    scene.proxy.on("/", lambda exchange: exchange.gone())
    agent = from_variables(scene, PENNON_START_WAIT="0.4", PENNON_EVENTS="false")
    began = time.monotonic()
    assert agent.evaluate()["value"] is False
    assert 0.2 < time.monotonic() - began < 1.2


def test_a_setting_by_name_goes_before_its_variable(scene):
    agent = scene.agent(PENNON_URL="http://127.0.0.1:9", PENNON_SDK_KEY="pnn_srv_x_y_z", PENNON_INSTANCE_ID="variable")
    agent.start(**scene.options(instanceId="named"))
    agent.until(state="ready")
    assert scene.streams()[0].query["instanceId"] == "named"


WRONG = {
    "url": ["no address", "ftp://127.0.0.1", "http://", "//host"],
    "instanceId": ["", "x" * 201, "two\nlines"],
    "pollIntervalMs": [0],
    "readTimeoutMs": [0],
    "streamWaitMs": [0],
    "connectTimeoutMs": [0],
    "flushIntervalMs": [0],
    "labels": [
        {f"label-{n}": "x" for n in range(17)}, {"k" * 65: "x"}, {"k": "v" * 129}, {"": "x"},
    ],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values], ids=str)
def test_a_setting_that_cannot_be_used_is_refused_by_its_name(scene, name, value):
    agent = scene.agent()
    with pytest.raises(Refused) as refusal:
        agent.start(**scene.options(**{name: value}))
    said = str(refusal.value).lower().replace("_", "")
    assert name.removesuffix("Ms").lower() in said, said


def test_labels_up_to_the_limit_are_taken(scene):
    labels = {f"{n:02}".ljust(64, "k"): "ü" * 128 for n in range(16)}
    scene.ready(labels=labels)
    query = scene.streams()[0].query
    assert {name.removeprefix("label."): value for name, value in query.items() if name.startswith("label.")} == labels


WRONG_VARIABLES = {
    "PENNON_START_WAIT": "soon", "PENNON_EVENTS": "perhaps", "PENNON_LABELS": "no pair",
}


@pytest.mark.parametrize(("name", "value"), WRONG_VARIABLES.items())
def test_a_variable_that_cannot_be_used_is_one_warning_and_the_default(scene, name, value):
    scene.project.flag()
    agent = from_variables(scene, **{name: value})
    agent.until(state="ready")
    assert agent.value() is True
    said = [line for line in agent.log().splitlines() if name in line]
    assert len(said) == 1, agent.log()


def test_an_address_in_a_variable_that_cannot_be_used_leaves_it_unconfigured(scene):
    agent = scene.agent(PENNON_URL="no address", PENNON_SDK_KEY=scene.project.server_key)
    agent.start(**QUICK_ONLY)
    assert agent.evaluate("flag", True)["value"] is True
    assert agent.status()["state"] == "unconfigured"
    # One of the variable, and perhaps the one that it is not configured.
    assert "PENNON_URL" in agent.log() and len(agent.log().splitlines()) <= 2, agent.log()


def test_an_empty_variable_is_no_variable(scene):
    scene.project.flag()
    agent = from_variables(scene, PENNON_INSTANCE_ID="", PENNON_LABELS="", PENNON_CACHE_DIR="", PENNON_START_WAIT="")
    agent.until(state="ready")
    assert scene.streams()[0].query["instanceId"] and not agent.log().count("PENNON_")


def test_events_that_are_off_are_not_sent(scene):
    scene.project.flag()
    agent = scene.ready(events=False, flushIntervalMs=20)
    agent.value()
    agent.ask("track", metric="m", value=1, context={"targetingKey": "u"})
    agent.ask("flush")
    agent.until(revision=scene.project.switch("flag", False))
    agent.close()
    assert not scene.proxy.seen(EVENTS) and len(scene.proxy.seen(scene.stream)) == 1


def test_variables_are_read_kindly(scene):
    scene.project.flag()
    agent = scene.agent(
        PENNON_URL=f" {scene.proxy.url}/ ", PENNON_SDK_KEY=f"{scene.project.server_key}\n", PENNON_EVENTS=" False ",
        PENNON_LABELS=" region=eu , team=shop, ", PENNON_START_WAIT=" 3 ",
    )
    agent.start(**QUICK_ONLY)
    agent.until(state="ready")
    assert (scene.streams()[0].query["label.region"], scene.streams()[0].query["label.team"]) == ("eu", "shop")
    agent.evaluate()
    agent.close()
    assert not scene.proxy.seen(EVENTS) and not agent.log().count("PENNON_")
