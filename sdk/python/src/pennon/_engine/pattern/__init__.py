"""Regular expressions of the one dialect that every language evaluates alike.

The dialect (evaluation.md, section 7) is checked and translated by our own small grammar, then searched by RE2, in
linear time. Must not hand a pattern through unchecked.
"""

from __future__ import annotations

from pennon._engine import limits
from pennon._engine.pattern import engine, grammar
from pennon._engine.reading import Malformed


class Pattern:
    """A compiled pattern; the search is unanchored.

    With `ignore_case` it is as if it began with `(?i)`. Raises `Malformed` for what is outside the dialect.
    """

    __slots__ = ("_search",)

    def __init__(self, text: str, ignore_case: bool = False) -> None:
        if len(text) > limits.PATTERN_LENGTH:
            raise Malformed(f"the pattern has {len(text)} characters; at most {limits.PATTERN_LENGTH} are allowed")
        self._search = engine.search(grammar.translate(text, ignore_case))

    def is_match(self, text: str) -> bool:
        """Whether the pattern is found anywhere in a text. A text that is no valid Unicode never matches."""
        try:
            encoded = text.encode()
        except UnicodeEncodeError:
            return False
        return self._search(encoded)
