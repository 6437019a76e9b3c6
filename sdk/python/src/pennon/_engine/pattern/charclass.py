r"""Character classes: brackets, and the escapes that stand for a set, written for RE2.

Under `i` everything folds but `\w` and `\W`, which RE2 folds too; a class that mixes both is put together here.
"""

from __future__ import annotations

import string
from typing import Final

from pennon._engine.pattern import engine

NOTHING: Final = r"[^\x00-\x{10FFFF}]"
"""Matches no character."""
ANYTHING: Final = "(?s:.)"
"""Matches every character."""

_WORD_LETTERS: Final = string.ascii_letters + string.digits + "_"
_FOLD_INTO_WORD: Final = "\u017f\u212a"
"""The letters beyond ASCII that fold to one of `\\w`: long s and the Kelvin sign."""


def letter(one: str) -> str:
    """A literal in a form that means itself inside and outside of brackets."""
    return one if one.isascii() and one.isalnum() else f"\\x{{{ord(one):x}}}"


class CharClass:
    """A class: literals, ranges and sets."""

    __slots__ = ("_folding", "_negated", "_not_word", "_word")

    def __init__(self, negated: bool = False) -> None:
        self._negated = negated
        self._folding = ""
        self._word = False
        self._not_word = False

    def add_range(self, first: str, last: str) -> None:
        """Adds the letters from one to another."""
        self._folding += letter(first) if first == last else f"{letter(first)}-{letter(last)}"

    def add_set(self, escape: str) -> None:
        r"""Adds what an escape stands for, such as `\d` or `\P{Lu}`."""
        if escape == r"\w":
            self._word = True
        elif escape == r"\W":
            self._not_word = True
        else:
            self._folding += escape

    def write(self, ignore_case: bool) -> str:
        """The class for RE2."""
        mixed = self._word or self._not_word
        if ignore_case and mixed:
            return self._written_negated() if self._negated else self._written_mixed()
        hat = "^" if self._negated else ""
        word = (r"\w" if self._word else "") + (r"\W" if self._not_word else "")
        written = f"[{hat}{self._folding}{word}]"
        return f"(?i:{written})" if ignore_case else written

    def _written_mixed(self) -> str:
        if self._word and self._not_word:
            return ANYTHING
        word = r"\w" if self._word else r"\W"
        return f"(?:(?i:[{self._folding}])|{word})" if self._folding else word

    def _written_negated(self) -> str:
        if self._word and self._not_word:
            return NOTHING
        if not self._folding:
            return r"\W" if self._word else r"\w"
        folds = engine.search(f"(?i:[{self._folding}])")
        candidates = _FOLD_INTO_WORD if self._word else _WORD_LETTERS
        left = "".join(letter(one) for one in candidates if not folds(one.encode()))
        if self._not_word:
            # Outside of \W are the letters of \w only.
            return f"[{left}]" if left else NOTHING
        rest = f"(?i:[^{self._folding}\\w])"
        return f"(?:{rest}|[{left}])" if left else rest
