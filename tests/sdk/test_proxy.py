"""The proxy itself, against a server of a few lines: each fault does to a connection what its name says."""

import http.client
import http.server
import socket
import threading
import time

import pytest

import faults
import sse
from proxy import Proxy

EVENTS = [sse.write("put", "grün", "1"), sse.write("patch", {"n": 2}, "2")]


class Upstream(http.server.BaseHTTPRequestHandler):
    """`/stream` gives two events and stays until `more` is set; anything else tells what it was asked."""

    protocol_version = "HTTP/1.1"
    more = threading.Event()
    asked: list[str] = []

    def do_GET(self):
        if not self.path.startswith("/stream"):
            return self._reply(f"{self.path} {self.headers.get('X-Mark', '')}".encode())
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"".join(EVENTS))
        self.wfile.flush()
        self.more.wait(10)
        self.wfile.write(sse.write("last", "end", "3"))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(body.decode())
        self._reply(body)

    def _reply(self, body: bytes):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy():
    Upstream.more.clear()
    Upstream.asked.clear()
    upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    upstream.daemon_threads = True
    threading.Thread(target=upstream.serve_forever, args=(0.01,), daemon=True).start()
    proxy = Proxy(f"http://127.0.0.1:{upstream.server_port}")
    yield proxy
    Upstream.more.set()
    proxy.close()
    upstream.shutdown()
    upstream.server_close()


@pytest.fixture
def connect(proxy):
    """connect(path, …) -> (connection, response) through the proxy."""
    opened = []

    def connect(path="/", method="GET", body=None, headers=None, timeout=5.0):
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)
        opened.append(connection)
        connection.request(method, path, body, headers or {})
        return connection, connection.getresponse()

    yield connect
    for connection in opened:
        connection.close()


def read_block(response) -> bytes:
    block = b""
    while not block.endswith(sse.END):
        got = response.read1(1)
        assert got, f"the stream ended in {block}"
        block += got
    return block


def test_a_good_proxy_passes_requests_on_and_keeps_what_was_asked(proxy, connect):
    connection, response = connect("/a?label.region=eu", headers={"X-Mark": "m"})
    assert response.read() == b"/a?label.region=eu m"
    connection.request("POST", "/b", b"body")
    assert connection.getresponse().read() == b"body"
    first, second = proxy.seen()
    assert (first.path, first.query, first.headers["x-mark"]) == ("/a", {"label.region": "eu"}, "m")
    assert (second.method, second.body, second.status) == ("POST", b"body", 200)
    assert first.connection == second.connection and len(proxy.connections) == 1
    assert first.ended <= second.at


def test_a_stream_passes_at_once_and_its_end_is_seen_on_both_sides(proxy, connect):
    connection, response = connect("/stream")
    assert [read_block(response), read_block(response)] == EVENTS
    assert proxy.seen("/stream")[0].open
    proxy.inject(sse.write("own", "x"), "/stream")
    assert sse.parse(read_block(response)).name == "own"
    response.close()
    connection.close()
    proxy.wait(lambda: not proxy.seen("/stream")[0].open, "the end of the stream")


def test_a_cut_is_a_reset_and_counts_what_it_hit(proxy, connect):
    _, response = connect("/stream")
    read_block(response)
    assert proxy.cut("/elsewhere") == 0
    assert proxy.cut("/stream") == 1
    with pytest.raises(ConnectionResetError):
        response.read()


def test_who_refuses_keeps_the_port_and_can_accept_again(proxy, connect):
    _, response = connect("/stream")
    proxy.refuse()
    with pytest.raises(ConnectionResetError):
        response.read()
    with pytest.raises(ConnectionRefusedError):
        connect()
    proxy.accept()
    assert connect("/again")[1].read() == b"/again "


def test_a_port_that_ignores_its_callers_lets_them_wait_until_it_accepts(proxy, connect):
    proxy.ignore()
    with pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=0.1)
    proxy.accept()
    assert connect("/again")[1].read() == b"/again "


