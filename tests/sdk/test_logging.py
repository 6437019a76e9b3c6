"""What is logged: an outage is two lines, and nothing of a key or a context ever (Scene.close looks at every log)."""

import pytest

import faults
from scene import EVENTS


@pytest.mark.web_too
def test_an_outage_is_two_lines_however_often_is_tried(scene):
    scene.project.flag()
    agent = scene.ready()
    before = len(agent.log().splitlines())
    for outage in (1, 2):
        seen = len(scene.streams())
        scene.proxy.on("/", faults.cut)
        scene.proxy.cut()
        scene.proxy.wait_for(seen + 8, scene.stream)
        scene.proxy.clear()
        agent.until(state="ready")
        agent.until(revision=scene.project.switch("flag", outage == 2))
        lines = agent.log().splitlines()[before:]
        assert len(lines) == 2 * outage, "\n".join(lines)


@pytest.mark.web_too
def test_an_outage_at_the_start_is_two_lines_too(scene):
    scene.proxy.on("/", faults.problem(500, "internal"))
    agent = scene.start(startWaitMs=1)
    agent.evaluate()
    scene.proxy.wait_for(8, scene.stream)
    assert len(agent.log().splitlines()) == 1, agent.log()
    scene.proxy.clear()
    agent.until(state="ready")
    agent.until(revision=scene.project.revision())
    agent.close()
    assert len(agent.log().splitlines()) <= 3, agent.log()


@pytest.mark.web_too
def test_a_client_that_works_says_little(scene):
    scene.project.flag()
    agent = scene.ready(events=True, flushIntervalMs=50)
    for number in range(6):
        agent.until(revision=scene.project.switch("flag", number % 2 == 1))
        agent.evaluate(user="user-1")
    agent.close()
    assert len(agent.log().splitlines()) <= 3, agent.log()


def test_events_that_cannot_be_sent_are_an_outage_of_their_own_at_most(scene):
    scene.project.flag()
    scene.proxy.on(EVENTS, faults.problem(500, "internal"))
    agent = scene.ready(events=True, flushIntervalMs=20, backoffMaxMs=50)
    scene.proxy.wait_for(8, EVENTS)
    assert len(agent.log().splitlines()) <= 3, agent.log()
