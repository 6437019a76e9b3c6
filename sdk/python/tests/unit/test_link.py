"""When the poll takes the stream's place, and when it gives it back."""

from __future__ import annotations

from pennon._transport.link import Link


def test_nothing_is_polled_before_a_stream_was_asked_for() -> None:
    link = Link(10.0)
    assert link.poll_at() is None
    assert not link.due(1e9)


def test_a_stream_that_gives_no_byte_is_polled_in_its_place_when_the_wait_is_over() -> None:
    link = Link(10.0)
    link.asked(100.0)
    assert link.poll_at() == 110.0
    assert not link.due(109.9)
    assert not link.polling
    assert link.due(110.0)
    assert link.polling


def test_streams_that_break_off_before_their_first_byte_share_one_wait() -> None:
    link = Link(10.0)
    link.asked(100.0)
    link.asked(106.0)
    assert link.poll_at() == 110.0


def test_an_outage_in_which_nobody_takes_the_request_is_not_polled() -> None:
    link = Link(10.0)
    link.asked(100.0)
    link.unreached()
    assert link.poll_at() is None
    link.asked(200.0)
    assert link.poll_at() == 210.0


def test_a_refused_stream_is_polled_at_once_and_then_every_so_often() -> None:
    link = Link(10.0)
    link.refused(5.0)
    assert link.due(5.0)
    link.polled(6.0, 30.0)
    assert link.poll_at() == 36.0
    link.refused(7.0)
    assert link.poll_at() == 36.0


def test_the_first_byte_of_a_stream_ends_the_polling() -> None:
    link = Link(10.0)
    link.refused(5.0)
    link.alive()
    assert link.poll_at() is None
    link.polled(6.0, 30.0)
    assert not link.polling


def test_a_stream_that_ended_after_it_lived_has_a_wait_of_its_own() -> None:
    link = Link(10.0)
    link.asked(0.0)
    link.alive()
    link.asked(100.0)
    assert link.poll_at() == 110.0


def test_a_refused_key_is_not_asked_about_by_polls_too() -> None:
    link = Link(10.0)
    link.refused(5.0)
    link.refused_key()
    assert link.poll_at() is None
    link.polled(6.0, 30.0)
    assert link.poll_at() is None
    link.refused(50.0)
    assert link.due(50.0)


def test_a_stream_that_is_silent_after_the_key_was_refused_is_polled_in_its_place() -> None:
    link = Link(10.0)
    link.asked(0.0)
    assert link.due(10.0)
    link.refused_key()
    link.asked(900.0)
    assert link.poll_at() == 910.0
    assert link.due(910.0)
