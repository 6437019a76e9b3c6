"""The fixture that pytest finds by itself when the package is installed.

Outside of `pennon`, and importing nothing of it: every run of pytest imports this file, also where no flag is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pennon.testing import Overrides


@pytest.fixture
def pennon_flags() -> Iterator[Overrides]:
    """Decides what `pennon.flags` serves in one test, which reaches no server: `pennon_flags.set("key", True)`."""
    from pennon.testing import offline

    with offline() as overrides:
        yield overrides
