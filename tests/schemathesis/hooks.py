"""Leads generated requests past the first check, where the interesting ones are.

A random If-Match is 412 and a repeated Idempotency-Key an old answer, so three of four requests get what a careful
caller would send; the fourth goes out as it was generated. Where only some bodies of the right shape make sense (weights
that sum up), every other request takes one of those. What is deleted or rotated is a spare, never what others need.
"""

import itertools
import os

import schemathesis
from server import request

ADDRESS = os.environ["PENNON_ADDRESS"]
TOKEN = os.environ["PENNON_API_TOKEN"]
_count = itertools.count()
_exchanges = open(os.environ["PENNON_EXCHANGES"], "a", buffering=1)  # "status operation" a line, for run.py


def declares(operation, header):
    return any(parameter.name == header for parameter in operation.headers)


EVENTS = {
    "instanceId": "schemathesis", "session": "0123456789abcdef", "sequence": 1,
    "events": [
        {"kind": "instance", "sdk": "made-up", "labels": {"a": "b"}},
        {"kind": "summary", "evaluations": [{"flag": "theme", "variant": "a", "reason": "SPLIT", "count": 1}]},
        {"kind": "exposure", "flag": "theme", "variant": "a", "run": "r", "unit": "u"},
        {"kind": "track", "metric": "m", "unit": "u", "value": 1.5},
    ],
}

# Operation -> path parameters and body of a request that succeeds.
_FLAG = "/api/v1/projects/{project}/flags/{flag}"
SENSIBLE = {
    "GET /ofrep/v1/event-stream/{channel}": ({"channel": os.environ["PENNON_CHANNEL"]}, None),
    "POST /api/v1/sdk/events": ({}, EVENTS),
    "POST /api/v1/keys": ({}, {"kind": "api", "name": "robot", "grants": [{"role": "editor", "project": "default"}]}),
    "POST /api/v1/projects/{project}/keys": ({}, {"kind": "client", "name": "web", "environment": "development"}),
    "POST /api/v1/projects/{project}/layers/{key}/revert": ({"key": "slots"}, {"version": 1}),
    "POST /api/v1/projects/{project}/segments/{key}/revert": ({"key": "testers"}, {"version": 1}),
    f"POST {_FLAG}/revert": ({"flag": "theme"}, {"version": 1}),
    f"POST {_FLAG}/environments/{{environment}}/copy": ({"flag": "theme"}, {"to": "production"}),
    f"POST {_FLAG}/environments/{{environment}}/revert": ({"flag": "theme"}, {"version": 1}),
    f"POST {_FLAG}/environments/{{environment}}/targets": ({"flag": "checkout-bool"}, {"variant": "on", "add": ["u-1", 7]}),
    f"POST {_FLAG}/environments/{{environment}}/weights": ({"flag": "half-half"}, {"weights": {"a": 30000, "b": 70000}}),
}


def spare(case):
    """Makes what a request may take away or change for good, and names it in the path."""
    collection = case.operation.path[: case.operation.path.rindex("/{")]
    name = case.operation.path[len(collection) + 2 :].partition("}")[0]
    url = ADDRESS + collection.replace("{project}", "default")
    n = next(_count)
    if collection == "/api/v1/keys":
        body = {"name": f"spare {n}", "kind": "api", "grants": [{"role": "viewer"}]}
    elif collection.endswith("/keys"):
        body = {"name": f"spare {n}", "kind": "server", "environment": "development"}
    else:
        body = {"key": f"spare-{n}"}
    status, _, made = request("POST", url, TOKEN, body)
    if status != 201:
        raise RuntimeError(f"no spare for {case.operation.label}: POST {url} {body}: {status} {made}")
    if "project" in case.path_parameters and name != "project":
        case.path_parameters["project"] = "default"
    case.path_parameters[name] = made["id"] if "id" in made else made["key"]


def sensible(case):
    """Takes over a request of SENSIBLE."""
    place, body = SENSIBLE[case.operation.label]
    everywhere = {"project": "default", "environment": "development"}
    case.path_parameters.update({k: v for k, v in {**everywhere, **place}.items() if k in case.path_parameters})
    if body is not None:
        case.body = body
        case.media_type = "application/json"


def current(case):
    """The ETag that a careful caller would have: the resource's own, of an action its parent's."""
    path = case.formatted_path
    if case.method == "POST":
        path, _, action = path.rpartition("/")
        if action == "copy" and isinstance(case.body, dict) and isinstance(case.body.get("to"), str):
            path = f"{path.rpartition('/')[0]}/{case.body['to']}"
    try:
        return request("GET", ADDRESS + path, TOKEN)[1]["ETag"]
    except (OSError, ValueError):  # a generated path that is no URL
        return None


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method != case.operation.method.upper():
        return  # coverage tries methods that are not there, too
    n = next(_count)
    if case.method == "DELETE" or ("/keys/{key}" in case.operation.path and n % 4):
        spare(case)
    if n % 4 == 0:
        return
    if n % 2 == 0 and case.operation.label in SENSIBLE:
        sensible(case)
    if declares(case.operation, "If-Match") and (tag := current(case)):
        case.headers["If-Match"] = tag
    if declares(case.operation, "Idempotency-Key"):
        case.headers["Idempotency-Key"] = f"schemathesis-{n}"
    if declares(case.operation, "X-Pennon-Reason"):
        case.headers["X-Pennon-Reason"] = "generated"


@schemathesis.hook
def after_call(context, case, response):
    if case.method == case.operation.method.upper():
        _exchanges.write(f"{response.status_code} {case.operation.label}\n")
