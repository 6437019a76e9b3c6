"""What breaks a flag, what does not, what a broken thing takes with it, and which snapshot is refused whole."""

from cases.book import Book, flag, flags, on, raw, snapshot

ON = {"variant": "on"}
OK = flag("ok")
SEGMENTS = {"s": {"included": ["u-1"]}, "s-bad": {"by": []}}
LAYERS = {"l": {}, "l-bad": {"by": []}}
HALF = [{"variant": "on", "weight": 50000}, {"variant": "off", "weight": 50000}]
LEAF = on("a", "in", 1)


def without(document, *names):
    return {k: v for k, v in document.items() if k not in names}


def rule(**more):
    return {"id": "r", "serve": ON, **more}


def world(*given, segments=None, layers=None):
    return snapshot(flags(OK, *given), segments or {}, layers or {})


class Documents(Book):
    """Flag `f` beside a sound one, which must stay so."""

    def breaks(self, name, document, key="f", **more):
        self.add(name, snapshot=snapshot({"ok": OK, key: document}, more.get("segments", {}), more.get("layers", {})), broken=[key])

    def sound(self, name, document, key="f", **more):
        self.add(f"sound: {name}", snapshot=snapshot({"ok": OK, key: document}, more.get("segments", {}), more.get("layers", {})), broken=[])


# --- members of a flag -----------------------------------------------------------------------------------------------

B = Documents("broken-flags.json", "documents", "What breaks a flag by itself, member by member; and what is ignored or defaulted")
f = flag()
for document in (None, 5, "f", True, [], [f]):
    B.breaks(f"a flag that is {document if not isinstance(document, list) else 'an array of ' + str(len(document))}", document)
B.breaks("an empty flag", {})
for name in ("key", "type", "variants", "enabled", "fallthrough"):
    B.breaks(f"no {name}", without(f, name))
    B.breaks(f"{name} null", {**f, name: None})
for name, values in {
    "key": [5, True, [], {}, "", "g", "F", "-f", "f "], "type": ["bool", "Boolean", "integer", "float", "json", "", 5, True, [], {}], "salt": [5, True, [], {}], "version": ["1", 1.5, True, [], {}], "enabled": ["true", 1, 0, [], {}],
    "variants": [[], {}, "on", 5, True, [True]], "offVariant": ["nope", "", "OFF", 5, True, False, [], {}], "prerequisites": [{}, "x", 5, True], "targets": [{}, "x", 5, True], "rules": [{}, "x", 5, True], "fallthrough": [[], "on", 5, True, {}, ["on"]], "clientVisible": ["yes", 1, [], {}], "metadata": [[], "x", 5, True], "override": [[], "x", 5, True, {}],
}.items():  # fmt: skip
    for value in values:
        B.breaks(f"{name} is {value!r}", {**f, name: value})
for name in ("salt", "version", "offVariant", "prerequisites", "targets", "rules", "clientVisible", "metadata", "override"):
    B.sound(f"{name} null counts as absent", {**f, name: None})
for name, value in [("salt", "x"), ("salt", "f:g é"), ("version", 0), ("version", 3), ("version", raw("3.0")), ("version", raw("1e2")), ("offVariant", "on"), ("prerequisites", []), ("targets", []), ("rules", []), ("clientVisible", True), ("clientVisible", False), ("metadata", {}), ("metadata", {"a": "x", "b": 1, "c": True}), ("metadata", {"a": None})]:  # fmt: skip
    B.sound(f"{name} is {value!r}".replace("\\x01raw ", ""), {**f, name: value})
for name in ("unknown", "Rules", "variant", "off_variant", "comment", "$schema", "", "prerequisite", "targetingKey", "state"):
    for value in (1, "x", {"a": [1]}):
        B.sound(f"unknown member {name!r} {value!r} is ignored", {**f, name: value})
for name in ("ruleId", "version", "cause", "prerequisite"):
    B.breaks(f"metadata names the reserved {name}", {**f, "metadata": {name: "x"}})
for name in ("ruleid", "Version", "causes", "prerequisites", "rule", "variant", "reason", "value"):
    B.sound(f"metadata may name {name}", {**f, "metadata": {name: "x"}})

# keys
good_keys = ["a", "A", "0", "9f", "a.b", "a_b", "a-b", "a.-_", "x" * 100, "target", "null", "a..b", "a-", "a.", "a_", "CamelCase", "constructor", "toString"]
bad_keys = ["", "-a", ".a", "_a", "$a", "a b", " a", "a ", "a/b", "a:b", "a@b", "a~b", "a%b", "a\\b", "a\n", "é", "aé", "日本", "\uff41", "a+b", "x" * 101, "a#b", "__proto__", "a,b"]
for key in good_keys:
    B.sound(f"flag key {key[:24]!a}", flag(key), key)
    B.sound(f"variant name {key[:24]!a}", flag(variants={key: True}, fallthrough={"variant": key}))
    B.sound(f"segment key {key[:24]!a}", flag(rules=[rule(when={"segment": key})]), segments={key: {}})
    B.sound(f"layer key {key[:24]!a}", flag(rules=[rule(when={"percentage": 5, "layer": key})]), layers={key: {}})
for key in bad_keys:
    B.breaks(f"flag key {key[:24]!a}", flag(key), key)
    B.breaks(f"variant name {key[:24]!a}", flag(variants={key: True, "on": True}, fallthrough=ON))
    B.breaks(f"variant name {key[:24]!a}, the only one", flag(variants={key: True}, fallthrough={"variant": key}))
for key in bad_keys:
    B.breaks(f"segment key {key[:24]!a}", flag(rules=[rule(when={"segment": key})]), segments={key: {}})
    B.breaks(f"layer key {key[:24]!a}", flag(rules=[rule(when={"percentage": 5, "layer": key})]), layers={key: {}})
    B.add(f"unused segment key {key[:24]!a}", snapshot=snapshot(flags(OK), {key: {}}), broken=[])
