"""What tests of several folders share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from peer import Peer
from true_server import Project, TrueServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is told anything by the variables of who runs it."""
    for name in list(os.environ):
        if (name.startswith("PENNON_") and name != "PENNON_BIN") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A server that misbehaves as the test says."""
    running = Peer()
    yield running
    running.close()


@pytest.fixture(scope="session")
def server() -> Iterator[TrueServer]:
    """The true server, which tests share that do nothing to it."""
    running = TrueServer()
    yield running
    running.close()


@pytest.fixture
def project(server: TrueServer) -> Project:
    """A project of the test's own."""
    return server.project()
