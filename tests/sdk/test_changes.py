"""`on_change`: once for each change that can matter to the flag, and for dates that pass."""

import datetime
import time

import pytest


def in_seconds(seconds: float) -> str:
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def watched(scene, *flags, **options):
    agent = scene.ready(**options)
    for flag in flags:
        agent.ask("watch", flag=flag)
    return agent


@pytest.mark.web_too
def test_a_change_is_told_once_with_its_revision_after_it_is_served(scene):
    scene.project.flag()
    agent = watched(scene, "flag")
    revisions = []
    for on in (False, True, False):
        revisions.append(scene.project.switch("flag", on))
        agent.wait_events(len(revisions), "change", flag="flag")
        assert agent.value("flag", not on) is on
    assert [event["revision"] for event in agent.seen("change")] == revisions


@pytest.mark.web_too
def test_a_change_of_another_flag_is_not_told(scene):
    scene.project.flag("mine")
    scene.project.flag("other")
    agent = watched(scene, "mine")
    scene.project.switch("other", False)
    mine = scene.project.switch("mine", False)
    agent.wait_events(1, "change", flag="mine")
    assert [event["revision"] for event in agent.seen("change")] == [mine]


def test_a_segment_that_changes_is_told_to_the_flags_that_use_it(scene):
    scene.project.segment("beta", included=["user-1"])
    scene.project.segment("inner", included=["user-9"])
    scene.project.segment("outer", when={"segment": "inner"})
    for flag, segment in [("direct", "beta"), ("nested", "outer"), ("none", None)]:
        scene.project.flag(flag)
        if segment:
            scene.project.configure(flag, rules=[{"id": "r", "when": {"segment": segment}, "serve": {"variant": "off"}}])
    agent = watched(scene, "direct", "nested", "none")
    first = scene.project.edit_segment("beta", included=["user-2"])
    second = scene.project.edit_segment("inner", included=["user-8"])
    agent.wait_events(2, "change")
    last = scene.project.switch("none", False)
    agent.wait_events(3, "change")
    told = [(event["flag"], event["revision"]) for event in agent.seen("change")]
    assert told == [("direct", first), ("nested", second), ("none", last)]


def test_a_prerequisite_that_changes_is_told_to_what_depends_on_it(scene):
    scene.project.flag("base")
    scene.project.flag("middle")
    scene.project.configure("middle", prerequisites=[{"flag": "base", "variants": ["on"]}])
    scene.project.flag("top")
    scene.project.configure("top", rules=[{"id": "r", "when": {"flag": "middle", "variants": ["on"]}, "serve": {"variant": "off"}}])
    agent = watched(scene, "top", "middle")
    assert agent.value("top", True) is False
    revision = scene.project.switch("base", False)
    agent.wait_events(2, "change")
    assert {(event["flag"], event["revision"]) for event in agent.seen("change")} == {("top", revision), ("middle", revision)}
    assert agent.value("top", False) is True


def test_a_layer_that_changes_is_told_to_the_flags_that_use_it(scene):
    scene.project.call("POST", "layers", {"key": "tests", "salt": "one"})
    scene.project.flag()
    rule = {"id": "r", "when": {"percentage": [0, 50], "layer": "tests"}, "serve": {"variant": "off"}}
    scene.project.configure("flag", rules=[rule])
    agent = watched(scene, "flag")
    scene.project.call("PATCH", "layers/tests?reshuffle=true", {"salt": "two"})
    revision = scene.project.revision()
    assert agent.wait_events(1, "change")[0]["revision"] == revision


@pytest.mark.web_too
def test_a_flag_that_comes_and_goes_is_told(scene):
    agent = watched(scene, "flag")
    scene.project.flag(on=False)
    agent.wait_events(1, "change")
    revision = scene.project.archive("flag")
    assert agent.wait_events(2, "change")[1]["revision"] == revision


def after(seconds: float) -> dict:
    """A condition that holds in so many seconds."""
    return {"attribute": "$now", "op": "after", "values": [in_seconds(seconds)]}