B.breaks("a flag's key is its key in flags", flag("g"), "f")
B.breaks("a flag's key is its key in flags, case matters", flag("F"), "f")
for id in ["a", "a/b", "0", "a/b/c-d_e.f", "x" * 100, "Target", "target/1", "targets", "a//b", "a/"]:
    B.sound(f"rule id {id[:24]!a}", flag(rules=[rule(id=id)]))
for id in ["", "/a", "-a", ".a", "_a", "a b", "a:b", "é", "x" * 101, "target", "a\n", "$a", "a~b"]:
    B.breaks(f"rule id {id[:24]!a}", flag(rules=[rule(id=id)]))
B.breaks("two rules of one id", flag(rules=[rule(), rule()]))
B.breaks("two rules of one id, apart", flag(rules=[rule(), rule(id="s"), rule()]))
B.sound("two rules whose ids differ in case", flag(rules=[rule(id="r"), rule(id="R")]))

# variants
for kind, good, bad in [
    ("boolean", [True, False], ["true", 1, 0, {}, [], None]), ("string", ["", "x", "true", "1", "\u0001", "é\U0001f600"], [1, True, {}, ["x"], None]),
    ("number", [0, -1, 1.5, raw("1e300"), raw("-0"), raw("3.0"), 2**70], ["1", True, {}, [1], None]), ("object", [{}, {"a": None}, {"a": [None, {"b": [1, "x", True]}]}, {"": {"": {}}}], [[], [{}], "x", 1, True, None]),
]:  # fmt: skip
    for value in good:
        B.sound(f"{kind} variant {value!r}".replace("\\x01raw ", ""), {**f, "type": kind, "variants": {"v": value}, "fallthrough": {"variant": "v"}})
    for value in bad:
        B.breaks(f"{kind} variant {value!r}", {**f, "type": kind, "variants": {"v": value}, "fallthrough": {"variant": "v"}})
        B.breaks(f"{kind} variant {value!r}, which nothing serves", {**f, "type": kind, "variants": {"v": good[0], "w": value}, "fallthrough": {"variant": "v"}})

# fallthrough and serve
SERVES = {
    "neither": {}, "variant unknown": {"variant": "nope"}, "variant by case": {"variant": "On"}, "variant null": {"variant": None}, "variant a boolean": {"variant": True}, "variant an array": {"variant": ["on"]}, "variant and split": {"variant": "on", "split": HALF}, "variant and split null": {"variant": "on", "split": None}, "split and variant null": {"split": HALF, "variant": None},
    "by beside variant": {"variant": "on", "by": ["a"]}, "layer beside variant": {"variant": "on", "layer": "l"}, "by null beside variant": {"variant": "on", "by": None}, "by alone": {"by": ["a"]}, "layer alone": {"layer": "l"}, "unknown beside variant": {"variant": "on", "value": True}, "unknown null beside variant": {"variant": "on", "x": None}, "unknown beside split": {"split": HALF, "seed": 1}, "salt beside split": {"split": HALF, "salt": "x"},
    "split null": {"split": None}, "split an object": {"split": {"on": 100000}}, "split a string": {"split": "on"}, "split empty": {"split": []}, "split by a string": {"split": HALF, "by": "a"}, "split by nothing": {"split": HALF, "by": []}, "split by null": {"split": HALF, "by": None}, "split by a null": {"split": HALF, "by": [None]}, "split by a number": {"split": HALF, "by": [1]}, "split by $now": {"split": HALF, "by": ["$now"]}, "split by $x": {"split": HALF, "by": ["a", "$x"]}, "split by a bad pointer": {"split": HALF, "by": ["/"]},
    "split with a layer beside a by": {"split": HALF, "layer": "l", "by": ["a"]}, "split with an unknown layer": {"split": HALF, "layer": "nowhere"}, "split with layer null": {"split": HALF, "layer": None}, "split with a malformed layer": {"split": HALF, "layer": "l-bad"}, "split with layer an array": {"split": HALF, "layer": ["l"]},
    "slot null": {"split": [*HALF, None]}, "slot a string": {"split": ["on"]}, "slot an array": {"split": [["on", 100000]]}, "slot without variant": {"split": [{"weight": 100000}]}, "slot without weight": {"split": [{"variant": "on"}]}, "slot variant unknown": {"split": [{"variant": "nope", "weight": 100000}]}, "slot variant unknown of weight 0": {"split": [{"variant": "on", "weight": 100000}, {"variant": "nope", "weight": 0}]}, "slot variant null": {"split": [{"variant": None, "weight": 100000}]}, "slot with an unknown member": {"split": [{"variant": "on", "weight": 100000, "name": "x"}]}, "slot with an unknown null": {"split": [{"variant": "on", "weight": 100000, "name": None}]},
    "weight null": {"split": [{"variant": "on", "weight": None}]}, "weight a string": {"split": [{"variant": "on", "weight": "100000"}]}, "weight a boolean": {"split": [{"variant": "on", "weight": 99999}, {"variant": "off", "weight": True}]}, "weight not integral": {"split": [{"variant": "on", "weight": 50000.5}, {"variant": "off", "weight": 49999.5}]}, "weight negative": {"split": [{"variant": "on", "weight": 100001}, {"variant": "off", "weight": -1}]}, "weights sum to 99999": {"split": [{"variant": "on", "weight": 99999}]}, "weights sum to 100001": {"split": [{"variant": "on", "weight": 100000}, {"variant": "off", "weight": 1}]}, "weights sum to 100": {"split": [{"variant": "on", "weight": 100}]}, "weights sum to 0": {"split": [{"variant": "on", "weight": 0}]}, "weights huge": {"split": [{"variant": "on", "weight": 4295067296}]}, "weights huger": {"split": [{"variant": "on", "weight": raw("1e300")}, {"variant": "off", "weight": raw("1e300")}]}, "weights per cent": {"split": [{"variant": "on", "weight": 50}, {"variant": "off", "weight": 50}]},
}  # fmt: skip
GOOD_SERVES = {
    "variant": ON, "split": {"split": HALF}, "one slot": {"split": [{"variant": "on", "weight": 100000}]}, "weights spelled as floats": {"split": [{"variant": "on", "weight": raw("50000.0")}, {"variant": "off", "weight": raw("5e4")}]}, "weight 0": {"split": [{"variant": "on", "weight": 0}, {"variant": "off", "weight": 100000}]}, "a variant twice": {"split": [{"variant": "on", "weight": 30000}, {"variant": "off", "weight": 40000}, {"variant": "on", "weight": 30000}]},
    "split by": {"split": HALF, "by": ["a", "/b/c"]}, "split by $random": {"split": HALF, "by": ["$random"]}, "split by $instance": {"split": HALF, "by": ["$instance"]}, "split by a layer": {"split": HALF, "layer": "l"}, "weight -0": {"split": [{"variant": "on", "weight": 100000}, {"variant": "off", "weight": raw("-0")}]},
}  # fmt: skip
for label, serve in SERVES.items():
    B.breaks(f"fallthrough: {label}", {**f, "fallthrough": serve}, layers=LAYERS)
    B.breaks(f"serve: {label}", flag(rules=[{"id": "r", "serve": serve}]), layers=LAYERS)
