"""Many clients of the Python SDK in one process, for tests/bench/flip: `python.py COUNT FLAG`, address and key from PENNON_*.

Writes {"ready": COUNT} when each holds a snapshot, then for each change that all were told of one line
{"revision", "at": [epoch microseconds of each callback]}. Ends with its standard input.
"""

import collections
import json
import os
import sys
import threading
import time

from pennon import Client

READY_SECONDS = 120


def main() -> None:
    count, flag = int(sys.argv[1]), sys.argv[2]
    arrived: dict[str, list[int]] = collections.defaultdict(list)
    lock = threading.Lock()

    def say(message: dict) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def told(change) -> None:
        at = time.time_ns() // 1_000
        with lock:
            arrived[change.revision].append(at)
            if len(arrived[change.revision]) == count:
                say({"revision": change.revision, "at": arrived.pop(change.revision)})

    clients = [Client(events=False) for _ in range(count)]
    for client in clients:
        client.on_change(flag, told)
    if not all(client.wait_until_ready(READY_SECONDS) for client in clients):
        sys.exit("not every client became ready")
    say({"ready": count})
    sys.stdin.read()
    # Two threads for each client: nobody waits for thousands of them to end one by one.
    os._exit(0)


if __name__ == "__main__":
    main()
