r"""The dialect's grammar: checks a pattern and writes it for RE2.

Flags never reach RE2 as flags of the whole: each literal, class, dot and anchor is written with its own meaning, so
that nothing (`\w` under `i`, `$` before a newline) can mean more than the contract says. Groups are kept on a stack
of our own, so that nesting cannot overflow Python's.
"""

from __future__ import annotations

import string
from typing import Final, NamedTuple

from pennon._engine.limits import PATTERN_REPETITION
from pennon._engine.pattern import property as properties
from pennon._engine.pattern.charclass import CharClass, letter
from pennon._engine.reading import Malformed

_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_SETS: Final = frozenset("dDsSwW")
_ZERO_WIDTH: Final = frozenset("bBAz")
_PUNCTUATION: Final = frozenset(string.punctuation)
_NAME: Final = frozenset(string.ascii_letters + string.digits + "_")
_DIGITS: Final = frozenset(string.digits)
_DOUBLED: Final = "&&, -- and ~~ are not allowed inside a class; escape one of the two"

_BETWEEN_LETTERS: Final = r"\A(?s:.)*?"
"""RE2 looks for `\\B` between bytes too; after whole letters only, it finds it only between letters."""


def translate(pattern: str, ignore_case: bool) -> str:
    """Checks a pattern and writes it for RE2; raises `Malformed` for what is outside the dialect."""
    parser = _Parser(pattern)
    written = parser.parse(Flags(ignore_case))
    return f"{_BETWEEN_LETTERS}(?:{written})" if parser.looks_between else written