for label, serve in GOOD_SERVES.items():
    B.sound(f"fallthrough: {label}", {**f, "fallthrough": serve}, layers=LAYERS)
    B.sound(f"serve: {label}", flag(rules=[{"id": "r", "serve": serve}]), layers=LAYERS)

# rules
for label, r in {
    "null": None, "a string": "r", "an array": [], "empty": {}, "no id": {"serve": ON}, "no serve": {"id": "r"}, "id null": rule(id=None), "id a number": rule(id=5), "serve null": rule(serve=None), "serve a string": rule(serve="on"), "serve an array": rule(serve=[]), "when null": rule(when=None), "when true": rule(when=True), "when an array": rule(when=[LEAF]), "when empty": rule(when={}),
    "description null": rule(description=None), "description a number": rule(description=5), "description an object": rule(description={}), "track null": rule(track=None), "track a string": rule(track="run"), "track an array": rule(track=[]), "unknown member": rule(comment="x"), "unknown null": rule(comment=None), "variant beside serve": rule(variant="on"), "enabled": rule(enabled=True), "salt": rule(salt="x"), "when misspelt": rule(When=LEAF), "a condition for when": rule(**LEAF),
    "track without run": rule(track={}), "track run null": rule(track={"run": None}), "track run a number": rule(track={"run": 5}), "track arm null": rule(track={"run": "x", "arm": None}), "track arm a number": rule(track={"run": "x", "arm": 5}), "track arm beside a split": rule(serve={"split": HALF}, track={"run": "x", "arm": "a"}), "track by null": rule(track={"run": "x", "by": None}), "track by a string": rule(track={"run": "x", "by": "a"}), "track by nothing": rule(track={"run": "x", "by": []}), "track by $random": rule(track={"run": "x", "by": ["$random"]}), "track by $now": rule(track={"run": "x", "by": ["$now"]}), "track by a bad pointer": rule(track={"run": "x", "by": ["/a/"]}),
}.items():  # fmt: skip
    B.breaks(f"rule: {label}", flag(rules=[r]))
    B.breaks(f"rule after another: {label}", flag(rules=[rule(id="first"), r]))
for label, r in {
    "id and serve": rule(), "description": rule(description="for people"), "description empty": rule(description=""), "track": rule(track={"run": "x"}), "track with arm": rule(track={"run": "x", "arm": "a"}), "track by": rule(track={"run": "x", "by": ["a", "/b", "$instance"]}), "track of a split": rule(serve={"split": HALF}, track={"run": "x"}), "unknown in a track": rule(track={"run": "x", "note": 5}), "when all of nothing": rule(when={"all": []}),
}.items():  # fmt: skip
    B.sound(f"rule: {label}", flag(rules=[r]))

# targets
t = {"values": ["u-1"], "variant": "on"}
for label, target in {
    "null": None, "a string": "u-1", "an array": ["u-1"], "empty": {}, "no values": without(t, "values"), "no variant": without(t, "variant"), "values null": {**t, "values": None}, "values empty": {**t, "values": []}, "values a string": {**t, "values": "u-1"}, "value null": {**t, "values": ["u-1", None]}, "value empty": {**t, "values": [""]}, "value not integral": {**t, "values": [1.5]}, "value true": {**t, "values": [True]}, "value an array": {**t, "values": [["u-1"]]}, "value an object": {**t, "values": [{}]}, "value 2^53": {**t, "values": [2**53]}, "value -2^53": {**t, "values": [-(2**53)]}, "value 1e300": {**t, "values": [raw("1e300")]},
    "variant null": {**t, "variant": None}, "variant unknown": {**t, "variant": "nope"}, "variant a boolean": {**t, "variant": True}, "by null": {**t, "by": None}, "by an array": {**t, "by": ["targetingKey"]}, "by a number": {**t, "by": 5}, "by the empty name": {**t, "by": ""}, "by $now": {**t, "by": "$now"}, "by $random": {**t, "by": "$random"}, "by $x": {**t, "by": "$x"}, "by a bad pointer": {**t, "by": "/a~"},
}.items():  # fmt: skip
    B.breaks(f"target: {label}", flag(targets=[target]))
