"""What is true of every operator: missing, null, wrong types, arrays, several values."""

import itertools

from cases.book import Book, Context, on

B = Book(
    "operators.json",
    "conditions",
    "Every operator over hits, misses, missing, null, wrong types, arrays, nested arrays and objects",
)

# operator, values, hits, misses of the right type, values of a wrong type
TABLE = [
    ("in", ["x", "y"], ["x", "y"], ["z", "", "X", "xy"], [1, True, {"x": "x"}]),
    ("in", [1, 2.5], [1, 1.0, 2.5], [2, -1, 0], ["1", "2.5", True, {}]),
    ("in", [True], [True], [False], ["true", 1, {}]),
    ("in", [False], [False], [True], ["false", 0, "", {}]),
    ("in", [0], [0, 0.0, -0.0], [1], [False, "0", "", {}]),
    ("in", ["a", 7, True], ["a", 7, True], ["b", 8, False, "7", "true"], [{"a": 7}]),
    ("starts_with", ["ab"], ["ab", "abc"], ["a", "xab", "AB", ""], [12, True, {"ab": 1}]),
    ("ends_with", ["bc"], ["bc", "abc"], ["b", "bcx", "BC", ""], [12, True, {"bc": 1}]),
    ("contains", ["bc"], ["bc", "abcd"], ["b c", "BC", ""], [12, True, {"bc": 1}]),
    ("contains", ["1"], ["1", "21"], ["2"], [1, 21, True]),
    ("matches", ["^a+$"], ["a", "aaa"], ["", "ab", "A"], [1, True, {"a": "a"}]),
    ("matches", ["1"], ["1", "x1"], ["2"], [1, 11, True]),
    ("lt", [10], [9, 9.5, -1, "9", "-1.5"], [10, 11, "10"], ["", "x", True, {"a": 9}]),
    ("lte", [10], [9, 10, "10.0"], [10.5, 11, "1e2"], ["ten", False, {}]),
    ("gt", [10], [11, 10.5, "11", "1e2"], [10, 9, "10"], ["", "eleven", True, {}]),
    ("gte", [10], [10, 11, "10", "1e1"], [9, 9.99, "9"], [" 10", True, {}]),
    ("before", ["2026-01-01T00:00:00Z"], ["2025-12-31T23:59:59Z", 0], ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 1767225600000], ["2025", "0", 0.5, True, {}]),
    ("after", ["2026-01-01T00:00:00Z"], ["2026-01-01T00:00:01Z", 1767225600001], ["2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", 0], ["2027", "1767225600001", 1767225600001.5, True, {}]),
    ("semver_eq", ["1.2.3"], ["1.2.3", "1.2.3+b7"], ["1.2.4", "1.2.3-rc"], ["1.2", "v1.2.3", 1.2, True, {}]),
    ("semver_lt", ["1.2.3"], ["1.2.2", "1.2.3-rc"], ["1.2.3", "1.10.0"], ["1.2", "", 1, True, {}]),
    ("semver_lte", ["1.2.3"], ["1.2.2", "1.2.3"], ["1.2.4", "2.0.0-a"], ["1", 1.2, False, {}]),
    ("semver_gt", ["1.2.3"], ["1.2.4", "1.10.0"], ["1.2.3", "1.2.3-rc", "1.2.3+z"], ["2", 2, True, {}]),
    ("semver_gte", ["1.2.3"], ["1.2.3", "2.0.0"], ["1.2.2", "1.2.3-rc"], ["2.0", 2.0, True, {}]),
    ("cidr", ["10.0.0.0/8"], ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["11.0.0.0", "::1"], ["10.0.0.0/8", "10.1", "", 167772160, True, {}]),
    ("cidr", ["2001:db8::/32"], ["2001:db8::1", "2001:DB8:ffff::"], ["2001:db9::", "10.0.0.1"], ["2001:db8::/32", "[2001:db8::1]", 1, {}]),
]  # fmt: skip

for op, values, hits, misses, wrong in TABLE:
    condition = on("a", op, *values)
    label = f"{op} {values}".replace("'", "")
    B.condition(label, condition, hits, misses)
    B.condition(f"{label}, wrong type", condition, no=wrong)
    hit, miss = hits[0], misses[0]
    B.condition(f"{label}, missing or null", condition, no=[Context(), Context(b=hit), Context(a=None)])
    B.condition(
        f"{label}, array",
        condition,
        yes=[[hit], [miss, hit], [hit, miss], [None, hit], [hit, None], [wrong[-1], hit], [[hit], hit]],
        no=[[], [None], [miss], [miss, None, miss], [wrong[-1]], [[hit]], [[[hit]], miss], [{"a": hit}]],
    )
    B.condition(f"{label}, object", condition, no=[{"a": hit}, {"0": hit}])

exists = {"attribute": "a", "op": "exists"}
present = ["", "x", 0, 1.5, False, True, [], {}, [None], {"b": None}, "null"]
B.condition("exists", exists, present, [Context(), Context(a=None), Context(A=1), Context(b=1)])
B.condition("exists with values []", {**exists, "values": []}, present, [Context(), Context(a=None)])
nested = {"attribute": "/o/p", "op": "exists"}
B.condition(
    "exists of a pointer",
    nested,
    [Context(o={"p": 0}), Context(o={"p": []}), Context(o={"p": ""})],
    [Context(), Context(o={}), Context(o={"p": None}), Context(o="p"), Context(o=["p"]), Context(o=None)],
)

