"""Pennon's evaluation engine: one pure function decides every flag.

A `Snapshot` holds one environment, compiled and linked. Given a context it decides a flag's variant, and why. The
contract is the design's "Evaluation: the model and the algorithm"; the vectors in `sdk/conformance` hold every
language to it. This package is private to the SDK.

The engine does no IO, reads no clock, draws no random number, takes no lock and writes no log: time and chance are
given with `At`. What it cannot read breaks the flag that holds it, alone. Everything here is immutable once made, so
any number of threads may share it.

Imports go one way, and a test says so: `limits, values, moment, logic <- evaluation, reading <- outcomes, reference <-
bucket, pattern <- operators <- condition, variant <- serve, target <- rule <- segment, flag <- decision, graph <-
linking <- document <- snapshot`.

| module | holds |
|---|---|
| `document`, `flag`, `segment`, `rule`, `serve`, `target`, `variant` | documents, read and held against the contract |
| `condition`, `operators`, `pattern`, `logic` | the tree of a `when`, its tests, the regex dialect, predicates |
| `decision`, `linking`, `graph` | flags compiled into one function each, linked to what they name |
| `snapshot`, `evaluation`, `outcomes`, `moment` | what the SDK calls, and what it gives back |
| `bucket`, `reference`, `values`, `reading`, `limits` | units, buckets, attributes; reading, with an error's place |
"""

from pennon._engine.evaluation import ErrorCode, Evaluation, Reason, Track
from pennon._engine.moment import At
from pennon._engine.reading import SnapshotError
from pennon._engine.snapshot import Snapshot

__all__ = ["At", "ErrorCode", "Evaluation", "Reason", "Snapshot", "SnapshotError", "Track"]
