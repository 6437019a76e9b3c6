"""Percentages over the golden buckets of section 3, units, segments and flag conditions."""

from cases.book import Book, Context, flag, flags, on, raw, snapshot, whole

# Salts with golden vectors. Gate buckets: user-1 10345, user-42 95791, 4711 41728; org-7 16970; é 14472, 日本 49782, "a b:c" 42401.
LAYERS = {
    "checkout": {"salt": "new_checkout_flow"},
    "new_checkout_flow": {},
    "null-salt": {"salt": None, "by": None},
    "by-user": {"salt": "new_checkout_flow", "by": ["userId"]},
    "by-either": {"salt": "new_checkout_flow", "by": ["userId", "sessionId"]},
    "by-random": {"salt": "new_checkout_flow", "by": ["$random"]},
    "by-instance": {"salt": "new_checkout_flow", "by": ["$instance"]},
    "by-user-or-random": {"salt": "new_checkout_flow", "by": ["userId", "$random"]},
    "by-user-or-instance": {"salt": "new_checkout_flow", "by": ["userId", "$instance"]},
    "by-pointer": {"salt": "new_checkout_flow", "by": ["/user/id"]},
    "pricing": {"salt": "layer-pricing", "by": ["orgId"]},
    "s": {"unknown": True},
}
G = Book("gates.json", "conditions", "Percentages: ranges, borders, units, by and layers, over the golden buckets", snapshot(layers=LAYERS))


def gate(p, layer="checkout"):
    return {"percentage": p, "layer": layer}


def user(key):
    return Context(targetingKey=key)


one, many, number = user("user-1"), user("user-42"), user("4711")
everyone = [one, many, number, Context(), Context(targetingKey=""), Context(targetingKey=None), Context(userId="user-1")]
for label, condition, yes, no in [
    ("10.345", gate(10.345), [], [one]),
    ("10.346", gate(10.346), [one], [many, number]),
    ("[0, 10.346]", gate([0, 10.346]), [one], [many, number]),
    ("[10.345, 10.346]", gate([10.345, 10.346]), [one], [many, number]),
    ("[10.344, 10.345]", gate([10.344, 10.345]), [], [one]),
    ("[10.346, 100]", gate([10.346, 100]), [many, number], [one]),
    ("[10.345, 100]", gate([10.345, 100]), [one, many, number], [Context()]),
    ("[10.345, 10.345]", gate([10.345, 10.345]), [], everyone),
    ("[0, 0]", gate([0, 0]), [], everyone),
    ("0", gate(0), [], everyone),
    ("-0", gate(raw("-0.0")), [], everyone),
    ("100", gate(100), everyone, []),
    ("[0, 100]", gate([0, 100]), everyone, []),
    ("[100, 100]", gate([100, 100]), [], everyone),
    ("[0.001, 100]", gate([0.001, 100]), [one, many, number], [Context(), Context(targetingKey="")]),
    ("[0, 99.999]", gate([0, 99.999]), [one, many, number], [Context(), Context(targetingKey=None)]),
    ("41.728", gate(41.728), [one], [number]),
    ("41.729", gate(41.729), [one, number], [many]),
    ("95.791", gate(95.791), [one, number], [many]),
    ("95.792", gate(95.792), [one, number, many], [Context()]),
    ("50, spelled 5e1", gate(raw("5e1")), [one, number], [many]),
    ("50, spelled 50.000", gate(raw("50.000")), [one, number], [many]),
    ("a whole tolerance off: 41.7290000001", gate(41.7290000001), [number], [many]),
    ("a whole tolerance off: 41.7279999999", gate(41.7279999999), [], [number]),
    ("1e-10 is 0", gate(raw("1e-10")), [], everyone),
    # the salt of a layer that has none is its key
    ("a layer without salt, 10.346", gate(10.346, "new_checkout_flow"), [one], [many]),
    ("a layer without salt, 10.345", gate(10.345, "new_checkout_flow"), [], [one]),
    ("a layer with nulls has salt null-salt", {"all": [gate(100, "null-salt"), {"not": gate(0, "null-salt")}]}, [one], []),
    ("layer s with an unknown member, 14.473", gate(14.473, "s"), [user("é")], [user("e\u0301"), user("日本"), user("a b:c")]),
    ("layer s, 14.472", gate(14.472, "s"), [], [user("é")]),
    ("layer s, [49.782, 49.783]", gate([49.782, 49.783], "s"), [user("日本")], [user("é")]),
    ("layer s, [42.401, 42.402]", gate([42.401, 42.402], "s"), [user("a b:c")], [user("a b"), user("é")]),
    # the layer's own by
    ("pricing by orgId, [16.970, 16.971]", gate([16.97, 16.971], "pricing"), [Context(orgId="org-7"), Context(orgId="org-7", targetingKey="user-1")], [user("org-7"), Context(orgId="org-8"), Context()]),
    ("by userId", gate(10.346, "by-user"), [Context(userId="user-1"), Context(userId="user-1", targetingKey="user-42")], [one, Context(userId="user-42"), Context()]),
    ("by userId or sessionId", gate(10.346, "by-either"), [Context(userId="user-1"), Context(sessionId="user-1"), Context(userId="user-1", sessionId="user-42"), Context(userId=None, sessionId="user-1"), Context(userId="", sessionId="user-1"), Context(userId=1.5, sessionId="user-1"), Context(userId=True, sessionId="user-1"), Context(userId=["user-42"], sessionId="user-1"), Context(userId={"id": "user-42"}, sessionId="user-1"), Context(userId=2**53, sessionId="user-1")], [Context(userId="user-42", sessionId="user-1"), Context(userId=0, sessionId="user-1"), one, Context()]),
    ("by a pointer", gate(10.346, "by-pointer"), [Context(user={"id": "user-1"})], [Context(user="user-1"), Context(user=["user-1"]), Context(user={"ID": "user-1"}), whole({"/user/id": "user-1"}), one]),
]:  # fmt: skip
    G.condition(label, condition, yes, no)

