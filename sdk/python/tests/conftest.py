"""What tests of several folders share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from peer import Peer

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
