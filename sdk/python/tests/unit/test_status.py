"""The state that follows from what happened."""

from __future__ import annotations

from datetime import datetime, timezone

from pennon._status import Health, Status


def _serving(source: str = "stream") -> Health:
    health = Health(100.0)
    health.begins_with("1-1", source)  # type: ignore[arg-type]
    return health


def test_it_starts_without_anything_to_serve() -> None:
    assert Health(100.0).status() == Status("starting")


def test_without_an_address_or_a_key_it_is_unconfigured() -> None:
    assert Health(100.0, configured=False).status() == Status("unconfigured")


def test_a_cached_snapshot_is_stale_until_the_server_was_heard() -> None:
    since = datetime.fromtimestamp(100.0, timezone.utc)
    assert _serving("cache").status() == Status("stale", "1-1", since, "cache")


def test_a_living_stream_makes_it_ready() -> None:
    health = _serving()
    health.stream_heard(101.0, current=True)
    assert health.status() == Status("ready", "1-1", None, "stream")


def test_a_snapshot_that_the_server_has_just_sent_is_current() -> None:
    for source in ("stream", "poll"):
        health = Health(100.0)
        health.serves("1-1", source, 101.0)
        assert health.status() == Status("ready", "1-1", None, source)


def test_a_poll_that_ends_after_the_stream_came_back_does_not_outlive_it() -> None:
    health = Health(100.0)
    health.serves("1-2", "stream", 101.0)
    health.serves("1-3", "poll", 102.0)
    health.stream_failed("it broke off")
    assert health.status().state == "stale"


def test_a_stream_that_has_not_said_yet_what_is_current_does_not() -> None:
    health = _serving("cache")
    health.stream_heard(105.0, current=False)
    assert health.status().state == "stale"
    assert health.status().stale_since == datetime.fromtimestamp(105.0, timezone.utc)


def test_a_lost_stream_makes_it_stale_since_the_last_byte() -> None:
    health = _serving()
    health.stream_heard(101.0, current=True)
    health.stream_heard(111.5, current=True)
    health.stream_failed("no answer in time")
    since = datetime.fromtimestamp(111.5, timezone.utc)
    assert health.status() == Status("stale", "1-1", since, "stream", "no answer in time")


def test_a_poll_that_succeeds_makes_it_ready_although_there_is_no_stream() -> None:
    health = _serving("poll")
    health.stream_failed("refused")
    health.polled(120.0)
    assert health.status() == Status("ready", "1-1", None, "poll")
    health.poll_failed("no answer in time")
    assert health.status().state == "stale"
    assert health.status().stale_since == datetime.fromtimestamp(120.0, timezone.utc)


def test_a_stream_takes_over_from_the_poll_and_its_loss_is_not_covered_by_an_old_poll() -> None:
    health = _serving("poll")
    health.polled(120.0)
    health.stream_heard(130.0, current=True)
    health.stream_failed("it broke off")
    assert health.status().state == "stale"


def test_a_refused_key_makes_it_stale_or_leaves_it_starting() -> None:
    health = _serving()
    health.stream_heard(101.0, current=True)
    health.key_refused("the key is refused (401)")
    assert (health.status().state, health.status().last_error) == ("stale", "the key is refused (401)")
    fresh = Health(100.0)
    fresh.key_refused("the key is refused (401)")
    assert (fresh.status().state, fresh.status().last_error) == ("starting", "the key is refused (401)")


def test_a_clock_that_is_set_back_does_not_take_back_what_was_heard() -> None:
    health = _serving()
    health.stream_heard(200.0, current=True)
    health.stream_heard(150.0, current=True)
    assert health.heard_at == 200.0


def test_closed_is_the_last_state() -> None:
    health = _serving()
    health.close()
    health.stream_heard(101.0, current=True)
    assert health.status() == Status("closed", "1-1", None, "stream")