def test_a_date_that_passes_is_told_without_a_revision_of_its_own(scene):
    scene.project.flag()
    agent = watched(scene, "flag")
    border = 0.8
    scene.project.configure("flag", rules=[{"id": "r", "when": after(border), "serve": {"variant": "off"}}])
    began = time.monotonic()
    written = agent.wait_events(1, "change")[0]
    assert agent.value() is True
    told = agent.wait_events(2, "change")[1]
    assert border - 0.3 < told["at"] - began < border + 1
    assert agent.value("flag", True) is False
    assert told["revision"] == written["revision"] == scene.project.revision()
    revision = scene.project.switch("flag", False)
    agent.wait_events(3, "change")
    assert [event["revision"] for event in agent.seen("change")][2:] == [revision], "a date was told twice"


def test_a_date_in_a_segment_is_told_to_the_flag_that_uses_it_while_the_server_is_away(scene):
    scene.project.segment("later", included=["nobody"])
    scene.project.flag()
    scene.project.configure("flag", rules=[{"id": "r", "when": {"segment": "later"}, "serve": {"variant": "off"}}])
    agent = watched(scene, "flag")
    scene.project.edit_segment("later", when=after(0.8))
    agent.wait_events(1, "change")
    scene.proxy.refuse()
    assert agent.value() is True
    agent.wait_events(2, "change")
    assert agent.value("flag", True) is False


def test_a_date_that_was_taken_away_is_not_told(scene):
    scene.project.flag()
    scene.project.flag("clock")
    agent = watched(scene, "flag", "clock")
    scene.project.configure("flag", rules=[{"id": "r", "when": after(0.8), "serve": {"variant": "off"}}])
    scene.project.configure("clock", rules=[{"id": "r", "when": after(1.1), "serve": {"variant": "off"}}])
    scene.project.configure("flag", rules=[])
    agent.wait_events(2, "change", flag="flag")
    agent.wait_events(2, "change", flag="clock")
    assert len(agent.seen("change", flag="flag")) == 2, "a date that is gone was told"


@pytest.mark.web_too
def test_what_changed_during_an_outage_is_told_once_after_it(scene):
    scene.project.flag()
    scene.project.flag("same")
    agent = watched(scene, "flag", "same")
    scene.proxy.refuse()
    for on in (False, True, False):
        revision = scene.project.switch("flag", on)
    scene.proxy.accept()
    agent.wait_events(1, "change", flag="flag")
    agent.until(revision=scene.project.switch("same", False))
    agent.wait_events(1, "change", flag="same")
    assert [event["revision"] for event in agent.seen("change", flag="flag")] == [revision]


@pytest.mark.web_too
def test_a_new_put_tells_only_what_differs(scene):
    scene.project.flag("changed")
    scene.project.flag("same")
    agent = watched(scene, "changed", "same")
    scene.proxy.refuse()
    scene.project.switch("changed", False)
    scene.project.new_epoch()
    scene.proxy.accept()
    agent.wait_events(1, "change", flag="changed")
    agent.until(revision=scene.project.switch("same", False))
    agent.wait_events(1, "change", flag="same")
    assert len(agent.seen("change", flag="same")) == 1


def test_the_first_snapshot_is_a_change_of_what_it_brings_or_of_nothing(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, lambda exchange: exchange.gone(), times=1)
    agent = scene.start(startWaitMs=1, readTimeoutMs=300, streamWaitMs=5000)
    agent.ask("watch", flag="flag")
    agent.until(state="ready")
    revision = scene.project.switch("flag", False)
    agent.wait_events(1, "change", revision=revision)
    assert len(agent.seen("change")) <= 2


@pytest.mark.web_too
def test_how_long_a_flip_takes_to_the_callback(scene):
    scene.project.flag()
    agent = watched(scene, "flag")
    times = []
    for number in range(40):
        began = time.monotonic()
        scene.project.call("POST", f"flags/flag/environments/development/{'on' if number % 2 else 'off'}")
        told = agent.wait_events(number + 1, "change")[number]
        times.append(1000 * (told["at"] - began))
    times.sort()
    print(f"FIGURE {scene.language.name}: flip to callback, admin request included: p50 {times[20]:.1f} ms, max {times[-1]:.1f} ms")