for label, target in {"plain": t, "by": {**t, "by": "/org/id"}, "by $instance": {**t, "by": "$instance"}, "numbers": {**t, "values": [0, -1, raw("5.0"), 2**53 - 1, -(2**53) + 1, raw("-0")]}, "unknown member": {**t, "note": [1]}, "the same twice": {**t, "values": ["u-1", "u-1"]}}.items():  # fmt: skip
    B.sound(f"target: {label}", flag(targets=[target]))

# prerequisites
p = {"flag": "ok", "variants": ["on"]}
for label, prerequisite in {
    "null": None, "a string": "ok", "an array": ["ok"], "empty": {}, "no flag": without(p, "flag"), "no variants": without(p, "variants"), "flag null": {**p, "flag": None}, "flag a number": {**p, "flag": 5}, "flag unknown": {**p, "flag": "nothing"}, "flag by case": {**p, "flag": "OK"}, "variants null": {**p, "variants": None}, "variants empty": {**p, "variants": []}, "variants a string": {**p, "variants": "on"}, "variant unknown": {**p, "variants": ["on", "nope"]}, "variant null": {**p, "variants": ["on", None]}, "variant a boolean": {**p, "variants": [True]}, "variant for variants": {"flag": "ok", "variant": "on"}, "itself": {"flag": "f", "variants": ["on"]},
}.items():  # fmt: skip
    B.breaks(f"prerequisite: {label}", flag(prerequisites=[prerequisite]))
for label, prerequisite in {"plain": p, "all variants": {**p, "variants": ["on", "off"]}, "one twice": {**p, "variants": ["on", "on"]}, "unknown member": {**p, "note": 5}}.items():
    B.sound(f"prerequisite: {label}", flag(prerequisites=[prerequisite]))

# override
o = {"variant": "off", "percentage": 50, "salt": "k", "cause": "killSwitch:k"}
for name in o:
    B.breaks(f"override: no {name}", flag(override=without(o, name)))
    B.breaks(f"override: {name} null", flag(override={**o, name: None}))
for name, values in {"variant": ["nope", True, []], "percentage": ["50", True, [0, 50], [50], {}, -1, 101, 100.001, 0.0005, 33.3333], "salt": [5, True, []], "cause": [5, True, {}], "by": ["a", [], None, [None], [5], ["$random"], ["$now"], ["$x"], ["/"], [""]]}.items():  # fmt: skip
    for value in values:
        B.breaks(f"override: {name} is {value!r}", flag(override={**o, name: value}))
for name in ("layer", "id", "unknown", "enabled", "until"):
    B.breaks(f"override: unknown member {name}", flag(override={**o, name: "l"}), layers=LAYERS)
    B.breaks(f"override: unknown member {name} null", flag(override={**o, name: None}), layers=LAYERS)
for label, more in {"plain": {}, "0": {"percentage": 0}, "100": {"percentage": 100}, "33.333": {"percentage": 33.333}, "50.0": {"percentage": raw("50.0")}, "by": {"by": ["a", "/b", "$instance"]}}.items():
    B.sound(f"override: {label}", flag(override={**o, **more}))

# --- segments and layers, and what they break -------------------------------------------------------------------------

B = Documents("broken-references.json", "documents", "Broken segments and layers, references, cycles: what they break and what they leave")
uses_s = flag("f", rules=[rule(when={"segment": "s"})])
for label, s in {
    "null": None, "a string": "s", "an array": [], "salt a number": {"salt": 5}, "by a string": {"by": "a"}, "by nothing": {"by": []}, "by a null": {"by": [None]}, "by a number": {"by": [5]}, "by $random": {"by": ["$random"]}, "by $now": {"by": ["$now"]}, "by $x": {"by": ["$x"]}, "by a bad pointer": {"by": ["/a//b"]}, "by the empty name": {"by": [""]}, "included an object": {"included": {}}, "included a string": {"included": "u-1"}, "included empty text": {"included": [""]}, "included null": {"included": ["u", None]}, "included 1.5": {"included": [1.5]}, "included true": {"included": [True]}, "included 2^53": {"included": [2**53]}, "included an array": {"included": [["u"]]},
    "excluded a string": {"excluded": "u-1"}, "excluded empty text": {"excluded": ["u", ""]}, "excluded null": {"excluded": [None]}, "excluded 1.5": {"excluded": [1.5]}, "excluded -2^53": {"excluded": [-(2**53)]}, "when true": {"when": True}, "when an array": {"when": []}, "when empty": {"when": {}}, "when with an unknown member": {"when": {**LEAF, "x": 1}}, "when with a bad literal": {"when": on("a", "semver_eq", "x")}, "when with a bad pattern": {"when": on("a", "matches", "(")}, "when with an unknown segment": {"when": {"segment": "nobody"}}, "when with an unknown flag": {"when": {"flag": "nothing", "variants": ["on"]}}, "when with an unknown layer": {"when": {"percentage": 5, "layer": "nowhere"}}, "when with a malformed layer": {"when": {"percentage": 5, "layer": "l-bad"}}, "when of itself": {"when": {"segment": "s"}}, "when not of itself": {"when": {"not": {"segment": "s"}}},
}.items():  # fmt: skip
    B.breaks(f"segment: {label}", uses_s, segments={"s": s}, layers=LAYERS)
    B.add(f"segment that nobody uses: {label}", snapshot=snapshot(flags(OK, flag("f")), {"s": s}, LAYERS), broken=[])