only = gate([41.728, 41.729])
same = [4711, raw("4711.0"), raw("4.711e3"), raw("47110e-1"), "4711"]
other = ["04711", "4711.0", "+4711", " 4711", "4711 ", "4,711", "4.711e3", "\u0664\u0667\u0661\u0661"]
G.condition("units that are 4711", only, [user(u) for u in same], [user(u) for u in other])
by_a = {"percentage": [41.728, 41.729], "layer": "by-user"}
G.condition("what is no unit", by_a, no=[Context(userId=u) for u in (4711.5, True, False, None, "", [], [4711], ["4711"], {}, {"id": 4711}, 2**53, -(2**53))])

for label, layer, inputs, holds in [
    ("$random 4711", "by-random", {"random": 4711}, True), ("$random 4712", "by-random", {"random": 4712}, False), ("$random is not the context's", "by-random", {"random": 0}, False),
    ("$random after userId", "by-user-or-random", {"random": 4711}, True), ("$instance 4711", "by-instance", {"instance": "4711"}, True), ("$instance 4712", "by-instance", {"instance": "4712"}, False),
    ("no $instance", "by-instance", {}, False), ("$instance after userId", "by-user-or-instance", {"instance": "4711"}, True),
]:  # fmt: skip
    for context in (Context(), whole({"$random": 4711, "$instance": "4711"}), user("user-1")):
        G.condition(f"by {label}", gate([41.728, 41.729], layer), [context] if holds else [], [] if holds else [context], **inputs)
G.condition("userId before $random", gate([41.728, 41.729], "by-user-or-random"), [Context(userId=4711)], [Context(userId=1)], random=1)
G.condition("userId before $random, which would be in", gate([41.728, 41.729], "by-user-or-random"), [], [Context(userId="user-1")], random=4711)
for random in (0, 1, 2147483648, 4294967295):
    G.condition(f"$random {random} is a unit", gate([0, 99.999], "by-random"), [Context()], random=random)