def test_a_silent_line_stays_open_and_passes_nothing(proxy, connect):
    _, response = connect("/stream", timeout=0.1)
    read_block(response), read_block(response)
    proxy.silence("/stream")
    Upstream.more.set()
    proxy.inject(sse.write("own", "x"), "/stream")
    with pytest.raises(TimeoutError):
        response.read1(1)
    assert proxy.seen("/stream")[0].open
    with pytest.raises(TimeoutError):
        proxy.on("/mute", faults.silence)
        connect("/mute", timeout=0.1)


def test_a_buffering_proxy_gives_the_head_and_holds_the_body_until_it_is_released(proxy, connect):
    proxy.on("/stream", faults.buffer)
    _, response = connect("/stream", timeout=0.1)
    assert response.status == 200
    with pytest.raises(TimeoutError):
        response.read1(1)
    proxy.wait(lambda: proxy.seen("/stream")[0].passed >= len(b"".join(EVENTS)), "the events at the proxy")
    proxy.release("/stream")
    response.fp.raw._timeout_occurred = False  # SocketIO refuses to go on after a timeout, but nothing was lost
    assert [read_block(response), read_block(response)] == EVENTS


def test_a_proxy_that_holds_back_the_head_gives_nothing_at_all(proxy, connect):
    proxy.on("/stream", faults.buffer_all)
    with pytest.raises(TimeoutError):
        connect("/stream", timeout=0.1)


def test_answers_of_our_own_come_as_often_as_was_said(proxy, connect):
    proxy.on("/", faults.problem(503, "unavailable", retry_after="7"), times=2)
    connection, response = connect()
    assert (response.status, response.getheader("retry-after"), b"unavailable" in response.read()) == (503, "7", True)
    connection.request("GET", "/")
    second = connection.getresponse()
    assert (second.status, bool(second.read())) == (503, True)
    connection.request("GET", "/third")
    assert connection.getresponse().read() == b"/third "
    proxy.on("/", faults.answer(307, location="http://other.example/"))
    assert connect()[1].getheader("location") == "http://other.example/"
    proxy.clear()
    proxy.on("/", faults.garbage(b"\x00\xff nonsense\r\n\r\n"))
    with pytest.raises(http.client.BadStatusLine):
        connect()


def test_the_answer_is_lost_after_the_server_has_done_its_work(proxy, connect):
    proxy.on("/", faults.lose_answer, times=1)
    with pytest.raises(ConnectionResetError):
        connect("/", "POST", b"once")
    assert Upstream.asked == ["once"]
    proxy.on("/", faults.cut, times=1)
    with pytest.raises(ConnectionResetError):
        connect("/", "POST", b"never")
    assert Upstream.asked == ["once"]


def test_events_can_be_changed_dropped_and_broken_within_a_character(proxy, connect):
    def change(block):
        if b"put" in block:
            return faults.Cut(block[: block.index("ü".encode()) + 1], reset=False)
        return block

    proxy.on("/stream", faults.edit(change))
    _, response = connect("/stream")
    with pytest.raises(http.client.IncompleteRead) as broken:
        response.read()
    assert broken.value.partial.endswith("gr".encode() + "ü".encode()[:1])
    proxy.on("/stream", faults.edit(lambda block: None if b"put" in block else block.replace(b"2", b"9")))
    _, response = connect("/stream")
    assert sse.parse(read_block(response)).json == {"n": 9}


def test_bodies_can_be_rewritten_cut_and_slowed(proxy, connect):
    proxy.on("/", faults.rewrite(lambda text: text.upper()))
    assert connect("/abc")[1].read() == b"/ABC "
    proxy.on("/", faults.cut_after(3))
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        connect("/abc")[1].read()
    proxy.on("/", faults.throttle(2, 0.02))
    began = time.monotonic()
    assert connect("/abc")[1].read() == b"/abc "
    assert time.monotonic() - began > 0.04
    proxy.on("/", faults.delay(0.05))
    began = time.monotonic()
    assert connect("/abc")[1].read() == b"/abc "
    assert time.monotonic() - began > 0.05


def test_waiting_for_what_does_not_come_fails_and_tells_what_was_asked(proxy, connect):
    connect("/seen")[1].read()
    with pytest.raises(AssertionError, match="not within 0.05 s: 2 requests of /seen") as failure:
        proxy.wait_for(2, "/seen", seconds=0.05)
    assert "GET /seen 200" in str(failure.value)
