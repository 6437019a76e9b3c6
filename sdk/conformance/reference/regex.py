"""Section 7's regular expressions: a parser that refuses all else, and a simulation of all paths at once.

Only "does the text hold a match" is asked, so greed and captures decide nothing.
"""

import functools
import re
import unicodedata

PUNCTUATION = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
ONLY_ESCAPED = set("\\^$.|?*+()[]{}")
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
WORD = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
PERL = {"d": set("0123456789"), "w": WORD, "s": set("\t\n\f\r ")}
CATEGORIES = {
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No",
    "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp",
    "C", "Cc", "Cf", "Co",
}  # fmt: skip
# The scripts that vectors name; a character's name begins with its script's.
SCRIPTS = {
    "Latin": "LATIN ", "Greek": "GREEK ", "Cyrillic": "CYRILLIC ", "Han": "CJK UNIFIED IDEOGRAPH",
    "Hiragana": "HIRAGANA LETTER", "Katakana": "KATAKANA LETTER", "Hangul": "HANGUL ", "Arabic": "ARABIC LETTER",
    "Hebrew": "HEBREW ", "Thai": "THAI CHARACTER", "Devanagari": "DEVANAGARI LETTER", "Armenian": "ARMENIAN ",
    "Georgian": "GEORGIAN ", "Old_Italic": "OLD ITALIC ", "Cherokee": "CHEROKEE ", "Deseret": "DESERET ",
}  # fmt: skip
MOST_REPEATS = 1000
MOST_CHARACTERS = 1000


class Refused(ValueError):
    """Not of the dialect."""


def fold(c):
    """Simple case folding of one character."""
    folded = c.casefold()
    if len(folded) == 1:
        return folded
    return c.lower() if len(c.lower()) == 1 else c


@functools.cache
def _orbits():
    orbits = {}
    for code in range(0x1F000):
        if not 0xD800 <= code <= 0xDFFF:
            orbits.setdefault(fold(chr(code)), []).append(chr(code))
    return {k: v for k, v in orbits.items() if len(v) > 1}


def orbit(c):
    """All characters that fold as `c` does, itself included."""
    return _orbits().get(fold(c), [c])


def _in_property(name, c):
    if name in CATEGORIES:
        return unicodedata.category(c).startswith(name)
    return unicodedata.name(c, "").startswith(SCRIPTS[name])


class Parser:
    """Text to tree: ("one", test) ("cat", [..]) ("alt", [..]) ("rep", node, low, high) ("at", kind)."""

    def __init__(self, pattern):
        if len(pattern) > MOST_CHARACTERS:
            raise Refused("too long")
        self.text, self.at, self.names = pattern, 0, set()

    def peek(self, length=1):
        return self.text[self.at : self.at + length]

    def take(self, expected=None):
        if self.at >= len(self.text) or (expected and self.peek(len(expected)) != expected):
            raise Refused(f"at {self.at}: expected {expected or 'more'}")
        taken = expected or self.text[self.at]
        self.at += len(taken)
        return taken

    def parse(self, flags):
        tree = self.alternatives(flags)
        if self.at < len(self.text):
            raise Refused("unmatched )")
        if _product(tree) > MOST_REPEATS:
            raise Refused("counts multiply beyond the limit")
        return tree

    def alternatives(self, flags):
        """Up to `)` or the end. Flags set inside last until there."""
        branches, items = [], []
        while self.peek() not in ("", ")"):
            if self.peek() == "|":
                self.take()
                branches.append(("cat", items))
                items = []
                continue
            node, flags = self.atom(flags)
            if node is not None:
                node = self.repeated(node)
                items.append(node)
            elif self.peek() and self.peek() in "*+?{":
                raise Refused("nothing to repeat")
        branches.append(("cat", items))
        return ("alt", branches)

    def repeated(self, node):
        counts = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self.peek() and self.peek() in counts:
            low, high = counts[self.take()]
            node = ("rep", node, low, high)
        elif self.peek() == "{":
            low, high = self.counts()
            node = ("count", node, low, high)
        else:
            return node
        if self.peek() == "?":
            self.take()
        if self.peek() and self.peek() in "*+?{":
            raise Refused("stacked repetition")
        return node

    def counts(self):
        match = re.compile(r"\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}").match(self.text, self.at)
        if not match:
            raise Refused("a brace that is no count")
        self.at = match.end()
        low = int(match[1])
        high = int(match[3]) if match[3] else (None if match[2] else low)
        if low > MOST_REPEATS or (high is not None and (high > MOST_REPEATS or high < low)):
            raise Refused("count")
        return low, high

    def atom(self, flags):
        c = self.take()
        if c == "(":
            return self.group(flags)
        if c == "[":
            return self.char_class(flags), flags
        if c == "\\":
            return self.escape(flags), flags
        if c == ".":
            return ("one", (lambda x: True) if "s" in flags else (lambda x: x != "\n")), flags
        if c == "^":
            return ("at", "line start" if "m" in flags else "text start"), flags
        if c == "$":
            return ("at", "line end" if "m" in flags else "text end"), flags
        if c in ONLY_ESCAPED:
            raise Refused(f"{c} only escaped")
        return ("one", _literal(c, flags)), flags

    def group(self, flags):
        if self.peek() != "?":
            tree = self.alternatives(flags)
        elif self.peek(3) == "?P<":
            self.take("?P<")
            name = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").match(self.text, self.at)
            if not name or name[0] in self.names:
                raise Refused("group name")
            self.names.add(name[0])
            self.at = name.end()
            self.take(">")
            tree = self.alternatives(flags)
        else:
            match = re.compile(r"\?([ims]*)(-[ims]+)?([:)])").match(self.text, self.at)
            if not match or match[0] == "?)":
                raise Refused("group")
            self.at = match.end()
            inner = "".join(sorted((set(flags) | set(match[1])) - set((match[2] or "")[1:])))
            if match[3] == ")":
                return None, inner
            tree = self.alternatives(inner)
        self.take(")")
        return tree, flags

    def escape(self, flags):
        c = self.peek()
        kinds = {"b": "boundary", "B": "no boundary", "A": "text start", "z": "text end"}
        if c and c in kinds:
            self.take()
            return ("at", kinds[c])
        single, test = self.class_escape(flags)
        return ("one", _literal(single, flags) if single else test)

    def class_escape(self, flags):
        """After the backslash: (character, None) or (None, test)."""
        c = self.take()
        if c in PUNCTUATION:
            return c, None
        if c in CONTROLS:
            return CONTROLS[c], None
        if c in "dws":
            return None, lambda x: x in PERL[c]
        if c in "DWS":
            return None, lambda x: x not in PERL[c.lower()]
        if c in "pP":
            match = re.compile(r"\{([A-Za-z_]+)\}").match(self.text, self.at)
            if not match or (match[1] not in CATEGORIES and match[1] not in SCRIPTS):
                raise Refused("property")
            self.at = match.end()
            return None, _property(match[1], c == "P", flags)
        raise Refused(f"escape {c}")

    def char_class(self, flags):
        negated = self.peek() == "^"
        if negated:
            self.take()
        tests = []
        while self.peek() != "]" or not tests:
            if self.peek() == "]":
                raise Refused("] only escaped")
            low, test = self.class_item(flags)
            if low and self.peek() == "-" and self.peek(2) != "-]":
                if self.peek(2) == "--":
                    raise Refused("inside a class")
                self.take()
                high, _ = self.class_item(flags)
                if not high or high < low:
                    raise Refused("range")
                test = _range(low, high, flags)
            tests.append(test or _literal(low, flags))
        self.take("]")
        return ("one", lambda x: any(t(x) for t in tests) != negated)

    def class_item(self, flags):
        if self.peek() == "[" or self.peek(2) in ("&&", "--", "~~"):
            raise Refused("inside a class")
        c = self.take()
        return self.class_escape(flags) if c == "\\" else (c, None)


