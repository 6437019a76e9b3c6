"""Counting without a lock: nothing is lost, nothing counts twice, and memory is bounded."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

from pennon._events.buffer import REMEMBERED, ROOM, UNIT_LENGTH, Buffer, Memory
from pennon._events.counter import KINDS, Counter
from pennon._events.tally import Tally

if TYPE_CHECKING:
    from pennon._events.counter import Kind


def _count(counter: Counter, kind: Kind) -> None:
    """As an evaluation does."""
    try:
        next(counter.current[kind])
    except KeyError:
        counter.first(kind)


def _kind(flag: str) -> Kind:
    return flag, "on", "STATIC", None


def test_a_tally_is_read_without_being_raised() -> None:
    tally = Tally()
    assert [tally.read(), tally.read()] == [0, 0]
    tally.add()
    tally.add()
    assert [tally.read(), tally.read()] == [2, 2]


def test_evaluations_are_counted_by_kind_and_taken_once() -> None:
    counter = Counter()
    for flag in "aab":
        _count(counter, _kind(flag))
    assert counter.take() == {_kind("a"): 2, _kind("b"): 1}
    assert counter.take() == {}


def test_who_counts_in_a_generation_that_was_taken_is_counted_at_the_next_flush() -> None:
    counter = Counter()
    _count(counter, _kind("a"))
    late = counter.current
    assert counter.take() == {_kind("a"): 1}
    next(late[_kind("a")])
    next(late.setdefault(_kind("b"), itertools.count()))
    _count(counter, _kind("a"))
    assert counter.take() == {_kind("a"): 2, _kind("b"): 1}
    assert counter.take() == {}


def test_threads_that_count_while_others_take_lose_nothing() -> None:
    counter = Counter()
    each, threads = 20_000, 4
    taken: dict[Kind, int] = {}

    def work() -> None:
        for number in range(each):
            _count(counter, _kind("abc"[number % 3]))

    def take() -> None:
        for kind, count in counter.take().items():
            taken[kind] = taken.get(kind, 0) + count

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        take()
    take()
    take()
    assert sum(taken.values()) == each * threads


def test_more_kinds_than_there_is_room_for_are_counted_as_dropped() -> None:
    counter = Counter()
    for number in range(KINDS + 5):
        _count(counter, _kind(str(number)))
        _count(counter, _kind(str(number)))
    assert len(counter.take()) == KINDS
    assert counter.overflow.read() == 10
    _count(counter, _kind("again"))
    assert counter.take() == {_kind("again"): 1}


def test_a_buffer_keeps_its_order_and_drops_what_it_has_no_room_for() -> None:
    buffer: Buffer[int] = Buffer(lambda: None)
    for number in range(ROOM + 3):
        buffer.add(number, "u")
    assert len(buffer) == ROOM
    assert buffer.dropped.read() == 3
    taken = []
    while (first := buffer.first()) is not None:
        taken.append(first)
        buffer.take()
    assert taken == list(range(ROOM))


def test_a_unit_that_is_too_long_is_dropped() -> None:
    buffer: Buffer[int] = Buffer(lambda: None)
    buffer.add(1, "u" * UNIT_LENGTH)
    buffer.add(2, "u" * (UNIT_LENGTH + 1))
    assert (len(buffer), buffer.dropped.read()) == (1, 1)


def test_a_buffer_that_is_half_full_says_so_once_until_it_is_looked_at() -> None:
    told: list[int] = []
    buffer: Buffer[int] = Buffer(lambda: told.append(len(buffer)))
    for number in range(ROOM // 2 + 10):
        buffer.add(number, "u")
    assert told == [ROOM // 2]
    buffer.first()
    buffer.add(0, "u")
    assert told == [ROOM // 2, ROOM // 2 + 11]


def test_an_exposure_is_new_once_for_each_run_arm_and_unit() -> None:
    memory = Memory()
    met = [("r", "a", "u"), ("r", "a", "u"), ("r", "b", "u"), ("s", "a", "u"), ("r", None, "u"), ("r", "a", "v")]
    assert [memory.is_new(*one) for one in met] == [True, False, True, True, True, True]


def test_the_last_exposures_are_remembered_and_older_ones_forgotten() -> None:
    memory = Memory()
    for number in range(REMEMBERED + 1):
        assert memory.is_new("r", "a", str(number))
    assert not memory.is_new("r", "a", "1")
    assert memory.is_new("r", "a", "0")
