"""Starts a seeded server and lets schemathesis loose on every endpoint of openapi/v1.json."""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIMIT_SECONDS = 10 * 60  # about a minute is usual; past this something hangs

sys.path.insert(0, str(HERE.parent / "ofrep"))
from server import Failed, Server, request  # noqa: E402


def main() -> int:
    document = ROOT / "openapi" / "v1.json"
    paths = json.loads(document.read_text())["paths"]
    server = Server()
    try:
        server.seed()
        environment = {
            **os.environ,
            "PENNON_API_TOKEN": server.token,
            "PENNON_SERVER_KEY": server.bootstrap["serverKey"],
        }
        command = [
            str(pathlib.Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml"),
            "run", str(document), "--url", server.address, "--no-color",
        ]
        code = subprocess.run(command, env=environment, timeout=LIMIT_SECONDS, check=False).returncode
        status, _, answer = request("GET", f"{server.address}/health/ready")
        if status != 200:
            raise Failed(f"the server is not ready any more: {status} {answer}\n{server.log()}")
        print(f"{len(paths)} paths tried; the server is still ready")
        return code
    finally:
        server.close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, OSError, subprocess.TimeoutExpired) as failure:
        sys.exit(f"tests/schemathesis/run.py: {failure}")
