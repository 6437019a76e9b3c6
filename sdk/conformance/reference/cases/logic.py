"""all, any, not; what breaks a condition."""

from cases.book import Book, Context, flag, flags, on, snapshot

A, NOT_A = on("a", "in", 1), {"not": on("a", "in", 1)}
T, F = {"all": []}, {"any": []}


def deep(levels, *forms):
    """A leaf under so many levels."""
    condition = A
    for i in range(levels):
        form = forms[i % len(forms)] if forms else "not"
        condition = {form: condition if form == "not" else [condition]}
    return condition


B = Book("logic.json", "conditions", "all, any and not, empty and nested; malformed conditions")
for label, condition, holds in [
    ("all of nothing", T, True), ("any of nothing", F, False), ("not all of nothing", {"not": T}, False), ("not any of nothing", {"not": F}, True),
    ("all of true", {"all": [T]}, True), ("all of false", {"all": [F]}, False), ("any of true", {"any": [T]}, True), ("any of false", {"any": [F]}, False),
    ("all true true", {"all": [T, T]}, True), ("all true false", {"all": [T, F]}, False), ("all false true", {"all": [F, T]}, False), ("all false false", {"all": [F, F]}, False),
    ("any true true", {"any": [T, T]}, True), ("any true false", {"any": [T, F]}, True), ("any false true", {"any": [F, T]}, True), ("any false false", {"any": [F, F]}, False),
    ("not not true", {"not": {"not": T}}, True), ("not not false", {"not": {"not": F}}, False), ("three nots", {"not": {"not": {"not": T}}}, False),
    ("all of empty any", {"all": [{"any": []}]}, False), ("any of empty all", {"any": [{"all": []}]}, True),
    ("all of any of all", {"all": [{"any": [{"all": [T, F]}, {"all": [T]}]}, {"not": F}]}, True),
    ("De Morgan, all", {"not": {"all": [T, F]}}, True), ("De Morgan, any", {"any": [{"not": T}, {"not": F}]}, True),
    ("no-op nesting", {"all": [{"all": [{"any": [{"any": [T]}]}]}]}, True),
    ("percentage 100 in not", {"not": {"percentage": 100}}, False), ("percentage 0 in not", {"not": {"percentage": 0}}, True),
]:  # fmt: skip
    B.condition(label, condition, [Context()] if holds else [], [] if holds else [Context()])
for label, condition, yes, no in [
    ("all of two", {"all": [A, on("b", "in", 1)]}, [Context(a=1, b=1)], [Context(a=1), Context(b=1), Context(a=1, b=2), Context()]),
    ("any of two", {"any": [A, on("b", "in", 1)]}, [Context(a=1), Context(b=1), Context(a=2, b=1)], [Context(a=2, b=2), Context()]),
    ("not of a leaf on a missing attribute", NOT_A, [Context(), Context(a=None), Context(a="1"), Context(a=True), Context(a=[]), Context(a={})], [Context(a=1), Context(a=[2, 1])]),
    ("not of numbers on a wrong type", {"not": on("a", "gt", 5)}, [Context(a="x"), Context(a=True), Context(), Context(a=5)], [Context(a=6), Context(a="6")]),
    ("neither of two", {"not": {"any": [A, on("b", "in", 1)]}}, [Context(), Context(a=2)], [Context(a=1), Context(b=1)]),
    ("one but not the other", {"all": [A, {"not": on("b", "in", 1)}]}, [Context(a=1), Context(a=1, b=2)], [Context(a=1, b=1), Context()]),
    ("array: not in means no element is in", {"not": on("a", "in", 1)}, [Context(a=[2, 3])], [Context(a=[2, 1])]),
    # the negation of each is run too, and must stay within depth 16
    ("depth 15 through nots", deep(14), [Context(a=1)], [Context()]),
    ("depth 15 through all and any", deep(14, "all", "any"), [Context(a=1)], [Context()]),
]:  # fmt: skip
    B.condition(label, condition, yes, no)

