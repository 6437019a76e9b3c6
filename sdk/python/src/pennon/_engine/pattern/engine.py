"""RE2, as far as patterns need it. The only place that imports it: it has no type stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import re2

from pennon._engine.limits import PATTERN_MEMORY
from pennon._engine.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable


def search(translated: str) -> Callable[[bytes], bool]:
    """The unanchored search for an expression in UTF-8. Groups must not capture: a search would copy them."""
    find = _compiled(translated).search

    def found(text: bytes) -> bool:
        return find(text) is not None

    return found


def _compiled(expression: str) -> re2._Regexp:
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    try:
        return re2.compile(expression.encode(), options)
    except re2.error as error:
        raise Malformed("the pattern cannot be compiled, or is too large") from error
