"""The true server, and a project of each test's own on it.

`tests/ofrep/server.py` of the repository starts the binary (PENNON_BIN, else the debug build); nothing here knows how.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pathlib
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[3]
ENVIRONMENT = "development"

SETTINGS = {
    "PENNON_STREAM_HEARTBEAT": "200ms",
    "PENNON_STREAM_RETRY": "20ms",
    "PENNON_POLL_INTERVAL": "100ms",
    "PENNON_DRAIN_TIMEOUT": "1s",
    "PENNON_LOG_LEVEL": "warn",
}
"""Short enough that no test waits for them."""

_numbers = itertools.count(1)


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("ofrep_server", ROOT / "tests" / "ofrep" / "server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_ofrep = _load()


class TrueServer:
    """The process."""

    def __init__(self, **settings: str) -> None:
        self._server = _ofrep.Server({**SETTINGS, **settings})

    @property
    def url(self) -> str:
        """Its address."""
        return str(self._server.address)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One admin request; the answer. An error status fails the test."""
        headers = {"X-Pennon-Reason": "a test", "If-Match": "*"}
        status, _, answer = _ofrep.request(method, self.url + path, self._server.token, body, headers)
        assert status in (200, 201, 204), f"{method} {path}: {status} {answer}"
        return answer

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._server.kill()

    def start(self) -> None:
        """Starts it again, at the same address on the same data."""
        self._server.start()

    def project(self) -> Project:
        """A project of a test's own."""
        return Project(self)

    def close(self) -> None:
        """Ends it."""
        self._server.close()


class Project:
    """A project with a server key of its open environment."""

    def __init__(self, server: TrueServer) -> None:
        self.server = server
        self.name = f"py{os.getpid()}-{next(_numbers)}"
        self.path = f"/api/v1/projects/{self.name}"
        server.call("POST", "/api/v1/projects", {"key": self.name, "name": self.name})
        made = server.call("POST", f"{self.path}/keys", {"name": "sdk", "kind": "server", "environment": ENVIRONMENT})
        self.key_id, self.key = str(made["id"]), str(made["secret"])

    @property
    def url(self) -> str:
        """The server's address."""
        return self.server.url

    @property
    def variables(self) -> dict[str, str]:
        """What configures an SDK by its environment."""
        return {"PENNON_URL": self.url, "PENNON_SDK_KEY": self.key}

    def flag(self, key: str, **definition: Any) -> None:
        """Makes a flag, boolean unless said otherwise; it is off."""
        self.server.call(
            "POST", f"{self.path}/flags", {"key": key, "type": "boolean", "clientVisible": True, **definition}
        )

    def configure(self, key: str, **patch: Any) -> None:
        """Changes a flag's configuration."""
        self.server.call("PATCH", f"{self.path}/flags/{key}/environments/{ENVIRONMENT}", patch)

    def switch(self, key: str, on: bool) -> str:
        """Turns a flag on or off; the revision after it."""
        self.server.call("POST", f"{self.path}/flags/{key}/environments/{ENVIRONMENT}/{'on' if on else 'off'}")
        return self.revision()

    def revision(self) -> str:
        """`<epoch>-<revision>` of now."""
        now = self.server.call("GET", f"{self.path}/environments/{ENVIRONMENT}")
        return f"{now['epoch']}-{now['revision']}"

    def revoke(self) -> None:
        """Ends the key."""
        self.server.call("DELETE", f"{self.path}/keys/{self.key_id}")
