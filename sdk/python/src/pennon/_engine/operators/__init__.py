"""Operators with their operands: `read` gives the `Test` that is held against a value of the context."""

from pennon._engine.operators.reader import read
from pennon._engine.operators.test import Test

__all__ = ["Test", "read"]
