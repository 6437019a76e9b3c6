#!/usr/bin/env python3
"""A true pennon server with the flags of flags.json in it, for clients in any language.

Starts the binary on port 0 over SQLite in a temporary directory, writes the flags through the admin
API, prints one line of JSON on stdout (address, apiToken, serverKey, clientKey, project, environment)
and serves until its standard input closes. A client's test opens it with a pipe, reads the line, and
needs to know nothing else; should the test die, the pipe closes and the server goes with it.
Arguments are settings, such as PENNON_BASE_PATH=/flags. A line `kill` (SIGKILL), `stop` (SIGTERM) or
`start [NAME=VALUE …]` (same address, same data) is carried out and answered by one line of JSON.
No other file starts a server: what first start promises is written down here once.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
READY_SECONDS = 60  # a debug build on a busy machine; the wait ends as soon as the server is ready


class Failed(Exception):
    """The server did not do what the tests need before they can begin."""


def binary() -> str:
    """PENNON_BIN, else the debug build (`cargo build`), wherever its target directory is."""
    if found := os.environ.get("PENNON_BIN"):
        return found
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    path = ROOT / target / "debug" / "pennon"
    if not path.exists():
        raise Failed(f"no {path}: run `cargo build --bin pennon`, or set PENNON_BIN")
    return str(path)


def request(method: str, url: str, token: str | None = None, body=None, headers=None):
    """One HTTP request: (status, headers, parsed JSON or text). An error status is no exception."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    call = urllib.request.Request(url, data=data, method=method, headers=sent)
    try:
        with urllib.request.urlopen(call, timeout=30) as answer:
            status, got, raw = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, got, raw = error.code, error.headers, error.read()
    try:
        return status, got, json.loads(raw)
    except ValueError:
        return status, got, raw.decode(errors="replace")


class Server:
    """The process, its bootstrap document, and the admin calls that the tests make."""

    def __init__(self, settings: dict[str, str] | None = None):
        self._dir = tempfile.TemporaryDirectory(prefix="pennon-ofrep.")
        self._where = where = pathlib.Path(self._dir.name)
        self._log = open(where / "log", "w+b")
        bootstrap = where / "bootstrap.json"
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("PENNON_")}
        self._environment |= {
            "PENNON_LISTEN": "127.0.0.1:0",
            "PENNON_DATA_DIR": str(where / "data"),
            "PENNON_BOOTSTRAP_FILE": str(bootstrap),
            "PENNON_ADDRESS_FILE": str(where / "address"),
            **(settings or {}),
        }
        self.start()
        try:
            self.bootstrap = json.loads(self._until(lambda: bootstrap.exists() and bootstrap.read_text()))
        except BaseException:
            self.close()
            raise
        self.token = self.bootstrap["apiToken"]
        project = f"{self.address}/api/v1/projects/{self.bootstrap['project']}"
        self._flags = f"{project}/flags"

    def start(self, settings: dict[str, str] | None = None) -> None:
        """Starts it and waits until it is ready; again at the same address, on the same data."""
        file = self._where / "address"
        self._process = subprocess.Popen(
            [binary(), "serve"], stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
            cwd=self._where, env={**self._environment, **(settings or {})},
        )
        try:
            # Kept from the first start: a node whose database is away writes the file later.
            self.address = self._until(lambda: file.exists() and file.read_text().strip())
            self._environment["PENNON_LISTEN"] = urllib.parse.urlsplit(self.address).netloc
            self._until(lambda: request("GET", f"{self.address}/health/ready")[0] == 200)
        except BaseException:
            self.close()
            raise

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Tells it to end, and waits until it has."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"pennon did not end within 30 s of SIGTERM:\n{self.log()}") from None

    def _until(self, condition):
        deadline = time.monotonic() + READY_SECONDS
        while True:
            if self._process.poll() is not None:
                raise Failed(f"pennon exited with {self._process.returncode}:\n{self.log()}")
            try:
                if value := condition():
                    return value
            except OSError:
                pass  # not listening yet
            if time.monotonic() > deadline:
                raise Failed(f"pennon was not ready after {READY_SECONDS} s:\n{self.log()}")
            time.sleep(0.02)  # the pace of the poll, no wait for a state

    def log(self) -> str:
        self._log.flush()
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def configuration(self, flag: str) -> str:
        return f"{self._flags}/{flag}/environments/{self.bootstrap['environment']}"

    def admin(self, method: str, url: str, body=None, want=(200, 201)):
        """An admin call under the resource's current version; anything but `want` is an error."""
        headers = {}
        if method != "GET" and url != self._flags:
            resource = url if method == "PATCH" else url.rsplit("/", 1)[0]
            status, got, answer = request("GET", resource, self.token)
            if status != 200 or not got["ETag"]:
                raise Failed(f"GET {resource}: {status} {got['ETag']} {answer}")
            headers["If-Match"] = got["ETag"]
        status, got, answer = request(method, url, self.token, body, headers)
        if status not in want:
            raise Failed(f"{method} {url} {json.dumps(body)}: {status} {json.dumps(answer)}")
        return answer

    def create(self, flag: dict, configuration: dict) -> None:
        self.admin("POST", self._flags, {"clientVisible": True, **flag})
        self.admin("PATCH", self.configuration(flag["key"]), configuration)

    def switch(self, flag: str, on: bool) -> None:
        self.admin("POST", f"{self.configuration(flag)}/{'on' if on else 'off'}")

    def rollout(self, flag: str, percentage: float, variant: str) -> None:
        self.admin("POST", f"{self.configuration(flag)}/rollout", {"percentage": percentage, "variant": variant})

    def seed(self) -> None:
        for item in json.loads((HERE / "flags.json").read_text()):
            self.create(item["flag"], item["configuration"])

    def close(self) -> None:
        try:
            self.stop()
        finally:
            self._log.close()
            self._dir.cleanup()


def carry_out(server: Server, line: str) -> None:
    command, *settings = line.split()
    if command == "start":
        server.start(dict(setting.split("=", 1) for setting in settings))
    else:
        {"kill": server.kill, "stop": server.stop}[command]()


def main() -> None:
    server = Server(dict(setting.split("=", 1) for setting in sys.argv[1:]))
    try:
        server.seed()
        print(json.dumps({**server.bootstrap, "address": server.address}), flush=True)
        for line in sys.stdin:
            carry_out(server, line)
            print(json.dumps({"done": line.strip(), "address": server.address}), flush=True)
    finally:
        server.close()


if __name__ == "__main__":
    try:
        main()
    except (Failed, OSError) as failure:
        sys.exit(f"tests/ofrep/server.py: {failure}")
