"""The true server, and a project of each test's own on it: keys, flags, and the everyday acts of an admin.

tests/ofrep/server.py starts the binary (PENNON_BIN, else the debug build). Many tests share one server, and none sees
another's project.
"""

import collections
import contextlib
import http.client
import importlib.util
import itertools
import json
import os
import pathlib
import urllib.error
import urllib.parse
import urllib.request

import sse

ROOT = pathlib.Path(__file__).resolve().parents[2]
_numbers = itertools.count(1)


def _load_ofrep():
    """tests/ofrep/server.py: both files have the same name, so a plain import would find one of them only."""
    spec = importlib.util.spec_from_file_location("ofrep_server", ROOT / "tests" / "ofrep" / "server.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_ofrep = _load_ofrep()
Failed = _ofrep.Failed


def request(method: str, url: str, token: str, body=None, headers: dict | None = None):
    """One HTTP request: its status and its JSON. The server keeps text as it was written, so no letter is escaped."""
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", **(headers or {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, sent, method=method), timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")

# Short enough that no test waits for them, long enough that a busy machine keeps to them.
SETTINGS = {
    "PENNON_STREAM_HEARTBEAT": "100ms",
    "PENNON_STREAM_RETRY": "20ms",
    "PENNON_STREAM_MAX_AGE": "1h",
    "PENNON_POLL_INTERVAL": "100ms",
    "PENNON_DRAIN_TIMEOUT": "1s",
    "PENNON_LOG_LEVEL": "warn",
}


class Server(_ofrep.Server):
    """The process. `project()` gives a test a place of its own."""

    def __init__(self, settings: dict[str, str] | None = None):
        super().__init__({**SETTINGS, **(settings or {})})

    def project(self) -> "Project":
        return Project(self)


class Project:
    """A project with the open environment `development`, one server key and one client key of it.

    Each act answers the document that the server gave; the revision stands in it, or `revision()` asks for it.
    """

    environment = "development"

    def __init__(self, server: Server):
        self.server = server
        self.key = f"p{os.getpid()}-{next(_numbers)}"
        self.path = f"/api/v1/projects/{self.key}"
        self.call("POST", "/api/v1/projects", {"key": self.key, "name": self.key})
        self.server_key_id, self.server_key = self.make_key("server")
        self.client_key_id, self.client_key = self.make_key("client")

    def call(self, method: str, path: str, body=None, want=(200, 201, 204), **headers):
        """One admin request; anything but the statuses of `want` fails the test."""
        url = self.server.address + (path if path.startswith("/api/") else f"{self.path}/{path}")
        sent = {"X-Pennon-Reason": "a test", "If-Match": "*", **headers}
        status, answer = request(method, url, self.server.token, body, sent)
        if status not in want:
            raise Failed(f"{method} {url} {json.dumps(body)}: {status} {answer}")
        return answer

    # Keys.

    def make_key(self, kind: str) -> tuple[str, str]:
        """A key of the environment: its id and its text."""
        body = {"name": kind, "kind": kind, "environment": self.environment}
        made = self.call("POST", "keys", body)
        return made["id"], made["secret"]

    def rotate(self, key_id: str) -> str:
        """The text of the key that takes its place; the old one ends at once."""
        made = self.call("POST", f"keys/{key_id}/rotate", {"overlapSeconds": 0})
        return made["secret"]

    def revoke(self, key_id: str) -> None:
        self.call("DELETE", f"keys/{key_id}")

    # The environment.

    def revision(self) -> str:
        """`<epoch>-<revision>` of now."""
        now = self.call("GET", f"environments/{self.environment}")
        return f"{now['epoch']}-{now['revision']}"

    def new_epoch(self) -> str:
        self.call("POST", f"environments/{self.environment}/new-epoch")
        return self.revision()

    def snapshot(self) -> dict:
        """What an SDK is given."""
        status, answer = request("GET", f"{self.server.address}/api/v1/sdk/snapshot", self.server_key)
        if status != 200:
            raise Failed(f"snapshot: {status} {answer}")
        return answer

    def results(self, context: dict) -> dict:
        """What a web SDK is given for a context: the `put` of the client stream."""
        where = urllib.parse.urlsplit(self.server.address)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        headers = {"Authorization": f"Bearer {self.client_key}", "Content-Type": "application/json"}
        with contextlib.closing(connection):
            connection.request("POST", f"{where.path}/api/v1/sdk/client-stream", json.dumps({"context": context}), headers)
            response, blocks = connection.getresponse(), sse.Blocks()
            while True:
                for block in blocks.feed(response.read1(1)):
                    if (event := sse.parse(block)).name == "put":
                        return event.json

    # Flags.

    def flag(self, key: str = "flag", *, on: bool = True, **definition) -> dict:
        """Makes a flag, boolean unless said otherwise; a boolean one that is on serves `on`."""
        made = self.call("POST", "flags", {"key": key, "type": "boolean", "clientVisible": True, **definition})
        if on:
            self.switch(key, True)
        return made

    def configure(self, flag: str, **patch) -> dict:
        return self.call("PATCH", f"flags/{flag}/environments/{self.environment}", patch)

    def switch(self, flag: str, on: bool) -> str:
        """On or off; the revision after it."""
        self.call("POST", f"flags/{flag}/environments/{self.environment}/{'on' if on else 'off'}")
        return self.revision()

    def rollout(self, flag: str, percentage: float, variant: str = "on") -> str:
        body = {"percentage": percentage, "variant": variant}
        self.call("POST", f"flags/{flag}/environments/{self.environment}/rollout", body)
        return self.revision()

    def archive(self, flag: str) -> str:
        """Archives it, also when somebody has just evaluated it."""
        self.call("DELETE", f"flags/{flag}?force=true")
        return self.revision()

    def segment(self, key: str, **document) -> None:
        self.call("POST", "segments", {"key": key, **document})

    def edit_segment(self, key: str, **patch) -> str:
        self.call("PATCH", f"segments/{key}", patch)
        return self.revision()

    # What SDKs told.

    def evaluations(self, source: str = "server") -> dict[tuple[str, str | None], int]:
        """How many evaluations SDKs with such keys told of, as the server counted, by flag and variant."""
        usage = self.call("GET", f"usage?environment={self.environment}&step=minute&limit=500")
        counts = collections.Counter()
        for flag in usage["items"]:
            for series in flag["series"]:
                if series["source"] == source:
                    counts[flag["flag"], series.get("variant")] += series["evaluations"]
        return dict(counts)

    def exposed(self, flag: str = "flag") -> list[dict]:
        """The units that met the arms of runs."""
        items = self.call("GET", f"usage?environment={self.environment}&flag={flag}")["items"]
        return items[0]["exposures"] if items else []

    def tracked(self) -> list[dict]:
        """The metrics that were tracked."""
        return self.call("GET", f"usage?environment={self.environment}").get("tracks") or []

    def instances(self) -> list[dict]:
        """The processes that told of themselves."""
        return self.call("GET", f"instances?environment={self.environment}")["items"]
