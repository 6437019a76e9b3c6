"""Pennon's evaluation engine: one pure function decides every flag.

A `Snapshot` holds one environment, compiled and linked. Given a context it decides a flag's variant, and why. The
contract is the design's "Evaluation: the model and the algorithm"; the vectors in `sdk/conformance` hold every
language to it. This package is private to the SDK.

The engine does no IO, reads no clock, draws no random number, takes no lock and writes no log: time and chance are
given with `At`. What it cannot read breaks the flag that holds it, alone. Everything here is immutable once made, so
any number of threads may share it.

Imports go one way: `limits, reading, values <- reference <- bucket, operators, pattern <- condition <- flag, segment,
layer <- graph, linking <- snapshot`.
"""

from pennon._engine.evaluation import ErrorCode, Evaluation, Reason, Track
from pennon._engine.moment import At
from pennon._engine.reading import SnapshotError
from pennon._engine.snapshot import Snapshot

__all__ = ["At", "ErrorCode", "Evaluation", "Reason", "Snapshot", "SnapshotError", "Track"]
