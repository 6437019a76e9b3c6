"""One request and its answer, against a server that misbehaves."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pennon._transport.exchange import Exchange, Request, Unreachable
from pennon._transport.origin import Origin
from pennon._transport.server import Answer, Server, whole

if TYPE_CHECKING:
    from peer import Peer, Script, Talk


def _server(url: str, read_timeout: float = 5.0) -> Server:
    return Server(Origin.parse(url), "pnn_srv_secret", 5.0, read_timeout, time.monotonic)


def _ask(url: str, body: bytes | None = None, seconds: float = 5.0, read_timeout: float = 5.0) -> Answer:
    server = _server(url, read_timeout)
    exchange = server.deadline(seconds)
    try:
        return whole(exchange, server.request(server.origin.target("/x"), {}, body))
    finally:
        exchange.close()


def test_a_request_carries_the_key_and_says_who_asks(peer: Peer) -> None:
    peer.scripts["/x"] = lambda talk: talk.answer(200, "hello")
    assert _ask(peer.url).body == b"hello"
    headers = peer.asked[0].headers
    assert headers["authorization"] == "Bearer pnn_srv_secret"
    assert headers["user-agent"].startswith("pennon-python/")
    assert headers["host"] == peer.url.removeprefix("http://")


def test_a_body_is_posted(peer: Peer) -> None:
    peer.scripts["/x"] = lambda talk: talk.answer(200)
    _ask(peer.url, b'{"a":1}')
    assert (peer.asked[0].method, peer.asked[0].json) == ("POST", {"a": 1})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_origin_is_followed_with_the_key(status: int, peer: Peer) -> None:
    peer.scripts["/x"] = lambda talk: talk.answer(status, location="/y?z=1")
    peer.scripts["/y"] = lambda talk: talk.answer(200, "there")
    assert _ask(peer.url).body == b"there"
    assert peer.asked[1].headers["authorization"] == "Bearer pnn_srv_secret"


def test_a_redirect_to_another_origin_is_not_followed(peer: Peer) -> None:
    peer.scripts["/x"] = lambda talk: talk.answer(307, location="http://127.0.0.1:1/y")
    with pytest.raises(Unreachable, match="another origin"):
        _ask(peer.url)


def test_an_answer_of_a_known_length_ends_there_though_the_connection_stays_open(peer: Peer) -> None:
    def script(talk: Talk) -> None:
        talk.answer(200, "x" * 200_000, connection="keep-alive")
        talk.stay()

    peer.scripts["/x"] = script
    began = time.monotonic()
    assert len(_ask(peer.url).body) == 200_000
    assert time.monotonic() - began < 3.0


def test_redirects_in_a_circle_end(peer: Peer) -> None:
    peer.scripts["/x"] = lambda talk: talk.answer(302, location="/x")
    with pytest.raises(Unreachable, match="more than 5"):
        _ask(peer.url)
    assert len(peer.asked) == 6


@pytest.mark.parametrize(("status", "followed"), [(302, False), (303, False), (307, True), (308, True)])
def test_a_post_is_redirected_only_where_it_stays_a_post(status: int, followed: bool, peer: Peer) -> None:
    peer.scripts["/x"] = lambda talk: talk.answer(status, location="/y")
    peer.scripts["/y"] = lambda talk: talk.answer(200)
    assert _ask(peer.url, b"{}").status == (200 if followed else status)
    assert [asked.body for asked in peer.seen("/y")] == ([b"{}"] if followed else [])


def test_an_answer_that_is_packed_is_unpacked(peer: Peer) -> None:
    packed = gzip.compress(b"x" * 100_000)
    peer.scripts["/x"] = lambda talk: talk.answer(200, packed, content_encoding="gzip")
    assert _ask(peer.url).body == b"x" * 100_000


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: b"nonsense" + packed])
def test_an_answer_that_is_packed_badly_is_none(damage: object, peer: Peer) -> None:
    assert callable(damage)
    packed = damage(gzip.compress(b"x" * 1_000))
    peer.scripts["/x"] = lambda talk: talk.answer(200, packed, content_encoding="gzip")
    with pytest.raises(Unreachable):
        _ask(peer.url)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"\x00\xff\xfe" * 100,
    ],
)
def test_what_is_no_http_is_no_answer(raw: bytes, peer: Peer) -> None:
    peer.scripts["/x"] = lambda talk: talk.send(raw)
    with pytest.raises(Unreachable) as raised:
        _ask(peer.url)
    assert raised.value.asked
    assert "secret" not in str(raised.value)


def test_nobody_who_listens_is_told_as_not_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable) as raised:
        _ask(f"http://127.0.0.1:{port}")
    assert not raised.value.asked
    assert str(raised.value) == "Connection refused"


def test_a_name_that_does_not_exist_is_no_answer() -> None:
    with pytest.raises(Unreachable) as raised:
        _ask("http://pennon.invalid")
    assert not raised.value.asked


def _drip(raw: bytes) -> Script:
    def script(talk: Talk) -> None:
        for at in range(len(raw)):
            talk.send(raw[at : at + 1])
            if talk.ended.wait(0.02):
                return

    return script


def test_an_answer_that_comes_byte_by_byte_is_over_at_the_deadline(peer: Peer) -> None:
    """In the head as in the body: each byte is within the read's time, and all of them are not."""
    for raw in (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 5_000, b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 5_000):
        peer.scripts["/x"] = _drip(raw)
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            _ask(peer.url, seconds=0.5)
        assert 0.4 < time.monotonic() - began < 3.0


