"""The batches of events that an SDK has sent, as the proxy saw them."""

import json
from collections import Counter

import faults
import sse
from scene import EVENTS

# Sent when a test says so, and not before.
EVENTS_ON = {"events": True, "flushIntervalMs": 60_000}
DROPPED = {"exposures": 0, "tracks": 0, "evaluations": 0}


class Batch:
    """One request with a batch in it."""

    def __init__(self, request):
        self.request = request
        self.document = json.loads(request.body)
        self.number = (self.document["session"], self.document["sequence"])
        self.events = self.document["events"]

    def of(self, kind: str) -> list[dict]:
        return [event for event in self.events if event["kind"] == kind]

    @property
    def heartbeat(self) -> dict:
        return self.events[0]


def sent(scene) -> list[Batch]:
    """Every batch that was sent, repetitions too, in order."""
    return [Batch(request) for request in scene.proxy.seen(EVENTS)]


def counted(batches: list[Batch]) -> Counter:
    """How many evaluations these batches tell of, by (flag, variant, reason, error code); each batch counts once."""
    total = Counter()
    for batch in {batch.number: batch for batch in batches}.values():
        for summary in batch.of("summary"):
            for entry in summary["evaluations"]:
                key = (entry["flag"], entry.get("variant"), entry["reason"], entry.get("errorCode"))
                total[key] += entry["count"]
    return total


def of(batches: list[Batch], kind: str) -> list[dict]:
    """The events of a kind in these batches; each batch counts once."""
    return [event for batch in {batch.number: batch for batch in batches}.values() for event in batch.of(kind)]


def until(scene, condition, what: str, seconds: float = 10.0):
    """Waits until `condition(batches)` is true."""
    scene.proxy.wait(lambda: condition(sent(scene)), what, seconds)
    return sent(scene)


def tracked(scene, run: str = "r-1", by=("targetingKey",), flag: str = "flag") -> None:
    """Gives the rule `r` of a flag a `track`, as a release will: the admin API has no word for it yet."""

    def mark(block: bytes) -> bytes:
        event = sse.parse(block)
        if event.name not in ("put", "patch") or not event.json["flags"].get(flag):
            return block
        document = event.json
        track = {"run": run, "arm": "candidate", "by": list(by)}
        if scene.web:
            document["flags"][flag]["track"] = track
        for rule in document["flags"][flag].get("rules", []):
            rule["track"] = track
        return sse.write(event.name, document, event.id)

    scene.proxy.on(scene.stream, faults.edit(mark))
    scene.project.flag(flag)
    scene.project.configure(flag, rules=[{"id": "r", "serve": {"variant": "on"}}], fallthrough={"variant": "off"})
