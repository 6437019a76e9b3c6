"""Events as the server takes them, and the batches that they travel in. Pure."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pennon._engine import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pennon._events.buffer import Exposure, Track
    from pennon._events.counter import Kind

BATCH_EVENTS: Final = 1_000
BATCH_BYTES: Final = 256 * 1024
"""What a batch may hold."""

SUMMARY_COUNTS: Final = 200
"""Counts in one summary, at about 350 bytes each at most, so that several fit into a batch."""

COUNT: Final = 1_000_000_000
"""Evaluations in one count at most: the server takes a larger one for a mistake, and leaves out all beside it."""

FLAG_LENGTH: Final = 100
"""Characters of a flag's key, also of one that there is not."""

ENVELOPE_BYTES: Final = 1_024
"""Room for what stands around the events: the ids, the brackets."""

Event: TypeAlias = "dict[str, Any]"


def time(at_ms: int) -> str:
    """A time as RFC 3339."""
    moment = datetime.fromtimestamp(at_ms / 1_000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1_000:03d}Z"


def exposure(one: Exposure) -> Event:
    """An exposure."""
    event = {"kind": "exposure", "at": time(one.at_ms), "flag": one.flag, "variant": one.variant, "run": one.run}
    if one.arm is not None:
        event["arm"] = one.arm
    return {**event, "unit": one.unit}


def track(one: Track) -> Event:
    """A track."""
    return {"kind": "track", "at": time(one.at_ms), "metric": one.metric, "unit": one.unit, "value": one.value}


def summaries(counts: Mapping[Kind, int], from_ms: int, to_ms: int) -> Iterator[Event]:
    """The counts of a time, in as many summaries as they need."""
    told = [
        _count(kind, min(COUNT, count - start)) for kind, count in counts.items() for start in range(0, count, COUNT)
    ]
    for start in range(0, len(told), SUMMARY_COUNTS):
        yield {
            "kind": "summary",
            "from": time(from_ms),
            "to": time(to_ms),
            "evaluations": told[start : start + SUMMARY_COUNTS],
        }


def _count(kind: Kind, count: int) -> Event:
    flag, variant, reason, code = kind
    told: Event = {"flag": flag}
    if variant is not None:
        told["variant"] = variant
    told["reason"] = reason
    if code is not None:
        told["errorCode"] = code
    return {**told, "count": count}


def is_countable(kind: Kind) -> bool:
    """Whether the server can be told. Callers may ask for anything; what is no text, or very long, is left out."""
    flag = kind[0]
    return isinstance(flag, str) and 0 < len(flag) <= FLAG_LENGTH and values.is_sound(flag)


class Batch(NamedTuple):
    """Events that are sent together, and again as they are until they are acknowledged."""

    sequence: int
    events: tuple[Event, ...]
    """The first is the heartbeat."""
    body: bytes

    def halves(self) -> tuple[tuple[Event, ...], ...]:
        """What the events are in two batches, each with the heartbeat; none when there is nothing to split."""
        heartbeat, rest = self.events[0], self.events[1:]
        middle = len(rest) // 2
        return () if middle == 0 else ((heartbeat, *rest[:middle]), (heartbeat, *rest[middle:]))


class Envelope:
    """Numbers the batches of one process."""

    def __init__(self, instance_id: str, session: str) -> None:
        self._instance_id = instance_id
        self._session = session
        self._sequence = 0

    def seal(self, events: Iterable[Event]) -> Batch:
        """A batch with the next number."""
        self._sequence += 1
        kept = tuple(events)
        whole = {
            "instanceId": self._instance_id,
            "session": self._session,
            "sequence": self._sequence,
            "events": kept,
        }
        return Batch(self._sequence, kept, json.dumps(whole, separators=(",", ":")).encode())


class Packing:
    """Fills one batch up to its limits."""

    def __init__(self, heartbeat: Event) -> None:
        self.events = [heartbeat]
        self._bytes = ENVELOPE_BYTES + _size(heartbeat)

    @property
    def room(self) -> int:
        """How many events may still come, if they are small enough."""
        return BATCH_EVENTS - len(self.events)

    def add(self, event: Event) -> bool:
        """Whether the event had room. The first after the heartbeat always has: else it could never be sent."""
        size = _size(event) + 1
        if len(self.events) > 1 and (self.room == 0 or self._bytes + size > BATCH_BYTES):
            return False
        self.events.append(event)
        self._bytes += size
        return True


def _size(event: Event) -> int:
    return len(json.dumps(event, separators=(",", ":")))
