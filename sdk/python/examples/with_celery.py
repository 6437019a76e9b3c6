"""Celery: forked workers need nothing but a word at their end, since Celery ends them without Python's own end.

PENNON_URL=… PENNON_SDK_KEY=… celery -A with_celery worker
"""

import os

from celery import Celery
from celery.signals import worker_process_shutdown

from feature_flags import flags

app = Celery("shop", broker=os.environ.get("BROKER_URL", "redis://127.0.0.1:6379"))


@app.task
def create_order(user_id: str) -> str:
    return "new" if flags.is_enabled("new_checkout_flow", user_id=user_id) else "legacy"


@worker_process_shutdown.connect
def send_what_was_counted(**_: object) -> None:
    flags.close()
