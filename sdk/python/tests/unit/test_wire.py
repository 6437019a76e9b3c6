"""Events in the form that was agreed with the server, and batches within their limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pennon._events import wire
from pennon._events.buffer import Exposure, Track

AT = 1_795_611_612_345  # 2026-11-25T13:00:12.345Z
HEARTBEAT = {"kind": "instance", "at": "2026-11-25T13:00:30.000Z"}


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (AT, "2026-11-25T13:00:12.345Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_611_612_999, "2026-11-25T13:00:12.999Z"),
    ],
)
def test_a_time_is_rfc_3339_to_the_millisecond(ms: int, text: str) -> None:
    assert wire.time(ms) == text


def test_an_exposure_and_a_track_have_their_form() -> None:
    told = {"kind": "exposure", "at": "2026-11-25T13:00:12.345Z", "flag": "f", "variant": "on", "run": "r-1"}
    assert wire.exposure(Exposure(AT, "f", "on", "r-1", "candidate", "u")) == {**told, "arm": "candidate", "unit": "u"}
    assert wire.exposure(Exposure(AT, "f", "on", "r-1", None, "u")) == {**told, "unit": "u"}
    track = {"kind": "track", "at": "2026-11-25T13:00:12.345Z", "metric": "m", "unit": "u", "value": 1.0}
    assert wire.track(Track(AT, "m", "u", 1.0)) == track


def test_a_summary_names_the_variant_or_the_error() -> None:
    counts = {("f", "on", "SPLIT", None): 812, ("gone", None, "ERROR", "FLAG_NOT_FOUND"): 3}
    assert list(wire.summaries(counts, AT - 345, AT)) == [
        {
            "kind": "summary",
            "from": "2026-11-25T13:00:12.000Z",
            "to": "2026-11-25T13:00:12.345Z",
            "evaluations": [
                {"flag": "f", "variant": "on", "reason": "SPLIT", "count": 812},
                {"flag": "gone", "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND", "count": 3},
            ],
        }
    ]


def test_a_count_above_what_the_server_takes_is_told_in_parts() -> None:
    counts: dict[Any, int] = {("f", "on", "STATIC", None): 2 * wire.COUNT + 5}
    (told,) = wire.summaries(counts, 0, 1)
    assert [one["count"] for one in told["evaluations"]] == [wire.COUNT, wire.COUNT, 5]


def test_many_counts_are_several_summaries() -> None:
    counts: dict[Any, int] = {(f"f{number}", "on", "STATIC", None): 1 for number in range(wire.SUMMARY_COUNTS * 2 + 1)}
    told = list(wire.summaries(counts, 0, 1))
    assert [len(one["evaluations"]) for one in told] == [wire.SUMMARY_COUNTS, wire.SUMMARY_COUNTS, 1]


@pytest.mark.parametrize(
    ("flag", "countable"),
    [
        ("a", True),
        ("a b", True),
        ("\u00e4" * 100, True),
        ("", False),
        ("x" * 101, False),
        ("\ud800", False),
        (7, False),
    ],
)
def test_what_the_server_cannot_be_told_is_left_out(flag: Any, countable: bool) -> None:
    assert wire.is_countable((flag, None, "ERROR", "FLAG_NOT_FOUND")) is countable


def test_batches_are_numbered_from_one() -> None:
    envelope = wire.Envelope("i-1", "8f1c0a4be27d6395")
    first, second = envelope.seal([HEARTBEAT]), envelope.seal([HEARTBEAT, {"kind": "x"}])
    assert json.loads(first.body) == {
        "instanceId": "i-1",
        "session": "8f1c0a4be27d6395",
        "sequence": 1,
        "events": [HEARTBEAT],
    }
    assert (first.sequence, second.sequence) == (1, 2)


def test_the_halves_of_a_batch_have_all_its_events_and_a_heartbeat_each() -> None:
    events = [{"kind": str(number)} for number in range(5)]
    halves = wire.Envelope("i", "s").seal([HEARTBEAT, *events]).halves()
    assert halves == ((HEARTBEAT, *events[:2]), (HEARTBEAT, *events[2:]))


def test_a_batch_of_one_event_has_no_halves() -> None:
    assert wire.Envelope("i", "s").seal([HEARTBEAT, {"kind": "x"}]).halves() == ()
    assert wire.Envelope("i", "s").seal([HEARTBEAT]).halves() == ()


def test_a_batch_holds_a_thousand_events() -> None:
    packing = wire.Packing(HEARTBEAT)
    added = sum(packing.add({"kind": "x"}) for _ in range(2_000))
    assert (added, len(packing.events)) == (999, 1_000)


def test_a_batch_stays_below_its_size_with_everything_around_it() -> None:
    packing = wire.Packing(HEARTBEAT)
    while packing.add({"kind": "track", "text": "ü" * 500}):
        pass
    body = wire.Envelope("i" * 200, "8f1c0a4be27d6395").seal(packing.events).body
    assert wire.BATCH_BYTES - 5_000 < len(body) <= wire.BATCH_BYTES


def test_an_event_that_is_too_large_by_itself_goes_alone() -> None:
    packing = wire.Packing(HEARTBEAT)
    assert packing.add({"kind": "x" * wire.BATCH_BYTES})
    assert not packing.add({"kind": "y"})
