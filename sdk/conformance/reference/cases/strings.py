"""Strings: ignoreCase, no normalisation, Unicode."""

from cases.book import Book, Context, on

B = Book("strings.json", "conditions", "Comparing strings: case, Unicode, no normalisation")

for op, value, yes, no in [
    ("in", "Straße", ["Straße"], ["strasse", "STRASSE", "straße"]),
    ("in", "é", ["é"], ["e\u0301", "E", "É"]),
    ("in", "e\u0301", ["e\u0301"], ["é", "e"]),
    ("in", "", [""], [" ", "\u200b"]),
    ("in", " a ", [" a "], ["a", " a", "a "]),
    ("in", "\ufb01", ["\ufb01"], ["fi"]),
    ("in", "\U0001f600", ["\U0001f600"], ["\U0001f601", "\ud83d\ude00x"[2:]]),
    ("in", "a\u0000b", [], ["ab", "a", "a b"]),
    ("starts_with", "", ["", "x", "\U0001f600"], []),
    ("ends_with", "", ["", "x"], []),
    ("contains", "", ["", "x"], []),
    ("starts_with", "日本", ["日本語"], ["日", "本日"]),
    ("ends_with", "語", ["日本語"], ["日本"]),
    ("contains", "本", ["日本語"], ["日語"]),
    ("starts_with", "e", ["e\u0301"], ["é"]),
    ("ends_with", "\u0301", ["e\u0301"], ["é"]),
    ("contains", "\U0001f468", ["\U0001f468\u200d\U0001f469\u200d\U0001f467"], ["\U0001f469"]),
    ("starts_with", "a.b", ["a.bc"], ["axb"]),
    ("contains", "\\d", ["x\\dx"], ["1"]),
    ("contains", "\n", ["a\nb"], ["a\\nb", "a\r"]),
]:  # fmt: skip
    if "\0" not in value:
        B.condition(f"{op} {value!a}", on("a", op, value), yes, no)

