"""The snapshot on disk, to start from before the server has answered.

One file for each address and key, which tells who reads its name neither. It is written beside its place and renamed,
so that whoever reads sees a whole one, and carries a digest, so that a damaged one is seen. Nothing here is worth a
failure: what goes wrong is said once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from typing import TYPE_CHECKING, Final

from pennon._engine import Snapshot, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger("pennon")

WRITE_INTERVAL: Final = 1.0
"""Seconds between two writes at least: a burst of changes is written once."""

_DIGEST: Final = 64
"""Characters of a SHA-256 in hex."""


class Cache:
    """One file. Used by one thread at a time."""

    def __init__(self, folder: Path, url: str, key: str) -> None:
        name = hashlib.sha256(f"{url}\n{key}".encode()).hexdigest()[:16]
        self.path = folder / f"pennon-{name}.json"
        self._warned = False

    def load(self, say: Callable[..., None] = log.warning) -> Snapshot | None:
        """The snapshot of the file; None when there is none that is good, of which `say` is told."""
        try:
            content = self.path.read_bytes()
            digest, line_end, text = content[:_DIGEST], content[_DIGEST : _DIGEST + 1], content[_DIGEST + 1 :]
            if line_end != b"\n" or digest != hashlib.sha256(text).hexdigest().encode():
                raise SnapshotError("it is damaged")
            return Snapshot.from_json(text.decode())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            self._warn("read", error, say)
            return None

    def save(self, snapshot: Snapshot) -> None:
        """Writes the snapshot in the place of what was there."""
        try:
            text = json.dumps(snapshot.document(), separators=(",", ":")).encode()
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # `mkstemp` makes a file that nobody else may read.
            descriptor, temporary = tempfile.mkstemp(prefix=f".{self.path.stem}-", dir=self.path.parent)
            try:
                with open(descriptor, "wb") as file:
                    file.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
                os.replace(temporary, self.path)
            except BaseException:
                os.unlink(temporary)
                raise
        except (OSError, ValueError) as error:
            self._warn("written", error, log.warning)

    def _warn(self, what: str, error: Exception, say: Callable[..., None]) -> None:
        if not self._warned:
            self._warned = True
            reason = error.strerror if isinstance(error, OSError) else str(error)
            say("the cached snapshot %s cannot be %s (%s); going on without it", self.path, what, reason)
