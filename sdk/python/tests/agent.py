#!/usr/bin/env python3
"""The agent of the Python SDK: does what `tests/sdk` tells it, by the public API (tests/sdk/README.md).

PYTHONPATH=sdk/python/src python sdk/python/tests/agent.py
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from pennon import Change, Client, Status

if TYPE_CHECKING:
    from collections.abc import Callable

_NEUTRAL: dict[str, Any] = {"boolean": False, "string": "", "integer": 0, "float": 0.0, "object": {}}

_lines = threading.Lock()
"""Listeners write from a thread of their own: a line is written whole."""


def write(message: dict[str, Any]) -> None:
    """Writes one line."""
    with _lines:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


class Agent:
    """One client, and what can be done with it."""

    def __init__(self) -> None:
        self.client: Client | None = None

    @property
    def started(self) -> Client:
        """The client."""
        if self.client is None:
            raise RuntimeError("not started")
        return self.client

    def start(self, options: dict[str, Any]) -> dict[str, Any]:
        """Makes the client."""
        settings = dict(_setting(name, value) for name, value in options.items())
        self.client = Client(**settings)
        return {}

    def evaluate(self, flag: str, type: str, default: Any, context: dict[str, Any] | None = None) -> dict[str, Any]:  # noqa: A002
        """Evaluates one flag."""
        if type == "float" and isinstance(default, int):
            default = float(default)
        if isinstance(default, bool) is not (type == "boolean") or default is None:
            default = _NEUTRAL[type]
        found = self.started.details(flag, default, context=context)
        return {
            "value": found.value,
            "variant": found.variant,
            "reason": found.reason,
            "errorCode": found.error_code,
        }

    def status(self) -> dict[str, Any]:
        """How the client stands."""
        status = self.started.status()
        since = status.stale_since
        return {
            "state": status.state,
            "revision": status.revision,
            "staleSince": None if since is None else int(since.timestamp() * 1_000),
            "source": status.source,
            "lastError": status.last_error,
        }

    def watch(self, flag: str) -> dict[str, Any]:
        """Tells of a flag's changes."""

        def tell(change: Change) -> None:
            write({"event": "change", "flag": change.flag, "revision": change.revision})

        self.started.on_change(flag, tell)
        return {}

    def watch_status(self) -> dict[str, Any]:
        """Tells of each state."""

        def tell(status: Status) -> None:
            write({"event": "status", "state": status.state, "revision": status.revision})

        self.started.on_status(tell)
        return {}

    def track(self, metric: str, value: float | None = None, context: dict[str, Any] | None = None) -> dict[str, Any]:
        """Notes a measurement."""
        if value is None:
            self.started.track(metric, context=context)
        else:
            self.started.track(metric, value, context=context)
        return {}

    def report_health(self, healthy: bool) -> dict[str, Any]:
        """Says how the instance does."""
        self.started.report_health(healthy)
        return {}

    def flush(self) -> dict[str, Any]:
        """Sends what is kept."""
        self.started.flush()
        return {}

    def bootstrap(self, context: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the web SDK takes."""
        return self.started.bootstrap(context)

    def close(self) -> dict[str, Any]:
        """Closes the client."""
        began = time.monotonic()
        self.started.close()
        return {"ms": (time.monotonic() - began) * 1_000}


def _setting(name: str, value: Any) -> tuple[str, Any]:
    """A setting by its name in Python: `startWaitMs` is `start_wait`, in seconds."""
    snake = re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)
    if snake.endswith("_ms"):
        return snake.removesuffix("_ms"), value / 1_000
    return snake, value


def _answer(agent: Agent, request: dict[str, Any]) -> dict[str, Any]:
    number, do = request.pop("id"), request.pop("do")
    acts: dict[str, Callable[..., dict[str, Any]]] = {
        "start": agent.start,
        "evaluate": agent.evaluate,
        "status": agent.status,
        "watch": agent.watch,
        "watchStatus": agent.watch_status,
        "track": agent.track,
        "reportHealth": agent.report_health,
        "flush": agent.flush,
        "bootstrap": agent.bootstrap,
        "close": agent.close,
    }
    try:
        return {"id": number, "ok": acts[do](**request)}
    except Exception as error:  # noqa: BLE001 - the suite judges it
        return {"id": number, "error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answers line by line, until there are no more."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    agent = Agent()
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "evaluate":
            # It may wait for the first snapshot, and others go on meanwhile.
            threading.Thread(target=lambda asked: write(_answer(agent, asked)), args=(request,), daemon=True).start()
        else:
            write(_answer(agent, request))
    if agent.client is not None:
        agent.client.close()


if __name__ == "__main__":
    main()