def _literal(c, flags):
    if "i" not in flags:
        return lambda x: x == c
    return lambda x: fold(x) == fold(c)


def _range(low, high, flags):
    if "i" not in flags:
        return lambda x: low <= x <= high
    return lambda x: any(low <= y <= high for y in orbit(x))


def _property(name, negated, flags):
    if "i" not in flags:
        return lambda x: _in_property(name, x) != negated
    return lambda x: any(_in_property(name, y) for y in orbit(x)) != negated


def _product(tree):
    """The largest product of nested counts."""
    if tree[0] in ("cat", "alt"):
        return max([1, *map(_product, tree[1])])
    if tree[0] in ("rep", "count"):
        own = tree[3] if tree[3] is not None else tree[2]
        return _product(tree[1]) * (max(own, 1) if tree[0] == "count" else 1)
    return 1


class Program:
    """The tree as states: ("one", test, next) ("at", kind, next) ("or", [next]) ("end",)."""

    def __init__(self, tree):
        self.states = [("end",)]
        self.start = self.add(tree, 0)

    def new(self, state):
        self.states.append(state)
        return len(self.states) - 1

    def add(self, tree, after):
        kind = tree[0]
        if kind == "cat":
            for node in reversed(tree[1]):
                after = self.add(node, after)
            return after
        if kind == "alt":
            return self.new(("or", [self.add(node, after) for node in tree[1]]))
        if kind in ("rep", "count"):
            return self.repeat(tree, after)
        return self.new((kind, tree[1], after))

    def repeat(self, tree, after):
        _, node, low, high = tree
        if high is None:
            loop = self.new(("or", [after]))
            self.states[loop][1].append(self.add(node, loop))
            after = loop
        else:
            end = after
            for _ in range(high - low):
                after = self.new(("or", [self.add(node, after), end]))
        for _ in range(low):
            after = self.add(node, after)
        return after

    def closure(self, found, state, text, i):
        todo = [state]
        while todo:
            state = todo.pop()
            if state in found:
                continue
            found.add(state)
            what = self.states[state]
            if what[0] == "or":
                todo += what[1]
            elif what[0] == "at" and _stands(what[1], text, i):
                todo.append(what[2])

    def search(self, text):
        found = set()
        for i in range(len(text) + 1):
            self.closure(found, self.start, text, i)
            if 0 in found:
                return True
            if i < len(text):
                following = set()
                for state in found:
                    what = self.states[state]
                    if what[0] == "one" and what[1](text[i]):
                        self.closure(following, what[2], text, i + 1)
                found = following
        return False


def _stands(kind, text, i):
    if kind == "text start":
        return i == 0
    if kind == "text end":
        return i == len(text)
    if kind == "line start":
        return i == 0 or text[i - 1] == "\n"
    if kind == "line end":
        return i == len(text) or text[i] == "\n"
    before = i > 0 and text[i - 1] in WORD
    behind = i < len(text) and text[i] in WORD
    return (before != behind) == (kind == "boundary")


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern, ignore_case=False):
    return Program(Parser(pattern).parse("i" if ignore_case else ""))
