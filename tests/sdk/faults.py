"""What the proxy can do to one request: each fault is a function of an Exchange.

A fault that returns has answered whole, and the connection may serve another request. One that raises Gone, or
hangs up, ends the connection.
"""

import asyncio
import json
from dataclasses import dataclass

import sse
from exchange import Exchange, Gone

# Answers that have no body.
BODILESS = (204, 304)


async def forward(exchange: Exchange) -> None:
    """Passes everything on, at once: a good proxy."""
    status, headers = await exchange.ask()
    await exchange.head(status, headers)
    async for chunk in exchange.chunks():
        await exchange.send(chunk)
    await exchange.end()


def answer(status: int, body="", **headers: str):
    """Answers by itself. Headers are named with underscores: `retry_after="1"`."""
    text = body if isinstance(body, str) else json.dumps(body)

    async def fault(exchange: Exchange) -> None:
        sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if status not in BODILESS:
            sent.append(("content-length", str(len(text.encode()))))
        await exchange.head(status, sent)
        if text:
            await exchange.send(text.encode())
        await exchange.end()

    return fault


def problem(status: int, code: str, **headers: str):
    """An error as the server words it."""
    document = {"type": "about:blank", "title": code, "status": status, "code": code, "requestId": "0" * 32}
    return answer(status, document, content_type="application/problem+json", **headers)


def stream(*blocks: bytes, stay: bool = True):
    """A stream of our own; `stay` keeps it open, else it ends whole."""

    async def fault(exchange: Exchange) -> None:
        await exchange.head(200, [("content-type", "text/event-stream"), ("cache-control", "no-store")])
        for block in blocks:
            await exchange.send(block)
        if stay:
            await exchange.gone()
        await exchange.end()

    return fault


def garbage(raw: bytes):
    """Bytes that need not be HTTP at all, then the end of the connection."""

    async def fault(exchange: Exchange) -> None:
        exchange.request.status = 0
        await exchange.write(raw)
        raise Gone("ours to end")

    return fault


def delay(seconds: float):
    """Passes the request on late."""

    async def fault(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await forward(exchange)

    return fault


def throttle(size: int, pause: float):
    """Passes the answer on in small pieces, each a while after the last."""

    async def fault(exchange: Exchange) -> None:
        status, headers = await exchange.ask()
        await exchange.head(status, headers)
        async for chunk in exchange.chunks():
            for start in range(0, len(chunk), size):
                await exchange.send(chunk[start : start + size])
                await asyncio.sleep(pause)
        await exchange.end()

    return fault


async def silence(exchange: Exchange) -> None:
    """Takes the request and never answers."""
    await exchange.gone()


async def silence_after_head(exchange: Exchange) -> None:
    """Gives the head of the answer, and not a byte of its body."""
    await exchange.head(*await exchange.ask())
    await exchange.gone()


async def buffer(exchange: Exchange) -> None:
    """A buffering proxy: the head passes at once, the body when there is all of it, or when it is released."""
    await exchange.head(*await exchange.ask())
    exchange.hold()
    async for chunk in exchange.chunks():
        await exchange.send(chunk)
    await exchange.end()
    await exchange.release()


async def buffer_all(exchange: Exchange) -> None:
    """A buffering proxy that holds back the head too."""
    exchange.hold()
    await forward(exchange)
    await exchange.release()


async def cut(exchange: Exchange) -> None:
    """Takes the request, and ends the connection with a RST."""
    exchange.reset()
    raise Gone("ours to end")


async def lose_answer(exchange: Exchange) -> None:
    """Lets the server do what it was asked, and loses what it answered."""
    await exchange.ask()
    async for _ in exchange.chunks():
        pass
    exchange.reset()
    raise Gone("ours to end")


def cut_after(size: int):
    """Passes the head and so many bytes of the body, then a RST."""

    async def fault(exchange: Exchange) -> None:
        await exchange.head(*await exchange.ask())
        left = size
        async for chunk in exchange.chunks():
            if left > 0:
                await exchange.send(chunk[:left])
            left -= len(chunk)
            if left <= 0:
                break
        exchange.reset()
        raise Gone("ours to end")

    return fault


def rewrite(change):
    """Gives the server's answer with another body: `change(text) -> text`. The ETag stays."""

    async def fault(exchange: Exchange) -> None:
        status, headers = await exchange.ask(identity=True)
        body = b"".join([chunk async for chunk in exchange.chunks()])
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        await exchange.head(status, headers)
        await exchange.send(change(body.decode()).encode())
        await exchange.end()

    return fault


@dataclass(frozen=True)
class Cut:
    """What `edit` may return for a block: send these bytes of it, then end the connection (RST, or else FIN)."""

    sent: bytes
    reset: bool = True


def edit(change):
    """Passes a stream block by block: `change(block) -> bytes to send instead | None to drop it | Cut`."""

    async def fault(exchange: Exchange) -> None:
        await exchange.head(*await exchange.ask())
        blocks = sse.Blocks()
        async for chunk in exchange.chunks():
            for block in blocks.feed(chunk):
                changed = change(block)
                if isinstance(changed, Cut):
                    await exchange.send(changed.sent)
                    if changed.reset:
                        exchange.reset()
                    raise Gone("ours to end")
                if changed:
                    await exchange.send(changed)
        await exchange.end()

    return fault
