"""Runs every vector of sdk/conformance: prints `conformance python: N cases`, exits 1 on any difference."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Run alone, it takes the engine from the tree it stands in.
    sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

import vectors

SHOWN = 20
"""Differences that are printed; nobody reads more."""


def main(paths: list[Path]) -> int:
    """Runs the files and reports."""
    count, failures = 0, []
    for path in paths:
        outcome = vectors.run(path)
        count += outcome.cases
        failures += outcome.failures
    for failure in failures[:SHOWN]:
        print(failure)
    if failures:
        print(f"{len(failures)} differences")
    print(f"conformance python: {count} cases")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main(vectors.files()))