for op, values, hit in [
    ("in", ["a", "b", "c"], "c"), ("starts_with", ["x", "y"], "yes"), ("ends_with", ["x", "s"], "yes"),
    ("contains", ["q", "e"], "yes"), ("matches", ["^q", "s$"], "yes"), ("lt", [1, 5], 3), ("lte", [1, 5], 5), ("gt", [9, 2], 3),
    ("gte", [9, 3], 3), ("before", [0, 10], 5), ("after", [10, 0], 5), ("semver_eq", ["1.0.0", "2.0.0"], "2.0.0"),
    ("semver_lt", ["1.0.0", "3.0.0"], "2.0.0"), ("semver_gt", ["3.0.0", "1.0.0"], "2.0.0"),
    ("semver_lte", ["1.0.0", "2.0.0"], "2.0.0"), ("semver_gte", ["3.0.0", "2.0.0"], "2.0.0"), ("cidr", ["::1", "1.0.0.0/8"], "1.2.3.4"),
]:  # fmt: skip
    B.condition(f"{op}: any of several values", on("a", op, *values), [hit])

# What breaks an attribute condition.
bad = [
    ("no attribute", {"op": "in", "values": ["x"]}),
    ("no op", {"attribute": "a", "values": ["x"]}),
    ("no values", {"attribute": "a", "op": "in"}),
    ("unknown op", on("a", "equals", "x")),
    ("op in capitals", on("a", "IN", "x")),
    ("a negated operator", on("a", "not_in", "x")),
    ("op null", {"attribute": "a", "op": None, "values": ["x"]}),
    ("op a number", {"attribute": "a", "op": 1, "values": ["x"]}),
    ("attribute null", {"attribute": None, "op": "in", "values": ["x"]}),
    ("attribute a number", {"attribute": 1, "op": "in", "values": ["x"]}),
    ("attribute an array", {"attribute": ["a"], "op": "in", "values": ["x"]}),
    ("values null", {"attribute": "a", "op": "in", "values": None}),
    ("values a string", {"attribute": "a", "op": "in", "values": "x"}),
    ("values an object", {"attribute": "a", "op": "in", "values": {"x": 1}}),
    ("value instead of values", {"attribute": "a", "op": "in", "value": "x"}),
    ("unknown member beside", on("a", "in", "x", negate=True)),
    ("unknown member null", on("a", "in", "x", negate=None)),
    ("ignorecase misspelt", on("a", "in", "x", ignorecase=True)),
    ("ignoreCase null", on("a", "in", "x", ignoreCase=None)),
    ("ignoreCase a string", on("a", "in", "x", ignoreCase="true")),
    ("ignoreCase a number", on("a", "in", "x", ignoreCase=1)),
    ("exists with a value", on("a", "exists", "x")),
    ("exists with values null", {"attribute": "a", "op": "exists", "values": None}),
    ("exists with values an object", {"attribute": "a", "op": "exists", "values": {}}),
    ("exists with ignoreCase", {"attribute": "a", "op": "exists", "ignoreCase": False}),
]
for label, condition in bad:
    B.condition(f"attribute condition, {label}", condition, broken=True)
for op, values, *_ in TABLE:
    if op != "exists":
        B.condition(f"{op} {values}, values empty".replace("'", ""), on("a", op), broken=True)
    for label, value in [("null", None), ("an array", [values[0]]), ("an object", {"v": values[0]})]:
        B.condition(f"{op} {values}, a value is {label}".replace("'", ""), on("a", op, values[0], value), broken=True)
    if op not in ("in", "starts_with", "ends_with", "contains", "matches"):
        for given in (True, False):
            B.condition(f"{op} with ignoreCase {given}", on("a", op, *values, ignoreCase=given), broken=True)
for op in ("starts_with", "ends_with", "contains", "matches"):
    for value in (1, True):
        B.condition(f"{op} with the literal {value}", on("a", op, value), broken=True)
for op in ("lt", "lte", "gt", "gte"):
    for value in ("", "x", "1.", ".5", "+1", " 1", "0x1", "1e400", "NaN", True):
        B.condition(f"{op} with the literal {value!r}", on("a", op, value), broken=True)
for op in ("before", "after"):
    for value in ("", "2026-01-01", "2026-01-01T00:00:00", "0", 0.5, True):
        B.condition(f"{op} with the literal {value!r}", on("a", op, value), broken=True)
for op in ("semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte"):
    for value in ("", "1", "1.2", "v1.2.3", 1, 1.2, True):
        B.condition(f"{op} with the literal {value!r}", on("a", op, value), broken=True)
for value in ("", "10.0.0.0/33", "10.0.0", "10.0.0.0/", "::/129", "localhost", 1, True):
    B.condition(f"cidr with the literal {value!r}", on("a", "cidr", value), broken=True)

# Nothing depends on the order of an object's members.
ordered = {"attribute": "a", "op": "in", "values": ["X"], "ignoreCase": True}
for names in itertools.permutations(ordered):
    B.condition(f"members in the order {' '.join(names)}", {name: ordered[name] for name in names}, ["x"], ["y"])
