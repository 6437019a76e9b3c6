"""The client for asyncio, on the true server."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from pennon import Change, Status
from pennon.aio import AsyncClient

if TYPE_CHECKING:
    import pytest

    from peer import Peer
    from true_server import Project

QUICK: dict[str, Any] = {"backoff_min": 0.02, "backoff_max": 0.2, "start_wait": 10}
STREAM = "/api/v1/sdk/stream"


def test_it_waits_for_the_snapshot_and_evaluates(project: Project) -> None:
    project.flag("f")
    project.switch("f", True)

    async def main() -> None:
        async with AsyncClient(project.url, project.key, **QUICK) as flags:
            assert flags.is_enabled("f", user_id="u")
            assert flags.status().state == "ready"
            await flags.flush()
        assert flags.status().state == "closed"
        assert flags.is_enabled("f")

    asyncio.run(main())


def test_listeners_run_in_the_loop_functions_and_coroutines_alike(project: Project) -> None:
    project.flag("f")

    async def main() -> None:
        async with AsyncClient(project.url, project.key, **QUICK) as flags:
            changes: asyncio.Queue[tuple[str, Change]] = asyncio.Queue()
            states: asyncio.Queue[Status] = asyncio.Queue()

            def plainly(change: Change) -> None:
                changes.put_nowait((threading.current_thread().name, change))

            async def awaiting(change: Change) -> None:
                await asyncio.sleep(0)
                await changes.put((threading.current_thread().name, change))

            flags.on_change("f", plainly)
            flags.on_change("f", awaiting)
            flags.on_status(states.put_nowait)
            revision = await asyncio.to_thread(project.switch, "f", True)
            told = [await asyncio.wait_for(changes.get(), 10) for _ in range(2)]
            assert told == [("MainThread", Change("f", revision))] * 2
            await flags.close()
            assert (await asyncio.wait_for(states.get(), 10)).state == "closed"

    asyncio.run(main())


def test_a_listener_that_fails_is_logged_and_the_loop_goes_on(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.flag("f")

    async def main() -> None:
        async with AsyncClient(project.url, project.key, **QUICK) as flags:
            told = asyncio.Event()

            def fail(_: Change) -> None:
                raise ZeroDivisionError

            async def fail_later(_: Change) -> None:
                await asyncio.sleep(0)
                raise LookupError

            flags.on_change("f", fail)
            flags.on_change("f", fail_later)
            flags.on_change("f", lambda _: asyncio.get_running_loop().call_later(0.05, told.set))
            await asyncio.to_thread(project.switch, "f", True)
            await asyncio.wait_for(told.wait(), 10)

    asyncio.run(main())
    failed = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert {str(record.exc_info[0].__name__) for record in failed if record.exc_info and record.exc_info[0]} == {
        "ZeroDivisionError",
        "LookupError",
    }


def test_neither_the_start_nor_an_evaluation_holds_up_the_loop(peer: Peer) -> None:
    peer.scripts[STREAM] = lambda talk: talk.stay()

    async def main() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        async with AsyncClient(peer.url, "k", start_wait=0.5) as flags:
            assert ticks > 10
            began = time.monotonic()
            assert flags.is_enabled("f", True)
            assert time.monotonic() - began < 0.2
            assert not await flags.wait_until_ready(0.01)
        ticking.cancel()

    asyncio.run(main())


def test_waits_that_were_in_vain_leave_nothing_behind(peer: Peer) -> None:
    peer.scripts[STREAM] = lambda talk: talk.stay()

    async def main() -> None:
        async with AsyncClient(peer.url, "k", start_wait=0, events=False) as flags:
            for _ in range(20):
                assert not await flags.wait_until_ready(0.001)
            waiting = asyncio.create_task(flags.wait_until_ready(60))
            await asyncio.sleep(0)
            assert len(flags._started().served._told) == 1
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            assert flags._started().served._told == []

    asyncio.run(main())


def test_a_listener_whose_loop_is_gone_is_no_trouble(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    project.flag("f")

    async def begin() -> AsyncClient:
        flags = AsyncClient(project.url, project.key, **QUICK)
        flags.on_change("f", lambda _: None)
        assert await flags.wait_until_ready(10)
        return flags

    flags = asyncio.run(begin())
    revision = project.switch("f", True)
    deadline = time.monotonic() + 10
    while flags.status().revision != revision:
        assert time.monotonic() < deadline
    asyncio.run(flags.close())
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_context_blocks_belong_to_their_task(project: Project) -> None:
    project.flag("f")
    project.configure(
        "f",
        enabled=True,
        fallthrough={"variant": "off"},
        rules=[{"id": "r", "when": {"attribute": "plan", "op": "in", "values": ["pro"]}, "serve": {"variant": "on"}}],
    )

    async def main() -> None:
        async with AsyncClient(project.url, project.key, **QUICK) as flags:

            async def ask(plan: str) -> bool:
                with flags.context(plan=plan):
                    await asyncio.sleep(0.01)
                    return flags.is_enabled("f")

            assert await asyncio.gather(*(ask(plan) for plan in ("pro", "free", "pro"))) == [True, False, True]

    asyncio.run(main())