I = {"ignoreCase": True}
for op, value, yes, no in [
    ("in", "HeLLo", ["hello", "HELLO", "hEllO"], ["helo", "hello "]),
    ("in", "É", ["é", "É"], ["e", "E", "e\u0301"]),
    ("in", "e\u0301", ["E\u0301"], ["É", "é"]),
    ("in", "ÀÈÌ", ["àèì", "Àèì"], ["aei"]),
    ("in", "ДА", ["да", "Да"], ["da"]),
    # U+0130 becomes i U+0307, and nothing else does
    ("in", "\u0130", ["\u0130", "i\u0307", "I\u0307"], ["i", "I", "\u0131"]),
    ("in", "i\u0307", ["\u0130", "I\u0307"], ["i", "\u0307"]),
    ("in", "i", ["I"], ["\u0130", "\u0131", "i\u0307"]),
    ("in", "\u0131", ["\u0131"], ["i", "I"]),
    # no final-sigma rule: each code point on its own
    ("in", "ΟΔΟΣ", ["οδοσ", "ΟΔΟΣ", "Οδοσ"], ["οδος"]),
    ("in", "οδος", ["οδος", "ΟΔΟς"], ["ΟΔΟΣ", "οδοσ"]),
    ("in", "Σ", ["σ", "Σ"], ["ς"]),
    ("in", "ς", ["ς"], ["Σ", "σ"]),
    # lower case, not case folding
    ("in", "ß", ["ß", "\u1e9e"], ["ss", "SS"]),
    ("in", "\u1e9e", ["ß", "\u1e9e"], ["ss"]),
    ("in", "STRASSE", ["strasse"], ["straße"]),
    ("in", "\u212a", ["k", "K", "\u212a"], ["q"]),  # KELVIN SIGN
    ("in", "k", ["K", "\u212a"], []),
    ("in", "\u212b", ["å", "Å"], ["A", "a\u030a"]),  # ANGSTROM SIGN
    ("in", "\u2126", ["ω", "Ω"], ["O"]),  # OHM SIGN
    ("in", "\u017f", ["\u017f"], ["s", "S"]),  # LONG S is lower case already
    ("in", "s", ["S"], ["\u017f"]),
    ("in", "\u00b5", ["\u00b5"], ["\u03bc", "\u039c"]),  # MICRO SIGN is lower case already
    ("in", "\u03bc", ["\u039c"], ["\u00b5"]),
    ("in", "\u01c4", ["\u01c6", "\u01c5"], ["\u01c7"]),  # DZ with caron: upper, title, lower
    ("in", "\u01c5", ["\u01c4", "\u01c6"], []),
    ("in", "\ufb01", ["\ufb01"], ["fi", "FI"]),
    ("in", "\U00010400", ["\U00010428"], ["\U00010429"]),  # Deseret
    ("in", "\u13a0", ["\uab70", "\u13a0"], ["\uab71"]),  # Cherokee lower-cases to the newer letters
    ("in", "\u10a0", ["\u2d00"], ["\u10d0"]),  # Georgian Asomtavruli
    ("in", "\u1c90", ["\u10d0"], ["\u2d00"]),  # Georgian Mtavruli
    ("in", "\u1e9e!", ["ß!"], ["ss!"]),
    ("in", "\u0345", ["\u0345"], ["\u03b9", "\u0399"]),
    ("in", "\u1f80", ["\u1f88"], ["\u1f00\u03b9"]),
    ("in", "\u03f4", ["\u03b8", "\u0398", "\u03f4"], ["\u03d1"]),  # capital theta symbol
    ("in", "\u2160", ["\u2170"], ["I", "i"]),  # Roman numeral one
    ("in", "\u24b6", ["\u24d0"], ["a"]),  # circled A
    ("in", "\uff21", ["\uff41"], ["a", "A"]),  # full-width A
    ("in", "\u0149", ["\u0149"], ["\u02bcn", "\u02bcN"]),
    ("starts_with", "ABC", ["abcd", "AbCd"], ["ab", "xabc"]),
    ("ends_with", "XYZ", ["wxyz"], ["xyzw"]),
    ("contains", "LmN", ["klmno", "KLMNO"], ["l m n"]),
    ("starts_with", "i", ["\u0130stanbul", "Istanbul"], ["\u0131stanbul"]),
    ("ends_with", "\u0307", ["x\u0130", "xi\u0307"], ["xi", "xI"]),
    ("contains", "I\u0307S", ["\u0130stanbul", "i\u0307s"], ["istanbul"]),
    ("ends_with", "Σ", ["ΟΔΟΣ", "οδοσ"], ["οδος"]),
    ("ends_with", "ς", ["οδος"], ["ΟΔΟΣ", "οδοσ"]),
    ("contains", "", ["", "x"], []),
]:  # fmt: skip
    B.condition(f"{op} {value!a}, ignoring case", on("a", op, value, **I), yes, no)

# `matches` folds; lower case does not. Sigma, long s and micro are where the two differ.
for value, yes, no in [
    ("^Σ$", ["σ", "Σ", "ς"], ["s"]),
    ("^ς$", ["σ", "Σ", "ς"], []),
    ("^s$", ["S", "s", "\u017f"], ["ß"]),
    ("^k$", ["K", "\u212a"], []),
    ("^\u00b5$", ["\u03bc", "\u039c", "\u00b5"], []),
    ("^ß$", ["ß", "\u1e9e"], ["ss", "SS"]),
    ("^i$", ["I", "i"], ["\u0130", "\u0131"]),
    ("^\u0130$", ["\u0130"], ["i", "I", "i\u0307"]),
    ("ABC", ["xabcx"], ["ab c"]),
]:
    B.condition(f"matches {value!a}, ignoring case", on("a", "matches", value, **I), yes, no)

B.condition("ignoreCase false is the default", on("a", "in", "A", ignoreCase=False), ["A"], ["a"])
for op in ("starts_with", "ends_with", "contains", "matches"):
    B.condition(f"{op} with ignoreCase false", on("a", op, "A", ignoreCase=False), ["A"], ["a"])
B.condition("ignoreCase is for strings only", on("a", "in", "X", 1, True, **I), ["x", 1, True], ["1", "TRUE", "true", 2, False])
B.condition("ignoreCase over an array", on("a", "in", "X", **I), [["y", "x"]], [["y", ["x"]]])
B.condition("attribute names keep their case", on("A", "in", "x", **I), [Context(A="X")], [Context(a="x")])
B.condition("a string with U+0000 in the context is a string", on("a", "contains", "b"), ["a\u0000b", "\u0000b"], ["\u0000"])
