"""Evaluating never fails the caller: what goes wrong is told in the details, and the default is served."""

import pytest

from agent import Refused
from scene import PRIVATE

# Languages whose numbers are of one type: there, an integer is not asked for.
ONE_NUMBER = ("typescript", "web")
# Languages whose types let no such context through: there, the agent itself says no.
TYPED = ("rust",)


@pytest.fixture
def ready(scene):
    """An agent with flags of every type."""
    scene.project.flag("bool")
    scene.project.flag("text", type="string", variants={"a": "grün", "b": ""}, on=False)
    scene.project.flag("whole", type="number", variants={"a": 42, "b": 0}, on=False)
    scene.project.flag("part", type="number", variants={"a": 2.5, "b": 0}, on=False)
    scene.project.flag("tree", type="object", variants={"a": {"list": [1, {"x": None}], "text": "é"}, "b": {}}, on=False)
    for flag in ("text", "whole", "part", "tree"):
        scene.project.configure(flag, enabled=True, fallthrough={"variant": "a"})
    return scene.ready()


@pytest.mark.parametrize(
    ("flag", "kind", "default", "value"),
    [
        ("bool", "boolean", False, True), ("text", "string", "", "grün"), ("whole", "integer", 0, 42), ("whole", "float", 0.5, 42.0),
        ("part", "float", 0.5, 2.5), ("tree", "object", {}, {"list": [1, {"x": None}], "text": "é"}),
    ],
)
@pytest.mark.web_too
def test_a_value_is_served_in_the_type_that_is_asked_for(ready, flag, kind, default, value):
    got = ready.evaluate(flag, default, kind)
    assert (got["value"], got["reason"], got["errorCode"]) == (value, "STATIC", None)


@pytest.mark.parametrize(
    ("flag", "kind", "default"),
    [
        ("text", "boolean", True), ("whole", "boolean", True), ("tree", "boolean", True), ("bool", "string", "x"), ("bool", "integer", 7),
        ("part", "integer", 7), ("text", "float", 1.5), ("bool", "object", {"a": 1}), ("whole", "string", "x"), ("tree", "string", "x"),
    ],
)
@pytest.mark.web_too
def test_another_type_is_a_mismatch_and_the_default(ready, flag, kind, default):
    wanted = (default, None, "ERROR", "TYPE_MISMATCH")
    if (flag, kind) == ("part", "integer") and ready.language in ONE_NUMBER:
        wanted = (2.5, "a", "STATIC", None)
    got = ready.evaluate(flag, default, kind)
    assert (got["value"], got["variant"], got["reason"], got["errorCode"]) == wanted


@pytest.mark.web_too
@pytest.mark.parametrize("key", ["gone", "", "ä", "a b", "x" * 5000, "__proto__", "constructor", "toString", "a/../b"])
def test_a_flag_that_is_not_there_is_the_default(ready, key):
    got = ready.evaluate(key, True)
    assert (got["value"], got["variant"], got["reason"], got["errorCode"]) == (True, None, "ERROR", "FLAG_NOT_FOUND")


@pytest.mark.parametrize("key", [17.5, True, [], {}])
def test_a_targeting_key_of_a_wrong_type_is_an_invalid_context(ready, key):
    got = ready.evaluate("bool", False, targetingKey=key)
    assert (got["value"], got["reason"], got["errorCode"]) == (False, "ERROR", "INVALID_CONTEXT")


@pytest.mark.parametrize("context", [17, "text", [1], True])
def test_a_context_that_is_no_object_does_not_fail_the_caller(ready, context):
    if ready.language in TYPED:
        with pytest.raises(Refused):
            ready.ask("evaluate", flag="bool", type="boolean", default=False, context=context)
        return
    got = ready.ask("evaluate", flag="bool", type="boolean", default=False, context=context)
    assert got["value"] is False and got["errorCode"] == "INVALID_CONTEXT"


def test_no_context_is_an_empty_one(ready):
    assert ready.ask("evaluate", flag="bool", type="boolean", default=False, context=None)["value"] is True
    assert ready.ask("evaluate", flag="bool", type="boolean", default=False)["value"] is True


def test_attributes_decide_and_never_reach_a_log(scene):
    scene.project.flag()
    ends = {"attribute": "email", "op": "ends_with", "values": ["@example.org"]}
    nested = {"attribute": "/org/plan", "op": "in", "values": ["pro"]}
    scene.project.configure("flag", rules=[{"id": "r", "when": {"all": [ends, nested]}, "serve": {"variant": "off"}}])
    agent = scene.ready()
    assert agent.evaluate("flag", True, email=PRIVATE, org={"plan": "pro"})["reason"] == "TARGETING_MATCH"
    assert agent.value("flag", False, email=PRIVATE, org={"plan": "free"}) is True
    assert agent.evaluate("flag", True, targetingKey=[PRIVATE])["errorCode"] == "INVALID_CONTEXT"
    agent.ask("track", metric="m", value=1, context={"email": PRIVATE})


@pytest.mark.web_too
def test_percentages_agree_with_the_servers(scene):
    scene.project.flag(on=False)
    scene.project.rollout("flag", 30)
    agent = scene.ready()
    url = f"flags/flag/environments/{scene.project.environment}/explain"
    for number in range(25):
        wanted = scene.project.call("POST", url, {"context": {"targetingKey": f"user-{number}"}})
        got = agent.evaluate("flag", not wanted["value"], user=f"user-{number}")
        assert (got["value"], got["reason"]) == (wanted["value"], wanted["reason"])


def test_the_instance_is_a_unit(scene):
    scene.project.flag()
    rule = {"id": "r", "when": {"percentage": 50, "by": ["$instance"]}, "serve": {"variant": "off"}}
    scene.project.configure("flag", rules=[rule], targets=[{"by": "$instance", "values": ["shop-1"], "variant": "off"}])
    named, other = scene.ready(instanceId="shop-1"), scene.ready(instanceId="shop-2")
    assert named.value("flag", True) is False
    got = {other.evaluate("flag", user=f"user-{n}")["variant"] for n in range(20)}
    assert len(got) == 1 and None not in got, "the users of one instance were treated unlike"


def test_a_bootstrap_for_the_web_is_what_the_client_stream_would_put(scene):
    scene.project.flag("shown", metadata={"owner": "team"})
    scene.project.flag("hidden", clientVisible=False)
    scene.project.flag("text", type="string", variants={"a": "grün"}, on=False, offVariant=None)
    scene.project.flag("split", on=False)
    scene.project.rollout("split", 40)
    agent = scene.ready()
    context = {"targetingKey": "user-1", "email": PRIVATE}
    assert agent.ask("bootstrap", context=context) == scene.project.results(context)


def test_the_instance_of_the_server_decides_nothing_in_a_bootstrap_for_the_web(scene):
    scene.project.flag()
    rule = {"id": "r", "when": {"percentage": 50, "by": ["$instance"]}, "serve": {"variant": "off"}}
    scene.project.configure("flag", rules=[rule])
    wanted = scene.project.results({})
    for number in range(6):
        assert scene.ready(instanceId=f"shop-{number}").ask("bootstrap", context={}) == wanted
