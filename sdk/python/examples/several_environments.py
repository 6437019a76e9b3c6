"""Clients of several environments, each with an address and a key of its own.

python several_environments.py http://127.0.0.1:8080 pnn_srv_development_… pnn_srv_production_…
"""

import sys

from pennon import Client


def compare(url: str, *keys: str) -> None:
    for key in keys:
        with Client(url, key) as client:
            found = client.details("new_checkout_flow", False, user_id="user-1")
            print(client.status().revision, found.value, found.reason)


if __name__ == "__main__":
    compare(*sys.argv[1:])
