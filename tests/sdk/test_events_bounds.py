"""Events when there are very many: batches have a size, buffers have an end, and what is lost is counted."""

import faults
from batches import EVENTS_ON, counted, of, sent, tracked, until
from scene import EVENTS

BATCH_EVENTS = 1_000
BATCH_BYTES = 256 * 1024
BUFFER = 10_000
DIFFERENT = 2_000
# A flush ends within a second; what it has left then goes out soon.
OFTEN = {**EVENTS_ON, "flushIntervalMs": 500}
SECONDS = 60.0  # thousands of requests to an agent, one by one, on a busy machine


def many(agent, count: int, do: str, members) -> None:
    """So many requests without waiting between them; `members(n)` tells what is in the n-th."""
    last = 0
    for number in range(count):
        last = agent.send(do, **members(number))
        if number % 500 == 0:
            agent.answer(last, SECONDS)
    agent.answer(last, SECONDS)


def evaluation(flag: str, **context) -> dict:
    return {"flag": flag, "type": "boolean", "default": False, "context": context}


def tracks(agent, count: int, unit: str = "u") -> None:
    many(agent, count, "track", lambda n: {"metric": "m", "value": n, "context": {"targetingKey": f"{unit}-{n}"}})


def test_batches_keep_to_their_size(scene):
    agent = scene.ready(**OFTEN)
    tracks(agent, 2_500, "u" * 200)
    batches = until(scene, lambda batches: len(of(batches, "track")) >= 2_500, "every measurement", SECONDS)
    assert all(len(batch.events) <= BATCH_EVENTS for batch in batches)
    assert all(len(batch.request.body) <= BATCH_BYTES for batch in batches)
    assert sorted(event["value"] for event in of(batches, "track")) == list(range(2_500))
    assert scene.most_at_once(EVENTS) == 1


def test_a_buffer_that_is_half_full_is_sent_early(scene):
    agent = scene.ready(**EVENTS_ON)
    tracks(agent, BUFFER // 2 - 10)
    assert not sent(scene), "it was sent before it was half full"
    tracks(agent, 20)
    until(scene, lambda batches: of(batches, "track"), "an early batch")


def test_what_no_buffer_holds_is_dropped_and_counted(scene):
    scene.proxy.on(EVENTS, faults.problem(503, "unavailable", retry_after="1"))
    agent = scene.ready(**OFTEN)
    count = BUFFER + BATCH_EVENTS + 1_500
    tracks(agent, count)
    scene.proxy.clear()

    def everything(batches) -> bool:
        arrived, dropped = told(batches)
        return dropped > 0 and len(arrived) + dropped == count

    arrived, dropped = told(until(scene, everything, "each measurement, or a count of it", SECONDS))
    # One batch more than the buffer holds may have been under way.
    assert BUFFER <= len(arrived) <= BUFFER + BATCH_EVENTS
    assert len(set(arrived)) == len(arrived) and arrived[0] == "u-0"


def told(batches) -> tuple[list[str], int]:
    """The units of the measurements that the server took, and how many were dropped, by the last word."""
    taken = [batch for batch in batches if batch.request.status == 200]
    units = [event["unit"] for event in of(taken, "track")]
    return units, taken[-1].heartbeat["dropped"]["tracks"] if taken else 0


def test_of_more_different_evaluations_than_are_kept_the_rest_is_counted(scene):
    scene.project.flag()
    agent = scene.ready(**EVENTS_ON)
    over = 15
    many(agent, DIFFERENT + over, "evaluate", lambda n: evaluation(f"gone-{n}"))
    agent.evaluate("gone-1")
    agent.ask("flush", seconds=SECONDS)
    agent.ask("flush", seconds=SECONDS)
    batches = until(scene, lambda batches: batches and batches[-1].heartbeat["dropped"]["evaluations"], "a count of the rest", SECONDS)
    assert len(counted(batches)) == DIFFERENT
    assert counted(batches).total() == DIFFERENT + 1, "one that is kept was not counted on"
    assert batches[-1].heartbeat["dropped"]["evaluations"] == over


def test_a_burst_of_exposures_is_told_once_each(scene):
    tracked(scene)
    agent = scene.ready(**OFTEN)
    count = 3_000
    for _ in range(2):
        many(agent, count, "evaluate", lambda n: evaluation("flag", targetingKey=f"u-{n}"))
    until(scene, lambda batches: len(of(batches, "exposure")) >= count, "every exposure", SECONDS)
    until(scene, lambda batches: counted(batches).total() >= 2 * count, "every evaluation", SECONDS)
    units = [event["unit"] for event in of(sent(scene), "exposure")]
    assert len(units) == len(set(units)) == count
    assert counted(sent(scene)).total() == 2 * count
    assert len(scene.proxy.seen(scene.stream)) == 1
