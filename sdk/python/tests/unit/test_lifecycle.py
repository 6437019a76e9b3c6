"""How a client begins, begins anew, and ends."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from documents import document, flag, snapshot
from peer import put
from pennon import Client, Flags, SettingsError
from pennon._store import Held
from waiting import until

if TYPE_CHECKING:
    from peer import Peer, Talk

STREAM, SNAPSHOT, EVENTS = "/api/v1/sdk/stream", "/api/v1/sdk/snapshot", "/api/v1/sdk/events"


def _streams(*documents: dict[str, Any]) -> Any:
    def script(talk: Talk) -> None:
        talk.stream(": hello\n\n", *(put(one) for one in documents))
        talk.stay()

    return script


def test_a_bootstrap_without_a_server_is_served_for_good_and_nobody_is_warned(caplog: pytest.LogCaptureFixture) -> None:
    with Client(bootstrap=document(flag("f"))) as client:
        assert client.is_enabled("f")
        assert (client.status().state, client.status().source) == ("unconfigured", "bootstrap")
    assert caplog.records == []


def test_results_for_a_browser_do_not_depend_on_this_instance() -> None:
    mine = {"attribute": "$instance", "op": "in", "values": ["shop-1"]}
    decided = flag("f", clientVisible=True, rules=[{"id": "r", "when": mine, "serve": {"variant": "off"}}])
    with Client(bootstrap=document(decided), instance_id="shop-1") as client:
        assert client.variant("f") == "off"
        assert client.bootstrap()["flags"]["f"]["variant"] == "on"


def test_a_proxy_that_cannot_be_spoken_to_is_one_warning_and_passed_by(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks5://me:secret@127.0.0.1:1080")
    peer.scripts[STREAM] = _streams(document(flag("f")))
    with Client(peer.url, "k", events=False, start_wait=10) as client:
        assert client.is_enabled("f")
    assert ["HTTP_PROXY" in record.getMessage() for record in caplog.records] == [True]
    assert "secret" not in caplog.text


def test_a_configuration_that_cannot_be_used_leaves_everything_as_it_was(peer: Peer) -> None:
    peer.scripts[STREAM] = _streams(document(flag("f")))
    flags = Flags()
    flags.configure(peer.url, "k", events=False, start_wait=10)
    assert flags.is_enabled("f")
    with pytest.raises(SettingsError):
        flags.configure(peer.url, "k", start_wait=-1)
    assert flags.status().state == "ready"
    flags.close()


def test_another_configuration_begins_with_nothing_of_the_first(peer: Peer) -> None:
    peer.scripts[STREAM] = _streams(document(flag("f")))
    flags = Flags()
    flags.configure(peer.url, "k", events=False, start_wait=10)
    assert flags.is_enabled("f")
    flags.configure(bootstrap=document(flag("g")))
    assert (flags.is_enabled("f"), flags.is_enabled("g")) == (False, True)
    flags.close()


def test_the_last_word_of_a_session_that_was_ended_is_not_served(peer: Peer) -> None:
    flags = Flags()
    flags.configure(peer.url, "k", events=False, bootstrap=document(flag("old")))
    ended = flags._session
    assert ended is not None
    flags.configure(bootstrap=document(flag("new")))
    ended._serve(Held(snapshot(flag("old"), revision=9), "stream"))
    assert (flags.is_enabled("old"), flags.is_enabled("new")) == (False, True)
    flags.close()


def test_threads_that_ask_at_once_start_one_session_and_wait_together(peer: Peer) -> None:
    begun = threading.Barrier(9)
    peer.scripts[STREAM] = _streams(document(flag("f")))
    flags = Flags()
    answers: list[bool] = []

    def ask() -> None:
        begun.wait(10)
        answers.append(flags.is_enabled("f"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PENNON_URL", peer.url)
        patch.setenv("PENNON_SDK_KEY", "k")
        patch.setenv("PENNON_EVENTS", "false")
        for thread in threads:
            thread.start()
        begun.wait(10)
        for thread in threads:
            thread.join()
    flags.close()
    assert answers == [True] * 8
    assert len(peer.seen(STREAM)) == 1


def test_only_the_first_evaluation_waits_and_no_longer_than_it_is_told(peer: Peer) -> None:
    peer.scripts[STREAM] = lambda talk: talk.stay()
    with Client(peer.url, "k", start_wait=0.3, events=False) as client:
        began = time.monotonic()
        assert client.details("f", False).error_code == "PROVIDER_NOT_READY"
        first = time.monotonic() - began
        for _ in range(100):
            client.is_enabled("f")
        others = time.monotonic() - began - first
    assert 0.25 < first < 3
    assert others < 1


def test_a_refused_key_lets_nobody_wait(peer: Peer) -> None:
    peer.scripts[STREAM] = lambda talk: talk.answer(401)
    with Client(peer.url, "k", start_wait=60, events=False) as client:
        began = time.monotonic()
        assert client.is_enabled("f", True)
        assert time.monotonic() - began < 10
        assert client.status().last_error == "the key is refused (401)"


def test_a_refused_key_does_not_end_a_wait_that_was_asked_for(peer: Peer) -> None:
    peer.scripts[STREAM] = lambda talk: talk.answer(401)
    with Client(peer.url, "k", start_wait=0, events=False, backoff_min=0.01, backoff_max=0.02) as client:
        until(lambda: client.status().last_error, "the refusal")
        assert not client.wait_until_ready(0.05)
        peer.scripts[STREAM] = _streams(document(flag("f")))
        assert client.wait_until_ready(10)
        assert client.is_enabled("f")


def test_where_no_thread_can_be_started_defaults_are_served_at_once(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        client = Client(peer.url, "k", start_wait=60)
    began = time.monotonic()
    assert client.is_enabled("f", True)
    assert time.monotonic() - began < 10
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    client.close()


def test_a_finalizer_that_asks_in_the_midst_of_the_start_is_served_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = Flags()
    asked: list[bool] = []
    build = flags._moment

    def moment(instance: str | None) -> Any:
        asked.append(flags.is_enabled("f", True))
        return build(instance)

    monkeypatch.setattr(flags, "_moment", moment)
    flags.configure(bootstrap=document(flag("f", enabled=False)))
    assert asked == [True]
    assert not flags.is_enabled("f", True)
    flags.close()


def test_a_handler_that_asks_in_the_midst_of_the_start_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = Flags()
    states: list[str] = []
    build = flags._moment

    def moment(instance: str | None) -> Any:
        if not states:
            states.append("asked")
            states.append(flags.status().state)
            flags.report_health(True)
        return build(instance)

    monkeypatch.setattr(flags, "_moment", moment)
    thread = threading.Thread(target=flags.is_enabled, args=("f",), daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert states == ["asked", "unconfigured"]
    flags.close()


class _Asking(logging.Handler):
    """Asks of flags for each line that it writes: itself, and by a thread that it waits for."""

    def __init__(self, flags: Flags) -> None:
        super().__init__()
        self.flags = flags
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        thread = threading.Thread(target=self.ask, daemon=True)
        thread.start()
        thread.join(10)
        if not thread.is_alive():
            self.ask()
            self.lines.append(record.getMessage())

    def ask(self) -> None:
        self.flags.status()
        self.flags.report_health(True)
        self.flags.on_change("f", lambda _: None)()
        self.flags.is_enabled("f")


def test_whoever_writes_the_log_may_ask_during_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENNON_EVENTS", "maybe")
    monkeypatch.setenv("PENNON_LABELS", "eu")
    flags = Flags()
    asking = _Asking(flags)
    logger = logging.getLogger("pennon")
    logger.addHandler(asking)
    try:
        thread = threading.Thread(target=flags.is_enabled, args=("f",), daemon=True)
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
    finally:
        logger.removeHandler(asking)
    assert sorted(line.partition(":")[0] for line in asking.lines) == ["PENNON_EVENTS", "PENNON_LABELS"]
    flags.close()


@pytest.mark.parametrize("answer", [401, 500])
def test_whoever_writes_the_log_may_ask_during_an_outage(peer: Peer, answer: int) -> None:
    peer.scripts[STREAM] = lambda talk: talk.answer(answer)
    peer.scripts[SNAPSHOT] = lambda talk: talk.answer(answer)
    flags = Flags()
    asking = _Asking(flags)
    logger = logging.getLogger("pennon")
    logger.addHandler(asking)
    try:
        flags.configure(peer.url, "k", events=False, bootstrap=document(flag("f")), backoff_min=0.01, backoff_max=0.02)
        until(lambda: asking.lines, "the line of the outage", 9.0)
    finally:
        logger.removeHandler(asking)
        flags.close()


def test_a_client_that_was_never_asked_closes_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    flags = Flags()
    flags.close()
    assert not flags.is_enabled("f")
    assert flags.status().state == "closed"
    assert [record.levelno for record in caplog.records] == []


def test_who_listens_before_the_start_misses_nothing_of_it(peer: Peer) -> None:
    peer.scripts[STREAM] = _streams(document(flag("f")))
    for _ in range(30):
        flags = Flags()
        told: list[object] = []
        flags._listeners.changes = (("f", told.append),)
        flags._listeners.statuses = (told.append,)
        flags.configure(peer.url, "k", events=False)
        until(lambda: len(told) == 2, "the change and the state")  # noqa: B023 - it is looked at within the round
        flags.close()


def test_a_mistake_of_our_own_does_not_end_the_thread(peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    peer.scripts[STREAM] = _streams(document(flag("f")))
    with Client(peer.url, "k", events=False, backoff_min=0.01, backoff_max=0.02, start_wait=10) as client:
        session = client._session
        assert session is not None
        assert session._connection is not None
        listener = session._connection._threads[0]
        assert listener.name == "pennon-listener"
        stored: list[object] = []
        true_put = session.store.put

        def fail_once(*arguments: Any) -> Any:
            if not stored:
                stored.append(None)
                raise ZeroDivisionError
            return true_put(*arguments)

        assert client.is_enabled("f")
        session.store.put = fail_once  # type: ignore[method-assign, assignment]
        session._connection._line.cut()
        until(lambda: stored, "the mistake")
        until(lambda: len(peer.seen(STREAM)) == 3, "another stream")
        until(lambda: client.status().state == "ready", "ready")
        assert listener.is_alive()
    assert "a mistake of the SDK, which goes on: ZeroDivisionError in Listener" in caplog.text


def test_a_slow_poll_and_a_stream_that_is_held_back_still_serve(peer: Peer) -> None:
    peer.scripts[STREAM] = lambda talk: talk.stay()
    peer.scripts[SNAPSHOT] = lambda talk: talk.answer(200, document(flag("f")), etag='"1-1"')
    with Client(peer.url, "k", events=False, stream_wait=0.05, start_wait=10) as client:
        assert client.is_enabled("f")
        until(lambda: client.status().state == "ready", "ready")
        assert client.status().source == "poll"


def test_a_poll_that_is_refused_for_its_key_is_tried_again_while_streams_are_held_back(peer: Peer) -> None:
    answers = iter([200, 403])

    def script(talk: Talk) -> None:
        status = next(answers, 200)
        revision = len(peer.seen(SNAPSHOT))
        talk.answer(status, document(flag("f"), revision=revision) if status == 200 else b"")

    peer.scripts[STREAM] = lambda talk: talk.stay()
    peer.scripts[SNAPSHOT] = script
    quick: dict[str, Any] = {"stream_wait": 0.05, "poll_interval": 0.02, "backoff_min": 0.01, "backoff_max": 0.05}
    with Client(peer.url, "k", events=False, start_wait=10, **quick) as client:
        assert client.is_enabled("f")
        until(lambda: client.status().revision not in ("1-1", None), "the snapshot of a poll after the refused one")