for label, s in {
    "empty": {}, "nulls": {"salt": None, "by": None, "included": None, "excluded": None, "when": None}, "unknown members": {"key": 5, "name": "x", "version": "x", "rules": []}, "numbers": {"included": [1, raw("2.0"), -3], "excluded": [2**53 - 1]}, "by $instance": {"by": ["$instance", "/a"]}, "when": {"when": LEAF}, "percentage by $random": {"when": {"percentage": 5, "by": ["$random"]}}, "percentage in a layer": {"when": {"percentage": 5, "layer": "l"}}, "the same included and excluded": {"included": ["u"], "excluded": ["u"]}, "of another": {"when": {"segment": "t"}},
}.items():  # fmt: skip
    B.sound(f"segment: {label}", uses_s, segments={"s": s, "t": {}}, layers=LAYERS)
uses_l = flag("f", rules=[rule(when={"percentage": 5, "layer": "l"})])
for label, layer in {
    "null": None, "a string": "l", "an array": [], "salt a number": {"salt": 5}, "salt an array": {"salt": []}, "by a string": {"by": "a"}, "by nothing": {"by": []}, "by a null": {"by": [None]}, "by a number": {"by": [5]}, "by $now": {"by": ["$now"]}, "by $x": {"by": ["a", "$x"]}, "by a bad pointer": {"by": ["/"]}, "by the empty name": {"by": [""]},
}.items():  # fmt: skip
    B.breaks(f"layer: {label}", uses_l, layers={"l": layer})
    B.breaks(f"layer of a split: {label}", flag(fallthrough={"split": HALF, "layer": "l"}), layers={"l": layer})
    B.breaks(f"layer of a segment: {label}", uses_s, segments={"s": {"when": {"percentage": 5, "layer": "l"}}}, layers={"l": layer})
    B.add(f"layer that nobody uses: {label}", snapshot=snapshot(flags(OK, flag("f")), {}, {"l": layer}), broken=[])
for label, layer in {"empty": {}, "nulls": {"salt": None, "by": None}, "unknown members": {"key": 5, "slots": []}, "by": {"by": ["a", "/b", "$instance", "$random"]}, "salt": {"salt": "x"}}.items():
    B.sound(f"layer: {label}", uses_l, layers={"l": layer})


def of(key, *others, **more):
    """A flag that waits for others."""
    return flag(key, prerequisites=[{"flag": other, "variants": ["on"]} for other in others], **more)


def seg(key):
    return {"segment": key}


def when_flag(key):
    return {"flag": key, "variants": ["on"]}


def case(name, given, broken, segments=None, layers=None):
    B.add(name, snapshot=world(*given, segments=segments, layers=layers), broken=sorted(broken))


def in_rule(key, condition):
    return flag(key, rules=[rule(when=condition)])


case("a broken flag does not break its dependents", [flag("f", rules=5), of("g", "f"), in_rule("h", when_flag("f")), of("i", "g")], ["f"])
case("a broken segment breaks each flag that reaches it, and no other", [in_rule("f", seg("s")), in_rule("g", seg("t")), in_rule("h", seg("u")), of("i", "f"), in_rule("j", when_flag("f"))], ["f", "g"], {"s": {"by": []}, "t": {"when": {"not": seg("s")}}, "u": {}})
case("three segments deep", [in_rule("f", seg("s"))], ["f"], {"s": {"when": seg("t")}, "t": {"when": {"any": [{"all": []}, seg("u")]}}, "u": {"salt": 5}})
case("a segment of a broken flag is sound", [flag("f", rules=5), in_rule("g", seg("s"))], ["f"], {"s": {"when": when_flag("f")}})
case("a broken segment, reached through a flag's segment", [flag("f"), in_rule("g", seg("s")), in_rule("h", seg("t"))], ["g"], {"s": {"by": []}, "t": {"when": when_flag("g")}})
case("a flag that names itself", [of("f", "f"), of("g", "f")], ["f"])
case("a flag that names itself in a rule", [in_rule("f", {"any": [{"all": []}, {"not": when_flag("f")}]})], ["f"])
case("two flags in a cycle", [of("f", "g"), of("g", "f"), of("h", "f")], ["f", "g"])
case("two flags in a cycle, one through a rule", [of("f", "g"), in_rule("g", when_flag("f"))], ["f", "g"])
case("three flags in a cycle, others beside", [of("a", "b"), of("b", "c"), of("c", "a"), of("d", "a"), of("e", "d"), of("c2", "ok")], ["a", "b", "c"])
case("two cycles that share a flag", [of("a", "b", "c"), of("b", "a"), of("c", "a")], ["a", "b", "c"])
case("two cycles joined by an edge", [of("a", "b"), of("b", "a", "c"), of("c", "d"), of("d", "c"), of("e", "b")], ["a", "b", "c", "d"])
case("a diamond is no cycle", [of("a", "b", "c"), of("b", "d"), of("c", "d"), of("d", "ok")], [])
case("a cycle of segments", [in_rule("f", seg("s")), in_rule("g", seg("t")), flag("h")], ["f", "g"], {"s": {"when": seg("t")}, "t": {"when": seg("s")}})
case("a cycle of segments that nobody uses", [flag("f")], [], {"s": {"when": seg("t")}, "t": {"when": seg("s")}})
case("a flag that reaches a cycle of segments through a third", [in_rule("f", seg("u"))], ["f"], {"s": {"when": seg("t")}, "t": {"when": seg("s")}, "u": {"when": seg("s")}})
case("a cycle through a flag and a segment", [in_rule("f", seg("s")), in_rule("g", seg("s")), of("h", "f")], ["f", "g"], {"s": {"when": when_flag("f")}})
case("a cycle through a flag and two segments", [in_rule("f", seg("s")), of("h", "f")], ["f"], {"s": {"when": seg("t")}, "t": {"when": {"not": when_flag("f")}}})
case("a cycle is sought among the well-formed only: a malformed flag cuts it", [of("a", "b"), of("b", "c"), of("c", "a", clientVisible=5)], ["c"])
case("a malformed flag cuts one cycle, another stays", [of("a", "b", "d"), of("b", "c"), of("c", "a", salt=5), of("d", "a")], ["a", "c", "d"])
case("a malformed segment cuts a cycle, and breaks the flag that reaches it", [in_rule("f", seg("s")), of("g", "f")], ["f"], {"s": {"by": [], "when": when_flag("f")}})
case("a flag broken by its segment is still well-formed by itself, so its cycle breaks the other", [flag("a", prerequisites=[{"flag": "b", "variants": ["on"]}], rules=[rule(when=seg("s"))]), of("b", "a"), of("c", "b")], ["a", "b"], {"s": {"by": []}})
case("a disabled flag is a member of a cycle all the same", [of("f", "g", enabled=False), of("g", "f")], ["f", "g"])
case("a rule that never holds makes a cycle all the same", [in_rule("f", {"all": [{"any": []}, when_flag("g")]}), of("g", "f")], ["f", "g"])
case("the same flag twice is no cycle", [of("f", "ok", "ok"), in_rule("g", {"all": [when_flag("ok"), when_flag("ok")]})], [])
case("a variant of a broken flag, as written", [flag("f", rules=5), of("g", "f"), flag("h", prerequisites=[{"flag": "f", "variants": ["nope"]}])], ["f", "h"])
case("a variant of bad value is there as written", [flag("f", variants={"on": None}), of("g", "f"), in_rule("h", when_flag("f"))], ["f"])
case("variants that are no object hold no name", [flag("f", variants=["on"]), of("g", "f")], ["f", "g"])
case("no variants hold no name", [without(flag("f"), "variants"), of("g", "f"), in_rule("h", when_flag("f"))], ["f", "g", "h"])
B.add("a flag that is null holds no variant", snapshot=snapshot({"f": None, "g": of("g", "f")}), broken=["f", "g"])
B.add("a flag that is a number holds no variant", snapshot=snapshot({"f": 5, "g": in_rule("g", when_flag("f"))}), broken=["f", "g"])
case("a flag under another key is found by its key in flags", [of("g", "ok")], [])
B.add("a flag whose key differs is referred to by its key in flags", snapshot=snapshot({"f": flag("other"), "g": of("g", "f"), "h": of("h", "other")}), broken=["f", "h"])
case("an unused layer and an unused segment that are malformed", [flag("f")], [], {"s": 5}, {"l": 5})
B.add("no flags at all", snapshot=snapshot(), broken=[])

