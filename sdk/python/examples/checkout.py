"""The shortest form: one flag decides which of two services makes an order.

PENNON_URL=http://127.0.0.1:8080 PENNON_SDK_KEY=pnn_srv_… python checkout.py user-1 user-2
"""

import sys

from feature_flags import flags


def create_order(user_id: str, items: list) -> dict:
    if flags.is_enabled("new_checkout_flow", user_id=user_id):
        return {"flow": "new", "user": user_id, "items": items}
    return {"flow": "legacy", "user": user_id, "items": items}


if __name__ == "__main__":
    for user in sys.argv[1:] or ["user-1"]:
        print(create_order(user, ["book"]))
