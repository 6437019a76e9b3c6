"""Who listens: told of changes and of dates, by a clock that the test holds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from documents import document, flag, patch, snapshot
from pennon import Client
from pennon._clock import Clock
from pennon._notices import STATES, Change, Listeners, Notices
from pennon._status import Status
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

BORDER_MS = 1_796_083_200_000  # 2026-12-01T00:00:00Z
DATED = flag(
    "dated",
    rules=[
        {
            "id": "r",
            "when": {"attribute": "$now", "op": "before", "values": ["2026-12-01T00:00:00Z"]},
            "serve": {"variant": "off"},
        }
    ],
)


class Told:
    """Notices with a clock that is set, and what they told."""

    def __init__(self, now_ms: int = BORDER_MS - 60) -> None:
        self.now = now_ms / 1_000
        self.listeners = Listeners()
        self.changes: list[Change] = []
        self.notices = Notices(self.listeners, None, Clock(wall=lambda: self.now))

    def watch(self, *flags: str) -> None:
        """Listens to flags."""
        self.listeners.changes = tuple((one, self.changes.append) for one in flags)
        self.notices.listen()

    def quiet_begin(self) -> None:
        """Has the thread begin, with a listener to states alone."""
        self.listeners.statuses = (lambda _: None,)
        self.notices.listen()
        self.quiet()

    def quiet(self) -> None:
        """Waits until everything that is so has been told."""
        passed = threading.Event()
        self.listeners.statuses = (lambda _: passed.set(),)
        self.notices.state(Status("ready"))
        assert passed.wait(10)


@pytest.fixture
def told() -> Iterator[Told]:
    """Notices of a moment shortly before the date."""
    made = Told()
    yield made
    made.notices.close()
    made.notices.join(10)


def test_the_first_snapshot_is_a_change_of_what_is_in_it(told: Told) -> None:
    told.watch("a", "gone")
    told.notices.serves(snapshot(flag("a"), epoch=7, revision=3))
    until(lambda: told.changes, "the change")
    told.quiet()
    assert told.changes == [Change("a", "7-3")]


def test_who_begins_to_listen_is_not_told_of_what_is_served_already(told: Told) -> None:
    told.notices.serves(snapshot(flag("a")))
    told.watch("a")
    told.quiet()
    assert told.changes == []


def test_only_the_flag_that_changed_is_told(told: Told) -> None:
    held = snapshot(flag("a"), flag("b"))
    told.notices.serves(held)
    told.watch("a", "b")
    told.notices.serves(held.patched(patch(1, 2, flag("b", enabled=False))))
    until(lambda: told.changes, "the change")
    told.quiet()
    assert told.changes == [Change("b", "1-2")]


def test_changes_that_come_while_a_listener_is_busy_are_merged(told: Told) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(change: Change) -> None:
        told.changes.append(change)
        entered.set()
        assert leave.wait(10)

    held = snapshot(flag("a"))
    told.notices.serves(held)
    told.listeners.changes = (("a", slow),)
    told.notices.listen()
    for revision in range(2, 6):
        held = held.patched(patch(revision - 1, revision, flag("a", version=revision)))
        told.notices.serves(held)
        assert entered.wait(10)
    leave.set()
    until(lambda: len(told.changes) == 2, "the merged change")
    told.quiet()
    assert told.changes == [Change("a", "1-2"), Change("a", "1-5")]


def test_a_date_that_passes_is_told_once(told: Told) -> None:
    told.notices.serves(snapshot(DATED, flag("other")))
    told.watch("dated", "other")
    told.quiet()
    assert told.changes == []
    told.now = BORDER_MS / 1_000
    until(lambda: told.changes, "the date")
    told.quiet()
    assert told.changes == [Change("dated", "1-1")]


def test_a_clock_that_is_set_back_makes_the_date_come_again(told: Told) -> None:
    told.notices.serves(snapshot(DATED))
    told.watch("dated")
    told.now = BORDER_MS / 1_000
    until(lambda: len(told.changes) == 1, "the date")
    told.now = (BORDER_MS - 60) / 1_000
    told.quiet()
    told.now = (BORDER_MS + 5) / 1_000
    until(lambda: len(told.changes) == 2, "the date again")


def test_a_date_that_passed_before_anybody_listened_to_flags_is_not_told(told: Told) -> None:
    told.notices.serves(snapshot(DATED))
    told.quiet_begin()
    told.now = (BORDER_MS + 5) / 1_000
    told.watch("dated")
    told.quiet()
    assert told.changes == []


def test_a_date_that_a_change_took_away_is_not_told(told: Told) -> None:
    held = snapshot(DATED)
    told.notices.serves(held)
    told.watch("dated")
    told.notices.serves(held.patched(patch(1, 2, flag("dated"))))
    until(lambda: told.changes, "the change")
    told.now = (BORDER_MS + 1) / 1_000
    told.quiet()
    told.quiet()
    assert told.changes == [Change("dated", "1-2")]


def test_states_are_told_in_order_and_the_oldest_forgotten_when_nobody_keeps_up(told: Told) -> None:
    entered, leave = threading.Event(), threading.Event()
    seen: list[Status] = []

    def slow(status: Status) -> None:
        entered.set()
        assert leave.wait(10)
        seen.append(status)

    told.listeners.statuses = (slow,)
    told.notices.listen()
    told.notices.state(Status("starting"))
    assert entered.wait(10)
    for number in range(STATES + 5):
        told.notices.state(Status("ready", str(number)))
    leave.set()
    until(lambda: len(seen) == STATES + 1, "the states")
    assert [status.revision for status in seen] == [None, *map(str, range(5, STATES + 5))]


def test_a_listener_that_raises_holds_up_nobody(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Any) -> None:
        raise ZeroDivisionError

    told.notices.serves(snapshot(flag("a")))
    told.listeners.changes = (("a", fail), ("a", told.changes.append))
    told.notices.listen()
    told.notices.serves(snapshot(revision=2))
    until(lambda: told.changes, "the change")
    assert "ZeroDivisionError" in caplog.text


def test_where_no_thread_can_be_started_neither_a_listener_nor_the_end_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    client = Client(bootstrap=document(flag("f")))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        client.on_change("f", lambda _: None)
    client.close()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "listeners are told nothing" in caplog.text


def test_a_listener_may_end_it_all(told: Told) -> None:
    told.notices.serves(snapshot(flag("a")))

    def end(_: Any) -> None:
        told.notices.close()
        told.notices.join(10)
        told.changes.append(Change("", ""))

    told.listeners.changes = (("a", end),)
    told.notices.listen()
    told.notices.serves(snapshot(revision=2))
    until(lambda: told.changes, "the end")
