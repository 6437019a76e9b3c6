"""What concerns the whole process: its forks, its end, and the generator of `$random`.

A forked process has copies of everything but the threads, so each client makes itself anew there. At the end of a
process what is kept is sent.
"""

from __future__ import annotations

import atexit
import os
import random
import weakref
from typing import Final, Protocol


class Member(Protocol):
    """Who has threads."""

    def _after_fork(self) -> None:
        """The process is a new one, without threads."""

    def _at_exit(self) -> None:
        """The process ends."""


chance: Final = random.Random()  # noqa: S311 - it draws buckets, no secrets
"""For `$random`. Not the module's own, which callers seed for their own ends, and of which they count the draws."""

_members: Final[weakref.WeakSet[Member]] = weakref.WeakSet()


def join(member: Member) -> None:
    """From now on the member is told, as long as somebody holds it."""
    _members.add(member)


def _after_fork() -> None:
    chance.seed()
    for member in list(_members):
        member._after_fork()


def _at_exit() -> None:
    for member in list(_members):
        member._at_exit()


if hasattr(os, "register_at_fork"):  # Windows does not fork.
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
