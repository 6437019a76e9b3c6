"""What tests of others decide, and that it ends with them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import pennon
from documents import document, flag
from peer import put
from pennon import Client
from pennon.testing import Overrides, offline, override
from running import SOURCE
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peer import Peer, Talk

pytest_plugins = ["pytester"]


@pytest.fixture
def client() -> Iterator[Client]:
    """A client with one flag that is on."""
    with Client(bootstrap=document(flag("on"))) as made:
        yield made


def test_a_value_is_served_in_the_block_and_no_longer(client: Client) -> None:
    with override({"on": False, "new": True}, client=client):
        assert not client.is_enabled("on", True)
        assert client.is_enabled("new")
        found = client.details("new", False)
        assert (found.variant, found.reason, found.error_code) == ("override", "STATIC", None)
    assert client.is_enabled("on")
    assert not client.is_enabled("new")


def test_what_is_not_decided_is_served_as_before(client: Client) -> None:
    with override({"new": True}, client=client):
        assert client.is_enabled("on")
        assert client.details("gone", False).error_code == "FLAG_NOT_FOUND"


def test_blocks_stand_in_one_another_and_the_inner_one_wins(client: Client) -> None:
    with override({"a": True, "b": True}, client=client), override({"a": False}, client=client) as inner:
        assert (client.is_enabled("a"), client.is_enabled("b")) == (False, True)
        inner.remove("a")
        assert client.is_enabled("a")
    assert not client.is_enabled("b")


def test_values_may_change_be_taken_back_and_depend_on_the_context(client: Client) -> None:
    with override(client=client) as flags:
        flags.set("plan", lambda context: context.get("plan") == "pro")
        assert client.is_enabled("plan", plan="pro")
        assert not client.is_enabled("plan", True, plan="free")
        flags.set("size", 3, variant="large")
        assert (client.value("size", 0), client.variant("size")) == (3, "large")
        flags.clear()
        assert client.value("size", 7) == 7


@pytest.mark.parametrize(
    ("value", "default", "served"),
    [
        (3, 0.5, 3.0),
        (3, 0, 3),
        ("x", "", "x"),
        ({"a": 1}, {}, {"a": 1}),
        (True, 0, 0),
        (1, False, False),
        (1.5, 1, 1),
        ("x", 1, 1),
    ],
)
def test_types_are_held_to_as_they_are_of_true_flags(value: Any, default: Any, served: Any, client: Client) -> None:
    with override({"f": value}, client=client):
        found = client.value("f", default)
        assert (found, type(found)) == (served, type(served))


def test_every_thread_sees_what_is_decided(client: Client) -> None:
    seen: list[bool] = []
    with override({"f": True}, client=client):
        thread = threading.Thread(target=lambda: seen.append(client.is_enabled("f")))
        thread.start()
        thread.join()
    assert seen == [True]


def test_nothing_that_is_decided_is_counted_and_changes_go_on_below(peer: Peer) -> None:
    more = threading.Event()

    def script(talk: Talk) -> None:
        talk.stream(put(document(flag("f"))))
        more.wait(10)
        talk.send(put(document(flag("f", enabled=False), revision=2)).encode())
        talk.stay()

    peer.scripts["/api/v1/sdk/stream"] = script
    peer.scripts["/api/v1/sdk/events"] = lambda talk: talk.answer(200, {"accepted": 1, "refused": []})
    with Client(peer.url, "k", start_wait=10) as client:
        assert client.is_enabled("f")
        with override({"g": True}, client=client):
            assert client.is_enabled("g")
            arrived = threading.Event()
            client.on_change("f", lambda _: arrived.set())
            more.set()
            assert arrived.wait(10)
            assert not client.is_enabled("f", True)
        assert not client.is_enabled("f", True)
    summaries = [event for asked in peer.seen("/api/v1/sdk/events") for event in asked.json["events"]]
    counted = [(one["flag"], one["count"]) for event in summaries for one in event.get("evaluations", ())]
    assert sorted(counted) == [("f", 1), ("f", 1)]


def test_offline_the_application_has_no_server_whatever_the_variables_say(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PENNON_URL", peer.url)
    monkeypatch.setenv("PENNON_SDK_KEY", "k")
    with offline() as flags:
        assert not pennon.flags.is_enabled("f")
        flags.set("f", True)
        assert pennon.flags.is_enabled("f")
        pennon.flags.track("m", user_id="u")
        assert pennon.flags.status().state == "unconfigured"
        assert pennon.flags.bootstrap() == {"epoch": 0, "revision": 0, "flags": {}}
    assert pennon.flags._session is None
    assert peer.asked == []
    assert caplog.records == []


def test_what_came_while_a_client_was_offline_is_served_afterwards(peer: Peer) -> None:
    more = threading.Event()

    def script(talk: Talk) -> None:
        talk.stream(put(document(flag("f"))))
        more.wait(10)
        talk.send(put(document(flag("f", enabled=False), revision=2)).encode())
        talk.stay()

    peer.scripts["/api/v1/sdk/stream"] = script
    with Client(peer.url, "k", start_wait=10, events=False) as client:
        assert client.is_enabled("f")
        before = client.status()
        session = client._session
        assert session is not None
        with offline(client=client) as flags:
            flags.set("g", True)
            assert client.status().state == "unconfigured"
            assert (client.is_enabled("f"), client.is_enabled("g")) == (False, True)
            more.set()
            until(lambda: session.status().revision == "1-2", "the change")
        assert before.revision == "1-1"
        assert client.status().revision == "1-2"
        assert not client.is_enabled("f", True)


def test_what_is_decided_holds_also_where_there_is_nothing_to_serve() -> None:
    flags = pennon.Flags()
    with override({"f": True}, client=flags):
        flags.configure(bootstrap=document())
        flags._view = None  # as after a fork
        assert flags.is_enabled("f")
        assert flags.is_enabled("f")
    assert not flags.is_enabled("f")
    flags.close()


def test_overrides_are_made_of_values() -> None:
    assert isinstance(Overrides({"f": True}), Overrides)


def test_the_fixture_is_found_and_ends_with_its_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    monkeypatch.setenv("PENNON_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PENNON_SDK_KEY", "k")
    pytester.makepyfile(
        """
        from feature_flags import flags

        def test_on(pennon_flags):
            pennon_flags.set("f", True)
            assert flags.is_enabled("f")

        def test_off(pennon_flags):
            assert not flags.is_enabled("f")
            assert flags._session is None
        """
    )
    pytester.runpytest_subprocess("-p", "pennon_pytest", "-p", "no:cacheprovider").assert_outcomes(passed=2)