class Flags(NamedTuple):
    """What `(?ims)` sets."""

    ignore_case: bool
    multi_line: bool = False
    dot_all: bool = False


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._names: set[str] = set()
        self.looks_between = False

    def parse(self, flags: Flags) -> str:
        """Everything, group after group."""
        out: list[str] = []
        # Of each open group, what was true outside: its flags, and the largest product of counts so far.
        outside: list[tuple[Flags, int]] = []
        product = 1
        while one := self._next():
            if one == "|":
                out.append(one)
            elif one == "(":
                inner, opens = self._group(flags)
                if opens:
                    outside.append((flags, product))
                    out.append("(?:")
                    product = 1
                flags = inner
            elif one == ")":
                if not outside:
                    raise self._refuse("the parenthesis closes no group")
                inside = product
                flags, product = outside.pop()
                repetition, counts = self._repetition(inside)
                out += (")", repetition)
                product = max(product, counts)
            else:
                out.append(self._atom(one, flags))
                repetition, counts = self._repetition(1)
                out.append(repetition)
                product = max(product, counts)
        if outside:
            raise self._refuse("the group is not closed")
        return "".join(out)

    def _peek(self, ahead: int = 0) -> str:
        return self._pattern[self._at + ahead : self._at + ahead + 1]

    def _next(self) -> str:
        one = self._peek()
        self._at += len(one)
        return one

    def _take(self, wanted: str) -> bool:
        found = self._peek() == wanted
        self._at += found
        return found

    def _refuse(self, what: str) -> Malformed:
        return Malformed(f"{what} (at character {self._at} of the pattern)")

    def _atom(self, one: str, flags: Flags) -> str:
        if one == "[":
            return self._class().write(flags.ignore_case)
        if one == "\\":
            return self._escape(flags)
        if one == ".":
            return "(?s:.)" if flags.dot_all else r"[^\n]"
        if one == "^":
            return "(?m:^)" if flags.multi_line else r"\A"
        if one == "$":
            return "(?m:$)" if flags.multi_line else r"\z"
        if one in "*+?{":
            raise self._refuse("there is nothing to repeat here, or a repetition is repeated")
        if one in "]}":
            raise self._refuse("a literal ] or } must be escaped")
        return _literal(one, flags)

    def _escape(self, flags: Flags) -> str:
        """What follows a backslash outside a class."""
        if self._peek() in _ZERO_WIDTH:
            one = self._next()
            self.looks_between |= one == "B"
            return f"\\{one}"
        found, is_set = self._escaped()
        if not is_set:
            return _literal(found, flags)
        one_set = CharClass()
        one_set.add_set(found)
        return one_set.write(flags.ignore_case)

    def _escaped(self) -> tuple[str, bool]:
        """What a backslash and its letter mean: a letter, or (true) a set as RE2 writes it."""
        one = self._next()
        if one in _CONTROLS:
            return _CONTROLS[one], False
        if one in _SETS:
            return f"\\{one}", True
        if one in {"p", "P"}:
            return f"\\{one}{{{self._property()}}}", True
        if one in _PUNCTUATION:
            return one, False
        raise self._refuse("there is no such escape in this dialect" if one else "the pattern ends in a backslash")

    def _property(self) -> str:
        end = self._pattern.find("}", self._at)
        name = self._pattern[self._at + 1 : end] if self._peek() == "{" and end > 0 else ""
        if not properties.is_known(name):
            raise self._refuse("a property is \\p{…} of a category's short name (Lu) or a script's full name (Greek)")
        self._at = end + 1
        return name

    def _class(self) -> CharClass:
        """A class after its opening bracket."""
        found = CharClass(negated=self._take("^"))
        if self._peek() == "]":
            raise self._refuse("a class may not be empty; a literal ] is escaped")
        while not self._take("]"):
            first, is_set = self._class_member()
            is_range = self._peek() == "-" and self._peek(1) not in {"", "]"}
            if is_set and is_range:
                raise self._refuse("a range begins with a letter, not with a set")
            if is_set:
                found.add_set(first)
            else:
                found.add_range(first, self._range_end(first) if is_range else first)
        return found

    def _range_end(self, first: str) -> str:
        self._next()
        if self._peek() == "-":
            raise self._refuse(_DOUBLED)
        last, is_set = self._class_member()
        if is_set:
            raise self._refuse("a range ends in a letter, not in a set")
        if first > last:
            raise self._refuse("a range may not end before it begins")
        return last

    def _class_member(self) -> tuple[str, bool]:
        one = self._next()
        if one == "\\":
            return self._escaped()
        if not one:
            raise self._refuse("the class is not closed")
        if one in "[]":
            raise self._refuse("a [ or ] inside a class must be escaped")
        if one in "&-~" and self._peek() == one:
            raise self._refuse(_DOUBLED)
        return one, False

    def _group(self, flags: Flags) -> tuple[Flags, bool]:
        """What follows an opening parenthesis: the flags then, and whether a group opens."""
        if not self._take("?"):
            return flags, True
        if self._take("P"):
            self._group_name()
            return flags, True
        flags = self._flags(flags)
        if self._take(")"):
            return flags, False
        if not self._take(":"):
            raise self._refuse("after (? only : P<name> or the flags i, m and s are known")
        return flags, True

    def _group_name(self) -> None:
        """`<name>`; the name is checked, and forgotten."""
        end = self._pattern.find(">", self._at)
        name = self._pattern[self._at + 1 : end] if self._peek() == "<" and end > 0 else ""
        if not name or name[0] in _DIGITS or not _NAME.issuperset(name) or name in self._names:
            raise self._refuse("a group's name is letters, digits and _, does not begin with a digit, and is unique")
        self._names.add(name)
        self._at = end + 1

    def _flags(self, flags: Flags) -> Flags:
        """Flags up to `)` or `:`; `(?:` has none, and `(?)` is nothing."""
        names = {"i": "ignore_case", "m": "multi_line", "s": "dot_all"}
        on, since_minus, count = True, 0, 0
        while True:
            one = self._peek()
            if one in names:
                flags = flags._replace(**{names[one]: on})
                since_minus += 1
                count += 1
            elif one == "-" and on:
                on, since_minus = False, 0
            elif (one == ")" and count == 0) or (not on and since_minus == 0):
                raise self._refuse("there are no flags here, or none after the -")
            else:
                return flags
            self._at += 1

    def _repetition(self, inner: int) -> tuple[str, int]:
        """A repetition of the atom just read, if there is one, and the new product of nested counts."""
        start, product = self._at, inner
        one = self._peek()
        if not one or one not in "*+?{":
            return "", inner
        self._at += 1
        if one == "{":
            product = inner * max(self._counts(), 1)
        if product > PATTERN_REPETITION:
            raise self._refuse(f"nested repetition counts may multiply to at most {PATTERN_REPETITION}")
        self._take("?")
        following = self._peek()
        if following and following in "*+?{":
            raise self._refuse("a repetition may not be repeated; put it in a group")
        return self._pattern[start : self._at], product

    def _counts(self) -> int:
        """`n}`, `n,}` or `n,m}`; gives the larger count."""
        least = most = self._count()
        if self._take(",") and self._peek() != "}":
            most = self._count()
        if not self._take("}"):
            raise self._refuse("a repetition is written {n}, {n,} or {n,m}; a literal { must be escaped")
        if most < least:
            raise self._refuse("the first count of a repetition may not exceed the second")
        return most

    def _count(self) -> int:
        start = self._at
        while self._peek() and self._peek() in _DIGITS:
            self._at += 1
        digits = self._pattern[start : self._at]
        if not digits or (digits[0] == "0" and digits != "0") or int(digits) > PATTERN_REPETITION:
            raise self._refuse("a count is a number from 0 to 1000 without leading zeros")
        return int(digits)


def _literal(one: str, flags: Flags) -> str:
    return f"(?i:{letter(one)})" if flags.ignore_case else letter(one)
