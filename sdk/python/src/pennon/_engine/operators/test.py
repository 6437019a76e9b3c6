"""An operator with its operands, held against a value of the context."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from pennon._engine import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pennon._engine.logic import Predicate
    from pennon._engine.moment import Now

SCALARS: Final = frozenset({str, int, float, bool})
"""The types of most values, none of which is a list."""


class Test(ABC):
    """An operator with its operands; any of them may match. Never raises."""

    borders: tuple[int, ...] = ()
    """The epoch milliseconds from which a test of the time may give another answer than a millisecond before."""

    @abstractmethod
    def accepts(self, value: object) -> bool:
        """Whether a single value satisfies the operator. A list never does."""

    def holds(self, value: object) -> bool:
        """Whether a value, or any element of a list, satisfies the operator."""
        return self.accepts(value) or (isinstance(value, values.LISTS) and any(map(self.accepts, value)))

    def leaf(self, name: str) -> Predicate:
        """The test of a top-level attribute. The commonest operators write it out, with as little called as can be."""
        accepts, holds = self.accepts, self.holds

        def leaf(context: Mapping[str, object], _at: Now) -> bool:
            value = context.get(name)
            if type(value) in SCALARS:
                return accepts(value)
            return value is not None and holds(value)

        return leaf


class Exists(Test):
    """Holds for any value that is not null."""

    def accepts(self, value: object) -> bool:
        """Whether the value is there."""
        return not values.is_absent(value)
