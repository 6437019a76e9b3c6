"""The provider, under OpenFeature's own client, on the true server."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, ProviderFatalError, ProviderNotReadyError
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus
from openfeature.track import TrackingEventDetails

from documents import document, flag
from peer import put
from pennon import Client
from pennon.openfeature import PennonProvider
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openfeature.client import OpenFeatureClient

    from peer import Peer
    from true_server import Project

QUICK: dict[str, Any] = {"backoff_min": 0.02, "backoff_max": 0.2, "start_wait": 10}
EVENTS = "/api/v1/sdk/events"


@pytest.fixture(autouse=True)
def _no_provider_stays() -> Iterator[None]:
    yield
    api.shutdown()
    api.clear_providers()


def _client(project: Project, **settings: Any) -> OpenFeatureClient:
    api.set_provider_and_wait(PennonProvider(url=project.url, key=project.key, **{**QUICK, **settings}))
    return api.get_client()


def test_values_of_every_type_are_resolved(project: Project) -> None:
    project.flag("bool")
    project.flag("text", type="string", variants={"a": "grün"})
    project.flag("number", type="number", variants={"a": 3})
    project.flag("object", type="object", variants={"a": {"x": [1]}})
    for key in ("text", "number", "object"):
        project.configure(key, enabled=True, fallthrough={"variant": "a"})
    project.switch("bool", True)
    client = _client(project)
    assert client.get_boolean_value("bool", False) is True
    assert client.get_string_value("text", "") == "grün"
    assert client.get_integer_value("number", 0) == 3
    assert client.get_float_value("number", 0.5) == 3.0
    assert client.get_object_value("object", {}) == {"x": [1]}


def test_details_carry_reason_variant_metadata_and_errors(project: Project) -> None:
    project.flag("f", metadata={"owner": "payments", "list": [1]})
    project.configure(
        "f",
        enabled=True,
        fallthrough={"variant": "off"},
        rules=[{"id": "r", "when": {"percentage": 100}, "serve": {"variant": "on"}}],
    )
    client = _client(project)
    found = client.get_boolean_details("f", False, EvaluationContext("user-1"))
    assert (found.value, found.variant, found.reason, found.error_code) == (True, "on", Reason.SPLIT, None)
    assert found.flag_metadata["ruleId"] == "r"
    assert found.flag_metadata["owner"] == "payments"
    assert "list" not in found.flag_metadata
    gone = client.get_boolean_details("gone", True)
    assert (gone.value, gone.reason, gone.error_code) == (True, Reason.ERROR, ErrorCode.FLAG_NOT_FOUND)
    wrong = client.get_string_details("f", "x")
    assert (wrong.value, wrong.error_code) == ("x", ErrorCode.TYPE_MISMATCH)


def test_the_context_decides_with_its_key_and_its_attributes(project: Project) -> None:
    project.flag("f")
    project.configure(
        "f",
        enabled=True,
        fallthrough={"variant": "off"},
        targets=[{"values": ["user-1"], "variant": "on"}],
        rules=[
            {
                "id": "r",
                "when": {"attribute": "since", "op": "before", "values": ["2026-01-01T00:00:00Z"]},
                "serve": {"variant": "on"},
            }
        ],
    )
    client = _client(project)
    assert client.get_boolean_value("f", False, EvaluationContext("user-1"))
    assert not client.get_boolean_value("f", False, EvaluationContext("user-2"))
    since = datetime(2025, 1, 1, tzinfo=timezone.utc)
    assert client.get_boolean_value("f", False, EvaluationContext("user-2", {"since": since}))


def test_changes_and_outages_are_events(project: Project) -> None:
    project.flag("f")
    project.flag("other")
    client = _client(project)
    changes: list[EventDetails] = []
    told = threading.Event()
    client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, changes.append)
    client.add_handler(ProviderEvent.PROVIDER_STALE, lambda _: told.set())
    assert client.get_provider_status() == ProviderStatus.READY
    revision = project.switch("f", True)
    until(lambda: changes, "the change")
    assert (changes[0].flags_changed, changes[0].metadata) == (["f"], {"revision": revision})
    project.revoke()
    assert told.wait(10)
    assert client.get_provider_status() == ProviderStatus.STALE


def test_without_a_snapshot_in_time_it_is_an_error_until_one_comes(peer: Peer) -> None:
    provider = PennonProvider(url=peer.url, key="k", start_wait=0.1, backoff_min=0.01, backoff_max=0.02)
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(provider)
    client = api.get_client()
    assert client.get_provider_status() == ProviderStatus.ERROR
    ready = threading.Event()
    client.add_handler(ProviderEvent.PROVIDER_READY, lambda _: ready.set())

    def script(talk: Any) -> None:
        talk.stream(put(document(flag("f"))))
        talk.stay()

    peer.scripts["/api/v1/sdk/stream"] = script
    assert ready.wait(10)
    assert client.get_boolean_value("f", False)


def test_without_an_address_it_is_fatal() -> None:
    with pytest.raises(ProviderFatalError):
        api.set_provider_and_wait(PennonProvider(Client()))


def test_a_clients_own_owner_closes_it_and_the_provider_closes_its_own(project: Project) -> None:
    with Client(project.url, project.key, **QUICK) as own:
        provider = PennonProvider(own)
        api.set_provider_and_wait(provider)
        provider.shutdown()
        assert own.status().state == "ready"
    provider = PennonProvider(url=project.url, key=project.key, **QUICK)
    provider.initialize(EvaluationContext())
    provider.shutdown()
    assert provider._client.status().state == "closed"


def test_a_provider_that_is_initialised_again_listens_once(project: Project) -> None:
    with Client(project.url, project.key, **QUICK) as own:
        provider = PennonProvider(own)
        for _ in range(3):
            provider.initialize(EvaluationContext())
        assert (len(own._listeners.statuses), len(own._listeners.flags)) == (1, 1)
        provider.shutdown()
        assert not own._listeners


def test_a_client_and_settings_exclude_each_other(project: Project) -> None:
    with Client() as own, pytest.raises(TypeError):
        PennonProvider(own, url=project.url)


def test_tracking_is_handed_on(peer: Peer) -> None:
    peer.scripts[EVENTS] = lambda talk: talk.answer(200, {"accepted": 1, "refused": []})
    bootstrap = {"schemaVersion": 1, "flags": {}}
    api.set_provider_and_wait(PennonProvider(url=peer.url, key="k", bootstrap=bootstrap))
    client = api.get_client()
    client.track("checkout", EvaluationContext("user-1"), TrackingEventDetails(2.5))
    client.track("checkout", EvaluationContext("user-1"))
    api.shutdown()
    events = [event for asked in peer.wait_for(EVENTS) for event in asked.json["events"] if event["kind"] == "track"]
    assert [(event["metric"], event["unit"], event["value"]) for event in events] == [
        ("checkout", "user-1", 2.5),
        ("checkout", "user-1", 1.0),
    ]