# --- limits ----------------------------------------------------------------------------------------------------------

L = Documents("limits.json", "documents", "The limits of section 5, at and beyond each")


def limit(name, document, broken, repeat=None, segments=None):
    more = {"repeat": repeat} if repeat else {}
    L.add(name, snapshot=snapshot({"ok": OK, "f": document}, segments or {}, {}), **more, broken=["f"] if broken else [])


for count in (1, 2, 99, 100, 101, 200):
    limit(f"{count} variants", flag(variants={f"v{i}": True for i in range(count)}, fallthrough={"variant": "v0"}), count > 100)
for count in (0, 1, 256, 257):
    limit(f"{count} rules", flag(rules=[{"id": f"r{i}", "serve": ON} for i in range(count)]), count > 256)
for count in (256, 257):
    slots = [{"variant": "on", "weight": 0} for i in range(count - 1)] + [{"variant": "off", "weight": 100000}]
    limit(f"{count} slots", flag(rules=[rule(serve={"split": slots})]), count > 256)


def deep(levels, *forms, leaf=LEAF):
    condition = leaf
    for i in range(levels):
        form = forms[i % len(forms)]
        condition = {form: condition if form == "not" else [condition]}
    return condition


for forms in (("not",), ("all",), ("any",), ("all", "not", "any")):
    for depth in (2, 15, 16, 17, 18, 40):
        limit(f"depth {depth} of {' '.join(forms)}", flag(rules=[rule(when=deep(depth - 1, *forms))]), depth > 16)
        limit(f"depth {depth} of {' '.join(forms)} in a segment", flag(rules=[rule(when=seg("s"))]), depth > 16, segments={"s": {"when": deep(depth - 1, *forms)}})
limit("depth 16 on one branch of two", flag(rules=[rule(when={"all": [LEAF, deep(14, "not")]})]), False)
limit("depth 17 on one branch of two", flag(rules=[rule(when={"all": [LEAF, deep(15, "not")]})]), True)
deep_segment = {"s": {"when": deep(15, "not")}}
limit("a segment's when is counted on its own", flag(rules=[rule(when=deep(15, "not", leaf={"segment": "s"}))]), False, segments=deep_segment)
limit("a leaf of each form under 15 nots", flag(rules=[rule(id=f"r{i}", when=deep(15, "not", leaf=leaf)) for i, leaf in enumerate([{"segment": "s"}, {"percentage": 5}, {"flag": "ok", "variants": ["on"]}, LEAF])]), False, segments={"s": {}})
for i, leaf in enumerate([{"segment": "s"}, {"percentage": 5}, {"flag": "ok", "variants": ["on"]}]):
    limit(f"leaf {i} under 16 nots", flag(rules=[rule(when=deep(16, "not", leaf=leaf))]), True, segments={"s": {}})
for count in (99999, 100000, 100001):
    limit(f"{count} values of a condition", flag(rules=[rule(when=on("a", "in", 7))]), count > 100000, {"/flags/f/rules/0/when/values": count})
    limit(f"{count} included", flag(rules=[rule(when=seg("s"))]), count > 100000, {"/segments/s/included": count}, {"s": {"included": ["u"]}})
    limit(f"{count} excluded", flag(rules=[rule(when=seg("s"))]), count > 100000, {"/segments/s/excluded": count}, {"s": {"excluded": [5]}})
