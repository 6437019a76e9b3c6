"""The client on the true server: what a caller sees of it."""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pennon import Change, Client, Details, Status
from true_server import TrueServer
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from true_server import Project

QUICK: dict[str, Any] = {"backoff_min": 0.02, "backoff_max": 0.2, "start_wait": 10}


@pytest.fixture
def made() -> Iterator[Callable[..., Client]]:
    """Makes clients, and ends them."""
    clients: list[Client] = []

    def make(project: Project, **settings: Any) -> Client:
        clients.append(Client(project.url, project.key, **{**QUICK, **settings}))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def _follows(client: Client, revision: str) -> None:
    until(lambda: client.status().revision == revision, f"revision {revision}")


def test_the_first_evaluation_waits_for_the_snapshot(project: Project, made: Callable[..., Client]) -> None:
    project.flag("f")
    project.switch("f", True)
    assert made(project).is_enabled("f", user_id="u")


def test_a_flip_arrives_by_the_stream(project: Project, made: Callable[..., Client]) -> None:
    project.flag("f")
    client = made(project)
    assert not client.is_enabled("f")
    project.switch("f", True)
    until(lambda: client.is_enabled("f"), "the flip")
    status = client.status()
    assert (status.state, status.source, status.stale_since, status.last_error) == ("ready", "stream", None, None)


def test_values_come_in_the_type_of_the_default(project: Project, made: Callable[..., Client]) -> None:
    project.flag("text", type="string", variants={"a": "grün"})
    project.flag("number", type="number", variants={"a": 3})
    project.flag("object", type="object", variants={"a": {"list": [1, {"x": None}]}})
    for key in ("text", "number", "object"):
        project.configure(key, enabled=True, fallthrough={"variant": "a"})
    client = made(project)
    assert client.value("text", "") == "grün"
    assert (client.value("number", 0), type(client.value("number", 0))) == (3, int)
    assert (client.value("number", 0.5), type(client.value("number", 0.5))) == (3.0, float)
    assert client.value("object", {}) == {"list": [1, {"x": None}]}
    assert client.value("object") == {"list": [1, {"x": None}]}
    assert client.value("text", False) is False
    assert client.details("text", False).error_code == "TYPE_MISMATCH"
    client.value("object", {})["list"].append("mine")
    assert client.value("object", {}) == {"list": [1, {"x": None}]}


def test_details_tell_why(project: Project, made: Callable[..., Client]) -> None:
    project.flag("f", metadata={"owner": "payments"})
    project.configure(
        "f",
        enabled=True,
        rules=[
            {"id": "eu", "when": {"attribute": "/org/region", "op": "in", "values": ["eu"]}, "serve": {"variant": "on"}}
        ],
        fallthrough={"variant": "off"},
    )
    client = made(project)
    found = client.details("f", False, user_id=7, org={"region": "eu"})
    version = found.metadata.pop("version")
    assert version > 0
    assert found == Details("f", True, "on", "TARGETING_MATCH", None, None, "eu", {"owner": "payments", "ruleId": "eu"})
    assert client.details("gone", False).error_code == "FLAG_NOT_FOUND"
    assert client.variant("f", org={"region": "eu"}) == "on"
    assert client.variant("gone") is None


def test_a_rollout_serves_whom_the_server_would_serve(project: Project, made: Callable[..., Client]) -> None:
    project.flag("f")
    project.configure(
        "f",
        enabled=True,
        fallthrough={"variant": "off"},
        rules=[{"id": "r", "when": {"percentage": 50}, "serve": {"variant": "on"}}],
    )
    client = made(project)
    explain = f"{project.path}/flags/f/environments/development/explain"
    for number in range(20):
        told = project.server.call("POST", explain, {"context": {"targetingKey": f"user-{number}"}})
        assert client.variant("f", user_id=f"user-{number}") == told["variant"]


def test_context_blocks_decide(project: Project, made: Callable[..., Client]) -> None:
    project.flag("f")
    project.configure(
        "f",
        enabled=True,
        fallthrough={"variant": "off"},
        rules=[{"id": "r", "when": {"attribute": "plan", "op": "in", "values": ["pro"]}, "serve": {"variant": "on"}}],
    )
    client = made(project)
    with client.context(plan="pro"):
        assert client.is_enabled("f")
        assert not client.is_enabled("f", plan="free")
        assert not client.is_enabled("f", context={"plan": "free"})
    assert not client.is_enabled("f")


def test_listeners_are_told_of_changes_and_states(project: Project, made: Callable[..., Client]) -> None:
    project.flag("f")
    project.flag("other")
    client = made(project)
    client.is_enabled("f")
    changes: list[Change] = []
    states: list[Status] = []
    threads: set[str] = set()

    @client.on_change("f")
    def changed(change: Change) -> None:
        threads.add(threading.current_thread().name)
        changes.append(change)

    client.on_status(states.append)
    project.switch("other", True)
    revision = project.switch("f", True)
    until(lambda: changes, "the change")
    assert changes == [Change("f", revision)]
    assert threads == {"pennon-notices"}
    client.close()
    assert [status.state for status in states] == ["closed"]
    assert callable(changed)


def test_a_listener_that_is_gone_is_told_nothing_and_one_that_fails_is_logged(
    project: Project, made: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    project.flag("f")
    client = made(project)
    client.is_enabled("f")
    told: list[Change] = []
    gone = client.on_change("f", told.append)
    second: list[Change] = []

    def fail(_: Change) -> None:
        raise ZeroDivisionError

    client.on_change("f", fail)
    client.on_change("f", second.append)
    gone()
    gone()
    project.switch("f", True)
    until(lambda: second, "the change")
    assert told == []
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == ["a listener failed"]


def test_an_outage_leaves_the_flags_served_and_ends_by_itself(made: Callable[..., Client]) -> None:
    server = TrueServer()
    try:
        project = server.project()
        project.flag("f")
        project.switch("f", True)
        client = made(project)
        assert client.is_enabled("f")
        server.kill()
        until(lambda: client.status().state == "stale", "stale")
        assert client.is_enabled("f")
        assert client.status().last_error is not None
        server.start()
        revision = project.switch("f", False)
        _follows(client, revision)
        until(lambda: client.status().state == "ready", "ready")
        assert not client.is_enabled("f", True)
    finally:
        server.close()


def test_the_cache_serves_when_the_server_is_away_at_the_start(tmp_path: Path, made: Callable[..., Client]) -> None:
    server = TrueServer()
    try:
        project = server.project()
        project.flag("f")
        project.switch("f", True)
        first = made(project, cache_dir=tmp_path)
        assert first.is_enabled("f")
        first.close()
        server.kill()
        client = made(project, cache_dir=tmp_path)
        assert client.is_enabled("f")
        assert (client.status().state, client.status().source) == ("stale", "cache")
        server.start()
        until(lambda: client.status().state == "ready", "ready")
    finally:
        server.close()


def test_a_revoked_key_is_one_error_and_the_flags_stay(
    project: Project, made: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    project.flag("f")
    project.switch("f", True)
    client = made(project)
    assert client.is_enabled("f")
    with caplog.at_level(logging.INFO, "pennon"):
        project.revoke()
        until(lambda: caplog.records, "the refusal")
        client.flush()
    assert client.is_enabled("f")
    assert client.status().state == "stale"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert project.key not in caplog.text


def test_bootstrap_is_what_a_browser_takes(project: Project, made: Callable[..., Client]) -> None:
    project.flag("seen", metadata={"owner": "web", "list": [1]})
    project.flag("hidden", clientVisible=False)
    project.flag("split", type="string", variants={"a": "1", "b": "2"})
    project.configure(
        "split",
        enabled=True,
        fallthrough={
            "variant": None,
            "split": [{"variant": "a", "weight": 50000}, {"variant": "b", "weight": 50000}],
        },
    )
    project.switch("seen", True)
    client = made(project)
    client.is_enabled("seen")
    found = client.bootstrap()
    assert json.loads(json.dumps(found)) == found
    assert f"{found['epoch']}-{found['revision']}" == project.revision()
    assert sorted(found["flags"]) == ["seen", "split"]
    assert found["flags"]["seen"] == {
        "key": "seen",
        "value": True,
        "variant": "on",
        "reason": "STATIC",
        "metadata": {"owner": "web"},
    }
    assert found["flags"]["split"]["errorCode"] == "TARGETING_KEY_MISSING"
    assert client.bootstrap(user_id=1)["flags"]["split"]["reason"] == "SPLIT"


def test_two_clients_of_two_environments_live_side_by_side(server: TrueServer, made: Callable[..., Client]) -> None:
    first, second = server.project(), server.project()
    for project in (first, second):
        project.flag("f")
    first.switch("f", True)
    one, other = made(first), made(second)
    assert one.is_enabled("f")
    assert not other.is_enabled("f")


def test_after_close_evaluation_goes_on_and_nothing_is_heard(project: Project, made: Callable[..., Client]) -> None:
    project.flag("f")
    client = made(project)
    client.is_enabled("f")
    held = client.status().revision
    client.close()
    client.close()
    project.switch("f", True)
    assert not client.is_enabled("f")
    assert (client.status().state, client.status().revision) == ("closed", held)
    client.track("m", user_id="u")
    client.flush()


def test_threads_evaluate_while_flags_change(project: Project, made: Callable[..., Client]) -> None:
    project.flag("f")
    client = made(project)
    client.is_enabled("f")
    stop = threading.Event()
    wrong: list[object] = []

    def work() -> None:
        while not stop.is_set():
            found = client.details("f", False, user_id="u")
            if found.error_code is not None or found.value is not (found.variant == "on"):
                wrong.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        _follows(client, project.switch("f", number % 2 == 0))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_function_that_listens_twice_ends_once(project: Project, made: Callable[..., Client]) -> None:
    client = made(project)
    states: list[Status] = []
    first = client.on_status(states.append)
    client.on_status(states.append)
    first()
    client.close()
    assert [status.state for status in states] == ["closed"]
