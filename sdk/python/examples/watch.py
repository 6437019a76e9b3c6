"""Prints what a flag serves, and again each time that what decides it changes. Ctrl-C ends it.

PENNON_URL=http://127.0.0.1:8080 PENNON_SDK_KEY=pnn_srv_… python watch.py new_checkout_flow user-1
"""

import sys
import threading

from feature_flags import flags


def main(key: str, user: str) -> None:
    def show() -> None:
        found = flags.details(key, user_id=user)
        print(f"{key} = {found.value} ({found.reason}, revision {flags.status().revision})", flush=True)

    show()
    flags.on_change(key, lambda change: show())
    flags.on_status(lambda status: print(f"the connection is {status.state}", file=sys.stderr))
    threading.Event().wait()


if __name__ == "__main__":
    try:
        main(*(sys.argv[1:] or ["new_checkout_flow", "user-1"]))
    except KeyboardInterrupt:
        pass
