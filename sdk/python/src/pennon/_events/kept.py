"""What one process keeps for the server until it is sent, and what of it was dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pennon._events import wire
from pennon._events.buffer import Buffer, Entry, Exposure, Memory, Track
from pennon._events.counter import Counter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pennon._engine import Evaluation
    from pennon._events.wire import Event


class Kept:
    """Counts, exposures and tracks. Everything but `pack` and `lost` may be called by any thread."""

    def __init__(self, half_full: Callable[[], None], now_ms: Callable[[], int]) -> None:
        self.counter = Counter()
        self._tracks: Buffer[Track] = Buffer(half_full)
        self._exposures: Buffer[Exposure] = Buffer(half_full)
        self._memory = Memory()
        self._now_ms = now_ms
        self._since_ms = now_ms()
        self._summaries: list[Event] = []
        self._lost = {"exposures": 0, "tracks": 0, "evaluations": 0}

    def expose(self, found: Evaluation, unit: str) -> None:
        """Keeps the exposure of a result that is tracked, unless the unit met this arm before."""
        track, variant = found.track, found.variant
        if track is not None and variant is not None and self._memory.is_new(track.run, track.arm, unit):
            self._exposures.add(Exposure(self._now_ms(), found.flag_key, variant, track.run, track.arm, unit), unit)

    def track(self, metric: str, unit: str, value: float) -> None:
        """Keeps a track."""
        self._tracks.add(Track(self._now_ms(), metric, unit, value), unit)

    def collect(self) -> None:
        """Turns what was counted into summaries, unless some are still to be sent."""
        if self._summaries:
            return
        counts = self.counter.take()
        good = {kind: count for kind, count in counts.items() if wire.is_countable(kind)}
        self._lost["evaluations"] += sum(counts.values()) - sum(good.values())
        now = self._now_ms()
        self._summaries = list(wire.summaries(good, self._since_ms, now))
        self._since_ms = now

    def pack(self, heartbeat: Event) -> list[Event]:
        """The events of the next batch; the heartbeat alone when there are none."""
        packing = wire.Packing(heartbeat)
        while self._summaries and packing.add(self._summaries[0]):
            self._summaries.pop(0)
        if not self._summaries:
            full = self._pack_from(packing, self._exposures, wire.exposure)
            if not full:
                self._pack_from(packing, self._tracks, wire.track)
        return packing.events

    def _pack_from(self, packing: wire.Packing, buffer: Buffer[Entry], form: Callable[[Entry], Event]) -> bool:
        """Whether the batch was full before the buffer was empty."""
        while (entry := buffer.first()) is not None:
            if not packing.add(form(entry)):
                return True
            buffer.take()
        return False

    @property
    def waiting(self) -> bool:
        """Whether there is anything to send but a heartbeat."""
        return bool(self._summaries or len(self._exposures) or len(self._tracks))

    def lost(self, events: Iterable[Event]) -> None:
        """Counts events that the server would not take."""
        for event in events:
            if event["kind"] == "summary":
                self._lost["evaluations"] += sum(one["count"] for one in event["evaluations"])
            elif event["kind"] in _BUFFERED:
                self._lost[_BUFFERED[event["kind"]]] += 1

    def dropped(self) -> dict[str, int]:
        """What was dropped since the start."""
        return {
            "exposures": self._lost["exposures"] + self._exposures.dropped.read(),
            "tracks": self._lost["tracks"] + self._tracks.dropped.read(),
            "evaluations": self._lost["evaluations"] + self.counter.overflow.read(),
        }


_BUFFERED = {"exposure": "exposures", "track": "tracks"}
