"""Waits: full jitter, doubled by each failure, and never less than the server asks."""

from __future__ import annotations

import pytest

from pennon._transport.backoff import RETRY_AFTER_LIMIT, Backoff, around, retry_after


def _backoff(random: float = 1.0) -> Backoff:
    return Backoff(1.0, 30.0, 60.0, lambda: random)


def test_each_failure_doubles_the_longest_wait_up_to_the_maximum() -> None:
    backoff = _backoff()
    assert [backoff.failed(0.0) for _ in range(7)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_wait_is_anything_from_nothing_to_the_longest() -> None:
    assert [_backoff(random).failed(0.0) for random in (0.0, 0.25, 0.999)] == [0.0, 0.25, 0.999]


def test_the_count_goes_on_after_health_that_was_too_short() -> None:
    backoff = _backoff()
    backoff.failed(0.0)
    backoff.healthy(10.0)
    assert backoff.failed(69.9) == 2.0


def test_the_count_begins_again_after_health() -> None:
    backoff = _backoff()
    backoff.failed(0.0)
    backoff.failed(0.0)
    backoff.healthy(10.0)
    backoff.healthy(40.0)
    assert backoff.failed(70.0) == 1.0


def test_health_that_ended_by_appointment_counts_too() -> None:
    backoff = _backoff()
    backoff.failed(0.0)
    backoff.healthy(10.0)
    backoff.ended(70.0)
    assert backoff.failed(71.0) == 1.0


def test_a_wait_is_never_less_than_the_server_asks() -> None:
    assert _backoff(0.5).failed(0.0, 7.0) == 7.0
    assert _backoff(0.5).failed(0.0, 0.1) == 0.5


def test_a_refused_key_waits_the_maximum_and_up_to_a_fifth_more() -> None:
    assert [_backoff(random).refused(0.0) for random in (0.0, 1.0)] == [30.0, 36.0]
    assert _backoff(0.0).refused(0.0, 100.0) == 100.0


def test_a_thousand_failures_overflow_nothing() -> None:
    backoff = Backoff(1e-3, 1e9, 60.0, lambda: 1.0)
    assert max(backoff.failed(0.0) for _ in range(2_000)) <= 1e9


def test_around_is_a_fifth_less_or_more() -> None:
    assert [around(30.0, [value].pop) for value in (0.0, 0.5, 1.0)] == pytest.approx([24.0, 30.0, 36.0])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        (" 12 ", 12.0),
        ("0", 0.0),
        ("99999999999999999999", RETRY_AFTER_LIMIT),
        ("9" * 10_000, RETRY_AFTER_LIMIT),
        ("Wed, 25 Nov 2026 13:00:10 GMT", None),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("\u0663", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_plain_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds
