"""Measures the public calls, as a caller makes them: keywords, context, evaluation, and the count of it.

Prints the best of several rounds of a call in nanoseconds of the thread's own time, so that a busy machine does not
count.

    PYTHONPATH=sdk/python/src python sdk/python/bench/calls.py
"""

from __future__ import annotations

import platform
import time
import timeit
from typing import TYPE_CHECKING, Any

from pennon import Client

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 9
CALLS = 50_000

FLAG: dict[str, Any] = {"type": "boolean", "enabled": True, "variants": {"on": True, "off": False}}
SNAPSHOT = {
    "schemaVersion": 1,
    "flags": {
        "static": {**FLAG, "key": "static", "fallthrough": {"variant": "on"}},
        "rollout": {
            **FLAG,
            "key": "rollout",
            "rules": [{"id": "r", "when": {"percentage": 20}, "serve": {"variant": "on"}}],
            "fallthrough": {"variant": "off"},
        },
    },
}
CONTEXT = {"targetingKey": "user-1", "plan": "pro"}


def _calls(client: Client) -> dict[str, Callable[[], object]]:
    return {
        'is_enabled("static")': lambda: client.is_enabled("static"),
        'is_enabled("static", user_id="user-1")': lambda: client.is_enabled("static", user_id="user-1"),
        'is_enabled("rollout", user_id="user-1")': lambda: client.is_enabled("rollout", user_id="user-1"),
        'is_enabled("rollout", context=CONTEXT)': lambda: client.is_enabled("rollout", context=CONTEXT),
        'is_enabled("rollout", 5 attributes)': lambda: client.is_enabled(
            "rollout", user_id="user-1", plan="pro", seats=4, country="DE", beta=True
        ),
        'details("rollout", False, user_id="user-1")': lambda: client.details("rollout", False, user_id="user-1"),
    }


def main() -> None:
    """Measures, and prints."""
    # An address makes it count what it would send; nobody listens there, and it does not try again meanwhile.
    quiet = {"backoff_min": 3_600.0, "backoff_max": 3_600.0, "flush_interval": 3_600.0}
    client = Client("http://127.0.0.1:1", "none", bootstrap=SNAPSHOT, **quiet)  # type: ignore[arg-type]
    print(f"Python {platform.python_version()}, {platform.machine()}; ns a call, the best of {ROUNDS} rounds")
    for name, call in _calls(client).items():
        took = min(timeit.repeat(call, number=CALLS, repeat=ROUNDS, timer=time.thread_time)) / CALLS * 1e9
        print(f"{took:8.0f}  {name}")
    client.close()


if __name__ == "__main__":
    main()
