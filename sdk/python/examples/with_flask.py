"""Flask: a request's context surrounds its handler.

PENNON_URL=… PENNON_SDK_KEY=… flask --app with_flask run
"""

from flask import Flask, g, request

from feature_flags import flags

app = Flask(__name__)


@app.before_request
def for_whom() -> None:
    g.flags_context = flags.context(user_id=request.headers.get("x-user"))
    g.flags_context.__enter__()


@app.teardown_request
def done(error: BaseException | None) -> None:
    if "flags_context" in g:
        g.pop("flags_context").__exit__(None, None, None)


@app.get("/order")
def order() -> dict[str, str]:
    return {"flow": "new" if flags.is_enabled("new_checkout_flow") else "legacy"}