def test_silence_is_waited_for_no_longer_than_the_read_timeout(peer: Peer) -> None:
    peer.scripts["/x"] = lambda talk: talk.stay()
    began = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        _ask(peer.url, seconds=30.0, read_timeout=0.2)
    assert time.monotonic() - began < 5.0


def test_an_exchange_is_ended_by_another_thread_while_it_waits(peer: Peer) -> None:
    def script(talk: Talk) -> None:
        talk.stream(": hello\n\n")
        talk.stay()

    peer.scripts["/x"] = script
    exchange = _server(peer.url, 60.0).endless()
    assert exchange.ask(Request("/x", {})) == 200
    assert exchange.read() == b": hello\n\n"
    threading.Timer(0.1, exchange.abort).start()
    began = time.monotonic()
    assert exchange.read() == b""
    assert time.monotonic() - began < 5.0
    exchange.close()


def test_an_exchange_that_was_ended_before_it_began_asks_nothing(peer: Peer) -> None:
    exchange = Exchange(Origin.parse(peer.url), 5.0, lambda: 5.0, lambda: None)
    exchange.abort()
    with pytest.raises(Unreachable) as raised:
        exchange.ask(Request("/x", {}))
    assert not raised.value.asked
    exchange.close()
    assert peer.asked == []


def test_a_proxy_of_the_environment_is_asked_for_the_whole_address(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", peer.url.replace("http://", "http://me:word@"))
    peer.scripts["http://flags.example.com/x"] = lambda talk: talk.answer(200, "through")
    assert _ask("http://flags.example.com").body == b"through"
    headers = peer.asked[0].headers
    assert headers["host"] == "flags.example.com"
    assert headers["proxy-authorization"] == "Basic bWU6d29yZA=="


def test_a_proxy_is_asked_to_connect_to_a_secure_origin_and_is_not_given_the_key(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", peer.url)
    peer.scripts["flags.example.com:443"] = lambda talk: talk.answer(403)
    with pytest.raises(Unreachable, match="Tunnel connection failed: 403"):
        _ask("https://flags.example.com")
    assert peer.asked[0].method == "CONNECT"
    assert "authorization" not in peer.asked[0].headers


def test_what_error_reporters_record_of_a_request_shows_neither_its_key_nor_its_body() -> None:
    request = _server("http://h").request("/x", {}, b'{"unit":"user-1"}')
    assert "/x" in repr(request)
    assert "secret" not in repr(request)
    assert "user-1" not in repr(request)
