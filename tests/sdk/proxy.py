"""A hostile TCP proxy: one address before one server, told by the test, at any moment, what to do to whom.

It runs in a thread of its own. It reads HTTP/1.1 with h11, passes each request on by a connection of its own, and
treats the answer as the fault (faults.py) says that matches; without one it is a good proxy. Every request is kept, with its
head, its body and its times. The port is held from the first moment to the last, whether or not anybody listens.
"""

import asyncio
import itertools
import socket
import threading
import time
import urllib.parse
from dataclasses import dataclass

import h11

import faults
from exchange import MAX_HEAD, READ, Exchange, Gone, Request

DEADLINE = 10.0  # seconds that a test waits for anything, unless it says otherwise
BACKLOG = 512


@dataclass
class Rule:
    """A fault for the requests below a path; `left` of them, or every one."""

    path: str
    fault: object
    left: int | None


class Proxy:
    """The proxy. Its methods may be called from any thread but its own."""

    def __init__(self, upstream: str):
        where = urllib.parse.urlsplit(upstream)
        self._upstream = (where.hostname, where.port)
        self.requests: list[Request] = []
        self.connections: list[float] = []
        self._rules: list[Rule] = []
        self._live: dict[Exchange, asyncio.Task] = {}
        self._tasks: dict[asyncio.Task, asyncio.StreamWriter] = {}
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        # Bound and never listened on: nobody else gets the port while we refuse.
        self._place = self._bind(0)
        self.port = self._place.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}{where.path}"
        self._listener: asyncio.Server | None = None
        self._deaf: list[socket.socket] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.accept()

    # What the test says.

    def on(self, path: str, fault, times: int | None = None) -> None:
        """From now on this fault for requests below `path`; what was said last goes first."""
        with self._changed:
            self._rules.insert(0, Rule(path, fault, times))

    def clear(self) -> None:
        """A good proxy again, for what comes; live exchanges stay as they are."""
        with self._changed:
            self._rules.clear()

    def refuse(self) -> None:
        """Nobody listens: connections are refused, live ones are cut."""
        self._call(self._stop_listening())

    def accept(self) -> None:
        """Listens, again."""
        self._call(self._start_listening())

    def ignore(self) -> None:
        """The port answers no SYN: whoever connects, waits. Live connections are cut."""
        self._call(self._stop_listening())
        listener = self._bind(self.port)
        listener.listen(0)
        filler = socket.create_connection(("127.0.0.1", self.port))
        self._deaf = [listener, filler]

    def cut(self, path: str = "/") -> int:
        """Ends what is live below `path` with a RST; how many there were."""
        return self._call(self._cut(path))

    def silence(self, path: str = "/") -> None:
        """What is live below `path` stays open, and nothing passes any more."""
        self._call(self._silence(path))

    def release(self, path: str = "/") -> None:
        """Lets go what buffering faults hold back."""
        self._call(self._release(path))

    def inject(self, block: bytes, path: str = "/") -> None:
        """Puts bytes into the answers that are live below `path`; there must be one whose head is out."""
        self._call(self._inject(block, path))

    # What the test sees.

    def seen(self, path: str = "/", method: str | None = None) -> list[Request]:
        """The requests below `path` so far, in order."""
        with self._changed:
            return [r for r in self.requests if r.path.startswith(path) and method in (None, r.method)]

    def wait(self, condition, what: str, seconds: float = DEADLINE):
        """Waits until `condition()` is true, looking whenever something has happened; its value."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (value := condition()):
                if not self._changed.wait(deadline - time.monotonic()) and not (value := condition()):
                    told = "\n".join(f"  {r.method} {r.target} {r.status} open={r.open}" for r in self.requests[-20:])
                    raise AssertionError(f"not within {seconds} s: {what}; the last requests:\n{told}")
            return value

    def wait_for(self, count: int, path: str = "/", seconds: float = DEADLINE) -> list[Request]:
        """Waits until so many requests below `path` have come; all of them."""
        self.wait(lambda: len(self.seen(path)) >= count, f"{count} requests of {path}", seconds)
        return self.seen(path)

    def close(self) -> None:
        """Ends everything."""
        self._call(self._stop_listening())
        self._call(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._place.close()

    # The thread's own.

    @staticmethod
    def _bind(port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE)

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    async def _start_listening(self) -> None:
        while self._deaf:
            self._deaf.pop().close()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, sock=self._bind(self.port), backlog=BACKLOG)

    async def _stop_listening(self) -> None:
        while self._deaf:
            self._deaf.pop().close()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for exchange in list(self._live):
            exchange.reset()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def _finish() -> None:
        """Ends the connections that came too late to be known, and lets every transport close."""
        late = asyncio.all_tasks() - {asyncio.current_task()}
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for _ in range(3):  # a transport closes in a later round of the loop, and its reader hears of it in one more
            await asyncio.sleep(0)

    def _below(self, path: str) -> list[Exchange]:
        return [exchange for exchange in self._live if exchange.request.path.startswith(path)]

    async def _cut(self, path: str) -> int:
        found = self._below(path)
        for exchange in found:
            exchange.reset()
            self._live[exchange].cancel()
        return len(found)

    async def _silence(self, path: str) -> None:
        for exchange in self._below(path):
            exchange.silent = True

    async def _release(self, path: str) -> None:
        for exchange in self._below(path):
            await exchange.release()

    async def _inject(self, block: bytes, path: str) -> None:
        begun = [exchange for exchange in self._below(path) if exchange.request.status is not None]
        if not begun:
            raise Gone(f"nobody is answered below {path}")
        for exchange in begun:
            await exchange.send(block)

    def _fault(self, request: Request):
        with self._changed:
            for rule in self._rules:
                if request.path.startswith(rule.path) and rule.left != 0:
                    if rule.left is not None:
                        rule.left -= 1
                    return rule.fault
        return faults.forward

    async def _serve(self, reader, writer) -> None:
        """One connection of an SDK, from its first byte to its last."""
        task = asyncio.current_task()
        self._tasks[task] = writer
        with self._changed:
            self.connections.append(time.monotonic())
            number = len(self.connections)
        server = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        try:
            while (request := await self._read(server, reader, number)) is not None:
                exchange = Exchange(request, server, writer, self._upstream, self._notify)
                if said := await self._treat(exchange, reader):
                    server.receive_data(said)
                if server.our_state is not h11.DONE or server.their_state is not h11.DONE:
                    break
                server.start_next_cycle()
        except (Gone, OSError, h11.ProtocolError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.pop(task, None)
            writer.close()
            self._notify()

    async def _read(self, server, reader, connection: int) -> Request | None:
        request, body = None, b""
        while True:
            event = server.next_event()
            if event is h11.NEED_DATA:
                server.receive_data(await reader.read(READ))
            elif isinstance(event, h11.Request):
                headers = {name.decode().lower(): value.decode() for name, value in event.headers}
                request = Request(
                    next(self._numbers), connection, time.monotonic(), event.method.decode(), event.target.decode(), headers
                )
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                request.body = body
                with self._changed:
                    self.requests.append(request)
                    self._changed.notify_all()
                return request
            else:
                return None

    async def _treat(self, exchange: Exchange, reader) -> bytes:
        """Lets the fault do its work, and ends it when the SDK hangs up; what the SDK has said meanwhile."""
        work = asyncio.ensure_future(self._fault(exchange.request)(exchange))
        early = asyncio.ensure_future(reader.read(1))
        self._live[exchange] = work
        try:
            await asyncio.wait([work, early], return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Gone("the SDK")  # it says nothing more before it has its answer, so this is its end
            work.result()
            if exchange.silent:
                await early
                raise Gone("the SDK")
        finally:
            self._live.pop(exchange, None)
            exchange.close()
            for part in (work, early):
                part.cancel()
            await asyncio.gather(work, early, return_exceptions=True)
        if early.cancelled():
            return b""
        if not (said := early.result()):
            raise Gone("the SDK")
        return said
