"""Starts a seeded server, lets schemathesis loose on every endpoint of openapi/v1.json, and counts what came back."""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "openapi" / "v1.json"
LIMIT_SECONDS = 10 * 60  # about a minute is usual; past this something hangs

sys.path.insert(0, str(HERE.parent / "ofrep"))
from server import Failed, Server, request  # noqa: E402

# Operations that no generated request gets a success from, each with the reason. Everything else has to.
NEVER_SUCCEED = {}


def seed(server: Server) -> None:
    server.seed()
    project = f"{server.address}/api/v1/projects/default"
    for kind, body in [("segments", {"key": "testers", "included": ["u-1"]}), ("layers", {"key": "slots"})]:
        status, _, answer = request("POST", f"{project}/{kind}", server.token, body)
        if status != 201:
            raise Failed(f"POST {kind}: {status} {answer}")


def channel(server: Server) -> str:
    """The end of the address at which a client key's changes are told."""
    key = server.bootstrap["clientKey"]
    _, _, answer = request("POST", f"{server.address}/ofrep/v1/evaluate/flags", key, {})
    return answer["eventStreams"][0]["endpoint"]["requestUri"].rpartition("/")[2]


def count(exchanges: pathlib.Path) -> tuple[collections.Counter, collections.Counter]:
    """How many requests each operation got, and how many of them ended in a success."""
    all_of, good_of = collections.Counter(), collections.Counter()
    for line in exchanges.read_text().splitlines():
        status, _, operation = line.partition(" ")
        all_of[operation] += 1
        good_of[operation] += int(status) < 400
    return all_of, good_of


def main() -> int:
    operations = [
        f"{method.upper()} {path}"
        for path, item in json.loads(DOCUMENT.read_text())["paths"].items()
        for method in item
        if method in ("get", "post", "put", "patch", "delete")
    ]
    # Streams that end: what they carry before that is checked as any other answer.
    server = Server({"PENNON_STREAM_MAX_AGE": "20ms", "PENNON_STREAM_OPENS_PER_SECOND": "100000"})
    try:
        seed(server)
        environment = {
            **os.environ,
            "PENNON_ADDRESS": server.address,
            "PENNON_API_TOKEN": server.token,
            "PENNON_SERVER_KEY": server.bootstrap["serverKey"],
            "PENNON_CHANNEL": channel(server),
            "PENNON_HOOKS": str(HERE / "hooks.py"),
            "PYTHONPATH": str(HERE.parent / "ofrep"),
        }
        with tempfile.TemporaryDirectory() as folder:
            environment["PENNON_EXCHANGES"] = str(pathlib.Path(folder) / "exchanges")
            command = [
                str(pathlib.Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml"),
                "run", str(DOCUMENT), "--url", server.address, "--no-color",
            ]
            code = subprocess.run(command, env=environment, cwd=folder, timeout=LIMIT_SECONDS, check=False).returncode
            if not os.path.exists(environment["PENNON_EXCHANGES"]):
                raise Failed(f"schemathesis did not begin (exit code {code})")
            all_of, good_of = count(pathlib.Path(environment["PENNON_EXCHANGES"]))
        status, _, answer = request("GET", f"{server.address}/health/ready")
        if status != 200:
            raise Failed(f"the server is not ready any more: {status} {answer}\n{server.log()}")
    finally:
        server.close()
    print(f"{len(operations)} operations, {all_of.total()} requests, {good_of.total()} of them successes")
    barren = [name for name in operations if not good_of[name] and name not in NEVER_SUCCEED]
    for name in barren:
        print(f"no success in {all_of[name]} requests: {name}")
    return code or (1 if barren else 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, OSError, subprocess.TimeoutExpired) as failure:
        sys.exit(f"tests/schemathesis/run.py: {failure}")
