"""Measures evaluation: the five workloads, here and in the competitors' SDKs, in one run.

Prints the median of a call in nanoseconds (of all 500 calls, for the last). The competitors' contexts are made before,
and their features are local, so that each does nothing but decide: of Unleash the engine inside its SDK, without
metrics; of GrowthBook an instance whose attributes are set.

    pip install -r sdk/python/bench/requirements.txt
    PYTHONPATH=sdk/python/src python sdk/python/bench/evaluate.py
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from typing import TYPE_CHECKING

from growthbook import GrowthBook
from workloads import all_workloads
from yggdrasil_engine.engine import UnleashEngine

from pennon._engine import At, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from workloads import Workload

    Ask: TypeAlias = Callable[[], object]

ROUNDS = 21
"""Rounds of which the median is told; in each, every engine has its turn."""
TURN_NS = 20_000_000
"""How long a turn takes, so that the clock's own cost does not show."""

AT = At(lambda: 1_767_225_600_000, lambda: 7, "instance-1")


def pennon(workload: Workload) -> Ask:
    """Our own engine."""
    snapshot = Snapshot.from_document({"schemaVersion": 1, "flags": workload.pennon})
    evaluate, context, keys = snapshot.evaluate, workload.context, list(workload.pennon)
    if len(keys) == 1:
        key = keys[0]
        return lambda: evaluate(key, context, "boolean", AT).value
    return lambda: [evaluate(key, context, "boolean", AT).value for key in keys][-1]


def unleash(workload: Workload) -> Ask:
    """The engine of Unleash's SDK."""
    features = [
        {"name": key, "enabled": True, "strategies": strategies} for key, strategies in workload.unleash.items()
    ]
    engine = UnleashEngine()
    engine.take_state(json.dumps({"version": 2, "features": features}))
    properties = {name: str(value) for name, value in workload.context.items() if name != "targetingKey"}
    context = {"userId": workload.context["targetingKey"], "properties": properties}
    check, keys = engine.check_enabled, list(workload.unleash)
    if len(keys) == 1:
        key = keys[0]
        return lambda: check(key, context).is_enabled
    return lambda: [check(key, context).is_enabled for key in keys][-1]


def growthbook(workload: Workload) -> Ask:
    """GrowthBook's SDK."""
    attributes = {"id" if name == "targetingKey" else name: value for name, value in workload.context.items()}
    book = GrowthBook(features=workload.growthbook, attributes=attributes)
    is_on, keys = book.is_on, list(workload.growthbook)
    if len(keys) == 1:
        key = keys[0]
        return lambda: is_on(key)
    return lambda: [is_on(key) for key in keys][-1]


ENGINES: dict[str, Callable[[Workload], Ask]] = {"pennon": pennon, "unleash": unleash, "growthbook": growthbook}


def turn(ask: Ask, calls: int) -> float:
    """Nanoseconds of a call: of this thread's own time, so that a busy machine does not count."""
    times = range(calls)
    start = time.thread_time_ns()
    for _ in times:
        ask()
    return (time.thread_time_ns() - start) / calls


def measure(workload: Workload) -> dict[str, float]:
    """The median of each engine."""
    asks = {name: make(workload) for name, make in ENGINES.items()}
    for name, ask in asks.items():
        # Each vendor hashes otherwise, so that a unit that is in here may be out there.
        if workload.name != "20 % rollout" or name == "pennon":
            assert ask() is True, f"{name} decides {workload.name} otherwise"
    calls = {name: max(1, int(TURN_NS / max(turn(ask, 3), 1))) for name, ask in asks.items()}
    rounds: dict[str, list[float]] = {name: [] for name in asks}
    for _ in range(ROUNDS):
        for name, ask in asks.items():
            rounds[name].append(turn(ask, calls[name]))
    return {name: statistics.median(found) for name, found in rounds.items()}


def main() -> None:
    """Measures and prints."""
    print(f"{platform.python_implementation()} {platform.python_version()}; median ns of {ROUNDS} rounds")
    print(f"{'':26}" + "".join(f"{name:>14}" for name in ENGINES))
    for workload in all_workloads():
        medians = measure(workload)
        print(f"{workload.name:26}" + "".join(f"{medians[name]:14,.0f}" for name in ENGINES), flush=True)


if __name__ == "__main__":
    main()
