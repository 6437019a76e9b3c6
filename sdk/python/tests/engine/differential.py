"""Compares the engine with another that wrote down what it decided.

Reads lines of JSON from the standard input, each a snapshot with cases of flag, context, time and chance, and what the
other engine answered (`expect`, as in sdk/conformance/README.md). Prints `differential python: N pairs, M differences`,
and before it the first few differences; exits 1 when there are any, or when there was nothing to compare.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    # Run alone, it takes the engine from the tree it stands in.
    sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from comparison import differences

from pennon._engine import At, Snapshot, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

SHOWN = 10
"""Differences that are printed; nobody reads more."""

MEMBERS = {"flag", "type", "context", "nowMs", "random", "instance", "expect", "name"}


def compare(lines: Iterable[str]) -> tuple[int, list[str]]:
    """How many pairs there were, and what differed."""
    pairs, found = 0, []
    for at, line in enumerate(lines, 1):
        if line.strip():
            document = json.loads(line)
            pairs += len(document["cases"])
            found += [f"line {at}: {one}" for one in _differences(document)]
    return pairs, found


def _differences(document: dict[str, Any]) -> Iterator[str]:
    try:
        # As text: that is how a snapshot arrives.
        snapshot = Snapshot.from_json(json.dumps(document["snapshot"]))
    except SnapshotError as error:
        yield f"the snapshot is refused: {error}"
        return
    for case in document["cases"]:
        unknown = set(case) - MEMBERS
        if unknown:
            yield f"the members {unknown} of a case are not known"
        moment = At(case["nowMs"], case["random"], case.get("instance"))
        evaluation = snapshot.evaluate(case["flag"], case["context"], case.get("type"), moment)
        for one in differences(evaluation, case["expect"], case.get("type")):
            yield f"{one}; the case is {json.dumps(case)}"


def main() -> int:
    """Compares and reports."""
    pairs, found = compare(sys.stdin)
    for difference in found[:SHOWN]:
        print(difference)
    print(f"differential python: {pairs} pairs, {len(found)} differences")
    return 1 if found or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())
