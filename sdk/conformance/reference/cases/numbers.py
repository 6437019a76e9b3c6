"""Numbers are doubles; numeric strings; booleans are never numbers."""

from cases.book import Book, on, raw

B = Book("numbers.json", "conditions", "Numbers and numeric strings in conditions")
BIG = 9007199254740992  # 2^53

for label, condition, yes, no in [
    ("in 2^53", on("a", "in", BIG), [BIG, BIG + 1, 9007199254740992.0], [BIG - 1, BIG + 2, str(BIG)]),
    ("in 2^53 + 1, which is 2^53", on("a", "in", BIG + 1), [BIG, BIG + 1], [BIG + 2, BIG - 1]),
    ("in 2^53 + 3, which is 2^53 + 4", on("a", "in", BIG + 3), [BIG + 4, BIG + 5], [BIG + 2, BIG]),
    ("in -2^53", on("a", "in", -BIG), [-BIG, -BIG - 1], [-BIG + 1, BIG]),
    ("in 2^63", on("a", "in", 2**63), [2**63, 2**63 + 1, 2**63 - 1, 9.223372036854775807e18], [2**63 + 2049, -(2**63)]),
    ("in 2^64", on("a", "in", 2**64), [2**64, 2**64 + 1, 2**64 - 1], [2**63]),
    ("in 1e21", on("a", "in", 10**21), [1e21, 10**21], [1e20]),
    ("in 0.1", on("a", "in", 0.1), [0.1, raw("0.10"), raw("1e-1"), raw("0.1000000000000000055511151231257827")], [0.1000001, "0.1"]),
    ("in 0.3", on("a", "in", 0.3), [0.3], [0.30000000000000004]),
    ("in 1", on("a", "in", 1), [1, raw("1.0"), raw("1e0"), raw("10e-1"), raw("1.000")], [raw("1.0000001"), True, "1"]),
    ("in 1.0", on("a", "in", raw("1.0")), [1, raw("1.0")], [True, "1.0"]),
    ("in 100, written 1e2", on("a", "in", raw("1e2")), [100, raw("1E+2")], [1]),
    ("in -0", on("a", "in", raw("-0")), [0, raw("-0"), raw("-0.0"), raw("0.0"), raw("-0e5")], [False, ""]),
    ("in the largest double", on("a", "in", raw("1.7976931348623157e308")), [raw("1.7976931348623157e308")], [raw("1.7976931348623155e308")]),
    ("in the smallest double", on("a", "in", raw("5e-324")), [raw("5e-324"), raw("4e-324")], [0, raw("1e-323")]),
    ("in 0, which an underflow is", on("a", "in", 0), [raw("1e-400"), raw("-1e-400"), raw("2e-324")], [raw("3e-324")]),
    ("in with many numbers", on("a", "in", *range(100)), [0, 99, 50.0], [100, 99.5, -1]),
    ("in with a number and its text", on("a", "in", 1, "2"), [1, "2"], ["1", 2]),
    ("lt 2^53 + 1, which is 2^53", on("a", "lt", BIG + 1), [BIG - 1], [BIG, BIG + 1]),
    ("gt 2^53", on("a", "gt", BIG), [BIG + 2, str(BIG + 2)], [BIG, BIG + 1, str(BIG + 1)]),
    ("gte 2^53 - 1", on("a", "gte", BIG - 1), [BIG - 1, str(BIG - 1)], [BIG - 2]),
    ("lt 0", on("a", "lt", 0), [-1, raw("-5e-324"), "-0.1"], [0, raw("-0"), "-0", "0", raw("-1e-400"), "-1e-400"]),
    ("gt 0", on("a", "gt", 0), [raw("5e-324"), "5e-324", 1], [0, raw("-0"), "-0.0", "1e-400"]),
    ("lte -0", on("a", "lte", raw("-0.0")), [0, "-0", -1], [raw("5e-324")]),
    ("lt 1.5", on("a", "lt", 1.5), [1, 1.4999, "1.4999"], [1.5, "1.5", "1.50", 2]),
    ("gt 0.3", on("a", "gt", 0.3), [0.30000000000000004, "0.30000000000000004"], [0.3, "0.3"]),
    ("lt with a numeric string", on("a", "lt", "42"), [41, "41", "41.9"], [42, "42", "4.2e1"]),
    ("gte with a numeric string", on("a", "gte", "-1.5"), [-1.5, "-1.5", 0], [-1.6, "-2"]),
    ("gt with a numeric string of an exponent", on("a", "gt", "1e3"), [1001, "1001"], [1000, "1000", "1e3"]),
    ("lte with leading zeros", on("a", "lte", "007"), [7, "7", "07", "0007.0"], [8, "08"]),
    ("lt with a string beyond 2^53", on("a", "lt", "9007199254740993"), [BIG - 1], [BIG, "9007199254740993"]),
    ("gte with a numeric string that underflows", on("a", "gte", "1e-999"), [0, 1], [-1]),
    ("lt, any of several", on("a", "lt", 1, "5"), [0, 4], [5, 6]),
]:  # fmt: skip
    B.condition(label, condition, yes, no)

numeric = ["0", "1", "-1", "00", "-007", "1.0", "1.50", "0.0", "1e5", "1E5", "1e+5", "1e-5", "1.5e10", "-1.5E-10", "1e308", "1e-400", "-0"]  # fmt: skip
others = [
    "", " ", "1 ", " 1", "\t1", "1\n", "+1", "--1", "-", ".", ".5", "-.5", "5.", "5.e1", "1e", "1e+", "e5", "1e5.0",
    "1,5", "1_000", "1'000", "0x10", "0b1", "0o7", "1f", "1d", "1L", "NaN", "nan", "Infinity", "-Infinity", "inf", "1e400", "-1e400",
    "1e309", "\u0661", "\uff11", "\u00bd", "\u00b2", "1\u00a0", "1%", "$1", "1e5e5", "1.2.3", "true", "null", "one", "\u22121",
]  # fmt: skip
always = {"any": [on("a", "lt", 0), on("a", "gte", 0)]}
B.condition("a numeric string", always, numeric, others)
for op in ("lt", "lte", "gt", "gte"):
    for text in numeric:
        B.condition(f"{op} with the literal {text!a} is sound", on("a", op, text), no=["not a number"])
    for text in others:
        if op in ("lt", "gte"):
            B.condition(f"{op} with the literal {text!a}", on("a", op, text), broken=True)
B.condition("numbers in an array", on("a", "gt", 5), [[1, "6"], ["x", 6], [None, 6]], [[1, 2], ["x"], [[6]], [True]])