limit("values are counted per leaf", flag(rules=[rule(when={"any": [on("a", "in", "x"), on("b", "in", "x")]})]), False, {"/flags/f/rules/0/when/any/0/values": 60000, "/flags/f/rules/0/when/any/1/values": 60000})
limit("values are counted per list", flag(rules=[rule(when=seg("s"))]), False, {"/segments/s/included": 60000, "/segments/s/excluded": 60000}, {"s": {"included": ["u"], "excluded": ["v"]}})
for length in (999, 1000, 1001):
    limit(f"a pattern of {length} characters", flag(rules=[rule(when=on("a", "matches", "a"))]), length > 1000, {"/flags/f/rules/0/when/values/0": length})
    limit(f"a pattern of {length} code points beyond the BMP", flag(rules=[rule(when=on("a", "matches", "\U0001f600"))]), length > 1000, {"/flags/f/rules/0/when/values/0": length})
limit("a pattern of 1000 two-byte characters", flag(rules=[rule(when=on("a", "matches", "é"))]), False, {"/flags/f/rules/0/when/values/0": 1000})
limit("a value of `in` has no such limit", flag(rules=[rule(when=on("a", "in", "a"))]), False, {"/flags/f/rules/0/when/values/0": 100000})
for size in (65535, 65536, 65537):
    document = {"key": "f", "type": "object", "enabled": True, "variants": {"o": {"k": "x"}}, "fallthrough": {"variant": "o"}}
    limit(f"an object of {size} bytes", document, size > 65536, {"/flags/f/variants/o/k": size - 8})
    document = {**document, "variants": {"o": {"k": "é", "n": "x" * (size % 2)}}}
    exact = len('{"k":"","n":""}') + size % 2
    limit(f"an object of {size - (size - exact) % 2} bytes in UTF-8", document, exact + 2 * ((size - exact) // 2) > 65536, {"/flags/f/variants/o/k": (size - exact) // 2})
document = {"key": "f", "type": "object", "enabled": True, "variants": {"o": {"k": [1]}}, "fallthrough": {"variant": "o"}}
limit("an object of an array, compact, 65536 bytes at most", document, False, {"/flags/f/variants/o/k": 32764})
limit("an object of an array, compact, beyond", document, True, {"/flags/f/variants/o/k": 32766})
for name, size in (("kk", 65536), ("kkk", 65537)):
    document = {**document, "variants": {"o": {name: [1]}}}
    limit(f"an object of an array, {size} bytes", document, size > 65536, {f"/flags/f/variants/o/{name}": 32764})
    document = {**document, "variants": {"o": {name + "k": [[]], "n": {}, "m": [{}]}}}
    limit(f"an object of empty arrays, {size} bytes", document, size > 65536, {f"/flags/f/variants/o/{name}k": 21837})
limit("objects are counted one by one", {**document, "variants": {"o": {"k": "x"}, "p": {"k": "x"}}}, False, {"/flags/f/variants/o/k": 60000, "/flags/f/variants/p/k": 60000})
limit("a string variant has no such limit here", {"key": "f", "type": "string", "enabled": True, "variants": {"s": "x"}, "fallthrough": {"variant": "s"}}, False, {"/flags/f/variants/s": 70000})


def chain(length, kind="flag"):
    """f0 to f(length-1), each of the next."""
    last = [flag(f"f{length - 1}")]
    if kind == "flag":
        return [of(f"f{i}", f"f{i + 1}") for i in range(length - 1)] + last
    return [in_rule(f"f{i}", {"not": when_flag(f"f{i + 1}")}) for i in range(length - 1)] + last


for kind in ("flag", "condition"):
    L.add(f"a chain of 32 edges, {kind}", snapshot=world(*chain(33, kind)), broken=[])
    L.add(f"a chain of 33 edges, {kind}: the first is broken", snapshot=world(*chain(34, kind)), broken=["f0"])
    L.add(f"a chain of 34 edges, {kind}: what is broken is not expanded further", snapshot=world(*chain(35, kind)), broken=["f1"])
    L.add(f"a chain of 65 edges, {kind}", snapshot=world(*chain(66, kind)), broken=["f32"])
    L.add(f"a chain of 66 edges, {kind}", snapshot=world(*chain(67, kind)), broken=["f0", "f33"])
    L.add(f"a chain of 67 edges, {kind}: above a broken one it starts again, an edge of one", snapshot=world(*chain(68, kind)), broken=["f1", "f34"])


def segment_chain(length):
    """s0 to s(length-1), each of the next."""
    return {f"s{i}": {"when": seg(f"s{i + 1}")} if i < length - 1 else {} for i in range(length)}


L.add("a flag over a chain of 31 edges of segments", snapshot=world(in_rule("f", seg("s0")), segments=segment_chain(32)), broken=[])
L.add("a flag over a chain of 32 edges of segments", snapshot=world(in_rule("f", seg("s0")), segments=segment_chain(33)), broken=["f"])
L.add("a flag over a chain of 33 edges of segments", snapshot=world(in_rule("f", seg("s0")), of("g", "f"), segments=segment_chain(34)), broken=["f"])
L.add("flags over a long chain of segments", snapshot=world(*(in_rule(f"f{i}", seg(f"s{i}")) for i in range(0, 12)), segments=segment_chain(41)), broken=sorted(f"f{i}" for i in range(0, 9)))
L.add("a chain through flags and segments, 32 edges", snapshot=world(*(in_rule(f"f{i}", seg(f"s{i}")) for i in range(16)), flag("f16"), segments={f"s{i}": {"when": when_flag(f"f{i + 1}")} for i in range(16)}), broken=[])
L.add("a chain through flags and segments, 33 edges", snapshot=world(of("g", "f0"), *(in_rule(f"f{i}", seg(f"s{i}")) for i in range(16)), flag("f16"), segments={f"s{i}": {"when": when_flag(f"f{i + 1}")} for i in range(16)}), broken=["g"])
L.add("depth is the longest chain", snapshot=world(*chain(33), of("g", "ok", "f0", "f31"), of("h", "f1", "ok")), broken=["g"])
L.add("a layer is no edge", snapshot=world(*chain(33)[1:], flag("f0", prerequisites=[{"flag": "f1", "variants": ["on"]}], rules=[rule(when={"percentage": 5, "layer": "l"})]), layers={"l": {}}), broken=[])
L.add("a cycle below is one edge", snapshot=world(of("a", "b"), of("b", "a"), *(of(f"f{i}", f"f{i + 1}") for i in range(32)), of("f32", "a")), broken=["a", "b", "f0"])
L.add("a cycle below is one edge, 32 edges", snapshot=world(of("a", "b"), of("b", "a"), *(of(f"f{i}", f"f{i + 1}") for i in range(31)), of("f31", "a")), broken=["a", "b"])


def expanded(name, given, broken, segments=None, layers=None, **counts):
    """`counts`: how often the last prerequisite of a flag stands there, and no other beside it."""
    repeat = {f"/flags/{key}/prerequisites": count for key, count in counts.items()}
    L.add(name, snapshot=world(*given, segments=segments, layers=layers), repeat=repeat, broken=broken)


# `nine` costs 10 each time it is named: itself and its 9
NINE, TO_NINE, TO_OK = of("nine", "ok"), of("f", "nine"), of("f", "ok")
expanded("1000 references", [TO_OK], [], f=1000)
expanded("1001 references", [TO_OK], ["f"], f=1001)
expanded("100 times 10 expanded references", [NINE, TO_NINE], [], nine=9, f=100)
expanded("101 times 10 expanded references", [NINE, TO_NINE], ["f"], nine=9, f=101)
with_one = flag("f", prerequisites=[{"flag": "nine", "variants": ["on"]}], rules=[rule(when=when_flag("ok"))])
expanded("100 times 10 and one expanded references", [NINE, with_one], ["f"], nine=9, f=100)
expanded("99 times 10 and one expanded references", [NINE, with_one], [], nine=9, f=99)
expanded("a flag of too many references counts one where it is named", [NINE, TO_NINE, of("g", "f"), of("h", "f")], ["f", "h"], nine=9, f=101, g=1000, h=1001)
expanded("a flag of too many references counts one where it is named first", [of("g", "f"), of("h", "f"), TO_NINE, NINE], ["f", "h"], nine=9, f=101, g=1000, h=1001)
expanded("expanded references double at each level", [*(of(f"f{i}", f"f{i + 1}") for i in range(12)), flag("f12")], ["f3"], **{f"f{i}": 2 for i in range(12)})
listed = {"any": [when_flag("ok")] * 2 + [seg("s")] * 3}
expanded("references in conditions and prerequisites add up", [flag("f", prerequisites=[{"flag": "ok", "variants": ["on"]}], rules=[rule(when=listed)])], [], {"s": {}}, f=995)
expanded("references in conditions and prerequisites add up to too many", [flag("f", prerequisites=[{"flag": "ok", "variants": ["on"]}], rules=[rule(when=listed)])], ["f"], {"s": {}}, f=996)
L.add("a segment's references count each time it is named", snapshot=world(in_rule("f", {"any": [seg("s")]}), in_rule("g", {"any": [seg("s")]}), segments={"s": {"when": {"any": [when_flag("ok")] * 9}}}), repeat={"/flags/f/rules/0/when/any": 100, "/flags/g/rules/0/when/any": 101}, broken=["g"])
broken_one = flag("b", prerequisites=[{"flag": "ok", "variants": ["on"]}], salt=5)
expanded("a broken flag counts one", [broken_one, of("g", "b"), of("h", "b")], ["b", "h"], b=50, g=1000, h=1001)
expanded("a layer, a target and a percentage are no references", [flag("f", prerequisites=[{"flag": "ok", "variants": ["on"]}], targets=[{"values": ["u"], "variant": "on"}], rules=[rule(when={"percentage": 5, "layer": "l"})])], [], None, {"l": {}}, f=1000)

# --- snapshots refused whole -----------------------------------------------------------------------------------------

S = Book("snapshots.json", "snapshots", "Snapshots that are refused whole, and snapshots that are not")
for name in ("flags", "segments", "layers"):
    for value in (None, [], "x", 5, True, False, [{}]):
        S.add(f"{name} is {value!r}", snapshot={**snapshot(flags(OK)), name: value}, refused=True)
for label, given in [("no JSON", "{"), ("empty", ""), ("two values", "{} {}"), ("cut off", '{"schemaVersion": 1, "flags": {')]:
    S.add(f"text: {label}", snapshotText=given, refused=True)
S.add("an array", snapshot=[], refused=True)
S.add("a null", snapshot=None, refused=True)
S.add("nothing in it", snapshot=snapshot(), refused=False)
S.add("one flag", snapshot=snapshot(flags(OK)), refused=False)
S.add("only broken flags", snapshot=snapshot({"f": None, "g": 5, "h": {}}), refused=False)
S.add("a broken segment and a malformed layer", snapshot=snapshot(flags(OK), {"s": 5, "-bad": {}}, {"l": None, "": 5}), refused=False)
S.add("an unknown member", snapshot={**snapshot(flags(OK)), "signature": {"x": [1]}}, refused=False)
S.add("a cycle", snapshot=world(of("f", "g"), of("g", "f")), refused=False)