G.condition("100 by $random", {"percentage": 100, "by": ["$random"]}, [Context()])
G.condition("100 by $instance, which is absent", {"percentage": 100, "by": ["$instance"]}, [Context()])
G.condition("99 by $instance, which is absent", {"percentage": 99, "by": ["$instance"]}, [], [Context(), whole({"$instance": "x"})])
G.condition("by may name one attribute twice over", {"percentage": [0, 100], "by": ["a", "/b/c", "$instance", "$random"]}, [Context()])
G.condition("two slots of a layer exclude each other", {"all": [gate([0, 50]), gate([50, 100])]}, [], [one, many, number, Context()])
G.condition("two slots of a layer cover all units", {"any": [gate([0, 50]), gate([50, 100])]}, [one, many, number], [Context()])
G.condition("a holdout", {"not": gate([90, 100])}, [one, number, Context()], [many])

# Segments. The percentage in one uses its own salt and targetingKey, never the segment's `by`.
SEGMENTS = {
    "listed": {"included": ["u-1", 7, "8", 9.0], "excluded": ["u-2"]},
    "conditional": {"included": ["u-1"], "excluded": ["u-2"], "when": on("plan", "in", "pro")},
    "both-lists": {"included": ["u-1"], "excluded": ["u-1", "u-2"], "when": {"all": []}},
    "by-org": {"by": ["orgId"], "included": ["o-1"], "excluded": ["o-2"], "when": {"all": []}},
    "by-two": {"by": ["orgId", "userId"], "included": ["x-1"], "excluded": ["x-2"], "when": {"all": []}},
    "by-instance": {"by": ["$instance"], "included": ["i-1"]},
    "empty": {},
    "nulls": {"salt": None, "by": None, "included": None, "excluded": None, "when": None},
    "never": {"when": {"any": []}},
    "always": {"when": {"all": []}},
    "salted": {"salt": "new_checkout_flow", "by": ["orgId"], "included": ["o-1"], "when": {"percentage": 10.346}},
    "new_checkout_flow": {"when": {"percentage": [10.345, 10.346]}},
    "salted-by": {"salt": "new_checkout_flow", "when": {"percentage": [10.345, 10.346], "by": ["userId"]}},
    "through-layer": {"salt": "other", "when": {"percentage": [16.97, 16.971], "layer": "pricing"}},
    "nested": {"excluded": ["u-3"], "when": {"any": [{"segment": "listed"}, {"segment": "salted"}]}},
    "nested-not": {"when": {"not": {"segment": "listed"}}},
    "third": {"when": {"segment": "nested"}},
    "of-flag": {"when": {"flag": "ready", "variants": ["on"]}},
    "unknown-member": {"name": "x", "version": "y", "included": ["u-1"]},
    "text-only": {"included": ["4711"]},
    "number-only": {"included": [4711], "excluded": [-5]},
    "excluded-only": {"excluded": ["u-2"]},
    "deep": {"when": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": on("plan", "in", "pro")}}}}}}}}}}}}}}}},
}  # fmt: skip
READY = flag("ready", rules=[{"id": "r", "when": on("ready", "in", True), "serve": {"variant": "on"}}])
S = Book("segments.json", "conditions", "Segments: lists, when, by, salt, segments in segments", snapshot(flags(READY), SEGMENTS, LAYERS))


def segment(key, yes, no=(), **inputs):
    S.condition(f"segment {key}", {"segment": key}, yes, no, **inputs)


pro = {"plan": "pro"}
segment("listed", [user("u-1"), user(7), user("7"), user(8), user("8"), user(9), user("9"), user(7.0)], [user("u-2"), user("u-3"), user("U-1"), user(" u-1"), Context(), user(""), user("7.0"), Context(userId="u-1")])
segment("conditional", [user("u-1"), Context(targetingKey="u-3", **pro), Context(targetingKey="u-1", **pro), Context(**pro)], [user("u-2"), Context(targetingKey="u-2", **pro), user("u-3"), Context()])
segment("both-lists", [user("u-1"), user("u-3"), Context()], [user("u-2")])
segment("by-org", [Context(orgId="o-1"), Context(orgId="o-3"), Context(), user("o-2"), Context(orgId="o-1", targetingKey="o-2")], [Context(orgId="o-2"), Context(orgId="o-2", targetingKey="o-1")])
segment("by-two", [Context(orgId="x-1", userId="x-2"), Context(orgId="x-3", userId="x-2"), Context(userId="x-1"), Context()], [Context(orgId="x-2", userId="x-1"), Context(userId="x-2"), Context(orgId="", userId="x-2"), Context(orgId=["x-1"], userId="x-2")])
segment("by-instance", [], [Context(), user("i-1"), whole({"$instance": "i-1"})])
segment("by-instance", [Context()], [], instance="i-1")
segment("empty", [], [user("u-1"), Context()])
segment("nulls", [], [user("u-1"), Context()])
segment("never", [], [user("u-1"), Context()])
segment("always", [user("u-1"), Context(), user("")])
segment("salted", [user("user-1"), Context(orgId="o-1"), Context(orgId="o-1", targetingKey="user-42"), Context(orgId="user-42", targetingKey="user-1")], [user("user-42"), Context(orgId="user-1"), Context(), Context(orgId="user-1", targetingKey="user-42")])
segment("new_checkout_flow", [user("user-1")], [user("user-42"), user("4711"), Context()])
segment("salted-by", [Context(userId="user-1")], [user("user-1"), Context()])
segment("through-layer", [Context(orgId="org-7")], [user("org-7"), Context()])
segment("nested", [user("u-1"), user(7), user("user-1"), Context(orgId="o-1")], [user("u-3"), Context(targetingKey="u-3", orgId="o-1"), user("u-2"), user("user-42"), Context()])
segment("nested-not", [user("u-2"), user("u-3"), Context()], [user("u-1"), user(8)])
segment("third", [user("u-1"), user("user-1")], [user("u-3"), Context()])
segment("of-flag", [Context(ready=True)], [Context(), Context(ready="true")])
segment("unknown-member", [user("u-1")], [user("u-2")])
segment("text-only", [user("4711"), user(4711), user(4711.0)], [user("04711"), user(4712)])
segment("number-only", [user("4711"), user(4711)], [user(-5), user("-5"), user("4711.0")])
segment("excluded-only", [], [user("u-1"), user("u-2"), Context()])
segment("deep", [Context(), Context(plan="free")], [Context(**pro)])
S.condition("two segments", {"all": [{"segment": "listed"}, {"segment": "conditional"}]}, [user("u-1"), Context(targetingKey=7, **pro)], [user(7), Context(**pro)])
S.condition("in one and not in the other", {"all": [{"segment": "always"}, {"not": {"segment": "listed"}}]}, [user("u-2"), Context()], [user("u-1")])

# `flag` conditions.
ON = {"variant": "on"}
OTHERS = flags(
    flag("always-on", fallthrough=ON), flag("always-off"), flag("disabled-on", enabled=False, fallthrough=ON, offVariant="on"), flag("disabled-off", enabled=False, offVariant="off"),
    flag("no-off-variant", enabled=True, fallthrough=ON, prerequisites=[{"flag": "always-off", "variants": ["on"]}]),
    flag("off-variant-by-prerequisite", fallthrough={"variant": "off"}, offVariant="on", prerequisites=[{"flag": "always-off", "variants": ["on"]}]),
    flag("split", fallthrough={"split": [{"variant": "on", "weight": 100000}]}),
    flag("split-by-user", fallthrough={"split": [{"variant": "on", "weight": 100000}], "by": ["userId"]}),
    flag("overridden", fallthrough={"variant": "off"}, override={"variant": "on", "percentage": 100, "salt": "x", "cause": "killSwitch:x"}),
    flag("overridden-off", fallthrough=ON, override={"variant": "off", "percentage": 100, "salt": "x", "cause": "killSwitch:x"}),
    flag("disabled-overridden", enabled=False, override={"variant": "on", "percentage": 100, "salt": "x", "cause": "killSwitch:x"}),
    flag("broken", fallthrough=ON, rules=[{"id": "r", "nonsense": 1, "serve": ON}]),
    flag("broken-variants", variants={"on": True, "off": None}, fallthrough=ON),
    flag("targeted", targets=[{"values": ["u-1"], "variant": "on"}]),
    flag("ruled", rules=[{"id": "r", "when": on("a", "in", 1), "serve": ON}]),
    flag("gated", salt="new_checkout_flow", rules=[{"id": "r", "when": {"percentage": 10.346}, "serve": ON}]),
    flag("of-always-on", rules=[{"id": "r", "when": {"flag": "always-on", "variants": ["on"]}, "serve": ON}]),
    {"key": "text", "type": "string", "enabled": True, "variants": {"a": "x", "b": "y", "c": "z"}, "fallthrough": {"variant": "b"}, "rules": [{"id": "r", "when": on("a", "in", 1), "serve": {"variant": "c"}}]},
    {"key": "object", "type": "object", "enabled": True, "variants": {"on": {}}, "fallthrough": ON},
)  # fmt: skip
D = Book("flag-conditions.json", "conditions", "Conditions on what another flag serves", snapshot(OTHERS))
for key, variants, yes, no in [
    ("always-on", ["on"], [Context()], []), ("always-on", ["off"], [], [Context()]), ("always-on", ["on", "off"], [Context()], []), ("always-off", ["off"], [Context()], []), ("always-off", ["on"], [], [Context()]),
    ("disabled-on", ["on"], [], [Context()]), ("disabled-on", ["on", "off"], [], [Context()]), ("disabled-off", ["off"], [], [Context()]),
    ("no-off-variant", ["on", "off"], [], [Context()]), ("off-variant-by-prerequisite", ["on"], [Context()], []), ("off-variant-by-prerequisite", ["off"], [], [Context()]),
    ("split", ["on"], [user("u")], [Context(), user("")]), ("split-by-user", ["on"], [Context(userId="u")], [user("u"), Context()]), ("split", ["off"], [], [user("u"), Context()]),
    ("overridden", ["on"], [Context()], []), ("overridden", ["off"], [], [Context()]), ("overridden-off", ["on"], [], [Context()]), ("overridden-off", ["off"], [Context()], []), ("disabled-overridden", ["on", "off"], [], [Context()]),
    ("broken", ["on"], [], [Context()]), ("broken", ["on", "off"], [], [Context()]), ("broken-variants", ["on"], [], [Context()]), ("broken-variants", ["off"], [], [Context()]),
    ("targeted", ["on"], [user("u-1")], [user("u-2"), Context()]), ("ruled", ["on"], [Context(a=1)], [Context(a=2), Context()]), ("gated", ["on"], [user("user-1")], [user("user-42"), Context()]), ("of-always-on", ["on"], [Context()], []),
    ("text", ["b"], [Context(), Context(a=2)], [Context(a=1)]), ("text", ["c"], [Context(a=1)], [Context()]), ("text", ["a"], [], [Context(), Context(a=1)]), ("text", ["a", "b", "c"], [Context(), Context(a=1)], []), ("object", ["on"], [Context()], []),
]:  # fmt: skip
    D.condition(f"flag {key} serves {' or '.join(variants)}", {"flag": key, "variants": variants}, yes, no)
