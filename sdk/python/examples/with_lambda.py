"""AWS Lambda: what is made outside of the handler outlives an invocation; `flush` sends what was counted in it."""

from typing import Any

from feature_flags import flags

# Before the first invocation, while the function may take its time.
flags.configure(start_wait=1, events=True)
flags.wait_until_ready(1)


def handler(event: dict[str, Any], context: object) -> dict[str, str]:
    try:
        return {"flow": "new" if flags.is_enabled("new_checkout_flow", user_id=event["user"]) else "legacy"}
    finally:
        flags.flush()
