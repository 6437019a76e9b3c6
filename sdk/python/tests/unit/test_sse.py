"""The parser of server-sent events: any cut of the bytes gives the same events."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennon._transport.sse import Event, Parser, Unreadable

STREAM = (
    "\ufeff: default/development\r\nretry: 857\n\n"
    'id: 1-1\r\nevent: put\r\ndata: {"a":\r\ndata: "\u65e5\u672c"}\r\n\r\n'
    ": heartbeat\r\r"
    "event: goodbye\rdata:{}\r\r"
    "data\n\ndata: no name\ndata:  two spaces\nunknown: x\n\nevent: nothing\n\ndata: never ended"
).encode()

EVENTS = [
    Event("put", '{"a":\n"\u65e5\u672c"}'),
    Event("goodbye", "{}"),
    Event("message", ""),
    Event("message", "no name\n two spaces"),
]


def _read(pieces: list[bytes]) -> list[Event]:
    parser = Parser()
    return [event for piece in pieces for event in parser.feed(piece)]


def test_a_stream_in_one_piece_gives_its_events() -> None:
    assert _read([STREAM]) == EVENTS


def test_a_stream_byte_by_byte_gives_the_same_events() -> None:
    assert _read([STREAM[at : at + 1] for at in range(len(STREAM))]) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_a_stream_cut_anywhere_gives_the_same_events(cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(STREAM)]
    assert _read([STREAM[start:end] for start, end in itertools.pairwise(borders)]) == EVENTS


def test_each_event_is_given_as_soon_as_its_last_line_ends() -> None:
    parser = Parser()
    assert parser.feed(b"data: x\n") == []
    assert parser.feed(b"\n") == [Event("message", "x")]
    assert parser.feed(b"data: y\r\r") == [Event("message", "y")]


def test_a_carriage_return_at_the_end_of_a_piece_is_one_line_end_with_the_line_feed_of_the_next() -> None:
    parser = Parser()
    assert parser.feed(b"data: x\r") == []
    assert parser.feed(b"\ndata: y\r") == []
    assert parser.feed(b"\n\r") == [Event("message", "x\ny")]
    assert parser.feed(b"\n") == []


def test_retry_is_kept_bounded_and_only_digits_count() -> None:
    parser = Parser()
    parser.feed(b"retry: 1200\n")
    assert parser.retry_ms == 1_200
    parser.feed(b"retry: 1.5\nretry: -3\nretry: x\nretry:\nretry: \xd9\xa3\n")
    assert parser.retry_ms == 1_200
    parser.feed(b"retry: " + b"9" * 5_000 + b"\n")
    assert parser.retry_ms == 3_600_000


def test_data_that_is_no_utf_8_is_refused_and_not_mended() -> None:
    with pytest.raises(Unreadable, match="UTF-8"):
        Parser().feed(b"data: \xff\n")


def test_a_comment_may_hold_any_bytes() -> None:
    assert Parser().feed(b": \xff\xfe\ndata: x\n\n") == [Event("message", "x")]


def test_an_event_above_the_limit_is_refused_also_in_small_pieces() -> None:
    parser = Parser(limit=1_000)
    parser.feed(b"data: " + b"x" * 900 + b"\n\n")
    parser.feed(b"data: " + b"x" * 900 + b"\n\n")
    for _ in range(1_000):
        parser.feed(b"x")
    with pytest.raises(Unreadable, match="1000 bytes"):
        parser.feed(b"x")


def test_comments_without_end_are_no_event_that_grows() -> None:
    parser = Parser(limit=100)
    for _ in range(1_000):
        assert parser.feed(b": heartbeat\n\n") == []


def test_a_large_event_in_small_pieces_costs_no_more_than_its_size() -> None:
    parser = Parser()
    parser.feed(b"data: ")
    for _ in range(20_000):
        parser.feed(b"x" * 100)
    assert len(parser._partial) == 20_001
    assert parser.feed(b"\n\n") == [Event("message", "x" * 2_000_000)]