P = {"percentage": 50}
WORLD = snapshot(
    flags(flag("g")),
    {"s": {"included": ["u-1"]}},
    {"l": {}, "bad": {"by": []}},
)
B = Book("conditions-broken.json", "conditions", "What breaks a condition, and with it its flag", WORLD)
for label, condition in [
    ("null", None), ("a string", "x"), ("true", True), ("an array", [A]), ("a number", 1), ("an empty object", {}), ("an unknown form", {"none": [A]}),
    ("all null", {"all": None}), ("all an object", {"all": A}), ("any an object", {"any": A}), ("any a string", {"any": "x"}), ("all of null", {"all": [None]}), ("any of a string", {"any": ["x"]}),
    ("not null", {"not": None}), ("not an array", {"not": [A]}), ("not of an empty object", {"not": {}}), ("not a boolean", {"not": True}),
    ("two forms", {"all": [A], "any": [A]}), ("all beside not", {"all": [], "not": A}), ("all beside an unknown member", {"all": [], "comment": "x"}),
    ("any beside an unknown member", {"any": [], "description": "x"}), ("not beside an unknown member", {"not": A, "description": "x"}),
    ("not beside null", {"not": A, "all": None}), ("all beside op", {"all": [A], "op": "in"}),
    ("segment null", {"segment": None}), ("segment unknown", {"segment": "nobody"}), ("segment an array", {"segment": ["s"]}), ("segments", {"segments": ["s"]}), ("segment beside by", {"segment": "s", "by": ["a"]}),
    ("segment beside an unknown member", {"segment": "s", "x": 1}), ("attribute beside segment", {**A, "segment": "s"}), ("attribute beside not", {**A, "not": T}), ("attribute beside percentage", {**A, "percentage": 5}),
    ("flag null", {"flag": None, "variants": ["on"]}), ("flag without variants", {"flag": "g"}), ("flag with variants empty", {"flag": "g", "variants": []}), ("flag with variants null", {"flag": "g", "variants": None}),
    ("flag with variants a string", {"flag": "g", "variants": "on"}), ("flag with variant", {"flag": "g", "variant": "on"}), ("flag with an unknown variant", {"flag": "g", "variants": ["on", "nope"]}), ("flag with a variant that is no string", {"flag": "g", "variants": [True]}),
    ("flag with a null variant", {"flag": "g", "variants": ["on", None]}), ("flag unknown", {"flag": "nothing", "variants": ["on"]}), ("flag beside an unknown member", {"flag": "g", "variants": ["on"], "negate": True}), ("itself", {"flag": "f", "variants": ["on"]}), ("itself in a not", {"not": {"flag": "f", "variants": ["on"]}}), ("a variant of a flag by case", {"flag": "g", "variants": ["On"]}),
    ("percentage null", {"percentage": None}), ("percentage a string", {"percentage": "5"}), ("percentage a boolean", {"percentage": True}), ("percentage an object", {"percentage": {"from": 0, "to": 5}}), ("percentage negative", {"percentage": -1}), ("percentage -0.001", {"percentage": -0.001}),
    ("percentage above 100", {"percentage": 100.001}), ("percentage 101", {"percentage": 101}), ("percentage of four decimals", {"percentage": 0.0005}), ("percentage of four decimals, 33.3333", {"percentage": 33.3333}), ("range empty", {"percentage": []}), ("range of one", {"percentage": [5]}),
    ("range of three", {"percentage": [0, 5, 10]}), ("range reversed", {"percentage": [10, 5]}), ("range with null", {"percentage": [None, 5]}), ("range with a string", {"percentage": [0, "5"]}), ("range beyond 100", {"percentage": [50, 150]}), ("range below 0", {"percentage": [-5, 5]}), ("range of four decimals", {"percentage": [0.0001, 5]}), ("range of booleans", {"percentage": [False, True]}),
    ("percentage by a string", {**P, "by": "userId"}), ("percentage by nothing", {**P, "by": []}), ("percentage by null", {**P, "by": None}), ("percentage by [null]", {**P, "by": [None]}), ("percentage by a number", {**P, "by": [1]}), ("percentage by $now", {**P, "by": ["$now"]}), ("percentage by $foo", {**P, "by": ["$foo"]}), ("percentage by the empty name", {**P, "by": [""]}), ("percentage by a bad pointer", {**P, "by": ["/a//b"]}), ("percentage by good and bad", {**P, "by": ["a", "$now"]}),
    ("percentage with a layer beside a by", {**P, "by": ["a"], "layer": "l"}), ("percentage with an unknown layer", {**P, "layer": "nowhere"}), ("percentage with layer null", {**P, "layer": None}), ("percentage with layer an array", {**P, "layer": ["l"]}), ("percentage with a salt", {**P, "salt": "x"}), ("percentage with a seed", {**P, "seed": 1}), ("percent", {"percent": 5}), ("layer alone", {"layer": "l"}), ("a malformed layer", {**P, "layer": "bad"}), ("100 percent with an unknown layer", {"percentage": 100, "layer": "nowhere"}), ("100 percent by $now", {"percentage": 100, "by": ["$now"]}),
]:  # fmt: skip
    B.condition(label, condition, broken=True)
    B.condition(f"{label}, in an any whose first holds", {"any": [T, condition]}, broken=True)
B.condition("sound beside them", {"all": [{"flag": "g", "variants": ["off"]}, {"segment": "s"}]}, [Context(targetingKey="u-1")], [Context()])
