"""OpenFeature: the same flags behind its interface. `pip install pennon[openfeature]`

PENNON_URL=… PENNON_SDK_KEY=… python with_openfeature.py user-1
"""

import sys

from openfeature import api
from openfeature.evaluation_context import EvaluationContext

from pennon.openfeature import PennonProvider

api.set_provider_and_wait(PennonProvider())
client = api.get_client()

if __name__ == "__main__":
    for user in sys.argv[1:] or ["user-1"]:
        found = client.get_boolean_details("new_checkout_flow", False, EvaluationContext(user))
        print(user, found.value, found.variant, found.reason)
    api.shutdown()
