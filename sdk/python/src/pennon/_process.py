"""What concerns the whole process: its forks, its end, and the generator of `$random`.

A forked process has copies of everything but the threads, so each client makes itself anew there. At the end of a
process what is kept is sent; a child of `multiprocessing` ends without Python's own end, but not without its own.
"""

from __future__ import annotations

import atexit
import os
import random
import sys
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


class _Child:
    """What `multiprocessing` calls when a child of it begins; it holds it by a weak reference."""

    registered = False

    def register(self) -> None:
        """Has it called in a child, which this process is or is about to be."""
        if self.registered or "multiprocessing.util" not in sys.modules:
            return
        from multiprocessing import parent_process, util  # Who does not use it does not pay for it.

        self.registered = True
        util.register_after_fork(self, _Child.begin)
        if parent_process() is not None:
            self.begin()  # It may have begun before this was imported.

    def begin(self) -> None:
        """Has what is kept sent when the child ends."""
        from multiprocessing import util

        util.Finalize(None, _at_exit, exitpriority=_FIRST)


_FIRST: Final = 100
"""Before what `multiprocessing` itself ends at priorities up to 10, such as the feeders of queues."""

_child: Final = _Child()


def _after_fork() -> None:
    chance.seed()
    _child.register()
    for member in list(_members):
        member._after_fork()


def _at_exit() -> None:
    for member in list(_members):
        member._at_exit()


if hasattr(os, "register_at_fork"):  # Windows does not fork.
    os.register_at_fork(after_in_child=_after_fork)
_child.register()  # A child may have been begun without a copy of this.
atexit.register(_at_exit)
