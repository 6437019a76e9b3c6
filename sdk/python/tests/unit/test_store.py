"""The snapshot that is held, and what may take its place."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from documents import flag, patch, snapshot
from pennon._engine import SnapshotError
from pennon._store import Held, Store
from pennon._transport.order import Position, Verdict


def _store(held: Held | None = None) -> tuple[Store, list[Held]]:
    published: list[Held] = []
    return Store(held, published.append), published


def test_nothing_is_held_at_first_and_the_first_snapshot_is_published() -> None:
    store, published = _store()
    assert (store.held, store.resume_from()) == (None, None)
    assert store.put(snapshot(), "stream") is Verdict.APPLY
    assert published == [store.held]
    assert store.resume_from() == Position(1, 1)


def test_a_lower_snapshot_changes_nothing_not_even_the_source() -> None:
    store, published = _store(Held(snapshot(revision=5), "cache"))
    for revision in (4, 5):
        assert store.put(snapshot(flag("other"), revision=revision), "stream") is Verdict.IGNORE
    assert published == []
    assert store.held is not None
    assert store.held.source == "cache"


def test_an_empty_snapshot_with_a_higher_revision_is_taken() -> None:
    store, _ = _store(Held(snapshot(flag("a")), "stream"))
    assert store.put(snapshot(revision=2), "poll") is Verdict.APPLY
    assert store.held is not None
    assert store.held.snapshot.flag_keys() == []


def test_a_patch_changes_what_it_names() -> None:
    store, published = _store(Held(snapshot(flag("a"), flag("b")), "poll"))
    assert store.patch(patch(1, 2, flag("c"), flags={"a": None, "c": flag("c")})) is Verdict.APPLY
    assert store.held is not None
    assert (store.held.snapshot.flag_keys(), store.held.source) == (["b", "c"], "stream")
    assert len(published) == 1


def test_a_patch_that_does_not_follow_is_not_applied() -> None:
    store, published = _store(Held(snapshot(revision=3), "stream"))
    assert store.patch(patch(4, 5)) is Verdict.REOPEN
    assert store.patch(patch(2, 3)) is Verdict.IGNORE
    assert published == []


@pytest.mark.parametrize(
    "members", [{"epoch": "1"}, {"from": None}, {"revision": True}, {"revision": 2.5}, {"flags": []}]
)
def test_a_patch_that_cannot_be_read_is_an_error_and_changes_nothing(members: dict[str, Any]) -> None:
    store, published = _store(Held(snapshot(flag("a")), "stream"))
    with pytest.raises(SnapshotError):
        store.patch({**patch(1, 2), **members})
    assert published == []


def test_a_bootstrap_of_another_environment_gives_way_to_whatever_the_server_has() -> None:
    store, _ = _store(Held(snapshot(epoch=9, environment="elsewhere"), "bootstrap"))
    assert store.put(snapshot(), "stream") is Verdict.APPLY


def test_a_bootstrap_of_this_environment_is_ordered_like_every_snapshot() -> None:
    store, _ = _store(Held(snapshot(revision=5), "bootstrap"))
    assert store.put(snapshot(revision=4), "stream") is Verdict.IGNORE
    assert store.resume_from() is None


def test_threads_that_put_at_once_leave_the_highest_and_publish_in_order() -> None:
    store, published = _store()
    threads = [
        threading.Thread(
            target=lambda start: [store.put(snapshot(revision=start + step * 4), "poll") for step in range(50)],
            args=(start,),
        )
        for start in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    revisions = [held.position.revision for held in published]
    assert revisions == sorted(set(revisions))
    assert revisions[-1] == 199
