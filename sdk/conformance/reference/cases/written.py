"""Admin input: what the writer refuses beside what breaks a snapshot."""

from cases.book import Book, dump, flag, flags, on, snapshot

B = Book("written.json", "written", "Admin input is strict: unknown members, duplicate keys, U+0000, and all that breaks a flag")
ON = {"variant": "on"}
WORLD = {k: v for k, v in snapshot(flags(flag("other")), {"s": {}}, {"l": {}}).items() if k in ("flags", "segments", "layers")}
HALF = [{"variant": "on", "weight": 50000}, {"variant": "off", "weight": 50000}]
OVERRIDE = {"variant": "off", "percentage": 50, "salt": "k", "cause": "killSwitch:k"}
LEAF = on("a", "in", 1)


def rule(**more):
    return {"id": "r", "serve": ON, **more}


def accepted(name, document):
    B.add(name, flag=document, snapshot=WORLD, accepted=True)


def refused(name, document, pointer):
    B.add(name, flag=document, snapshot=WORLD, accepted=False, pointer=pointer)


full = flag(
    salt="f", version=1, offVariant="off", prerequisites=[{"flag": "other", "variants": ["on"]}], targets=[{"by": "a", "values": ["u"], "variant": "on"}], clientVisible=True, metadata={"owner": "x"}, override=OVERRIDE,
    rules=[rule(description="x", when={"all": [LEAF, {"any": [{"not": {"segment": "s"}}, {"flag": "other", "variants": ["on"]}, {"percentage": [0, 5], "by": ["a"]}, {"percentage": 5, "layer": "l"}]}]}, track={"run": "x", "arm": "y", "by": ["a"]}), {"id": "split", "serve": {"split": HALF, "by": ["a"]}}],
    fallthrough={"split": HALF, "layer": "l"},
)  # fmt: skip
accepted("the smallest flag", flag())
accepted("every member", full)
accepted("nulls that count as absent", flag(salt=None, offVariant=None, rules=None, targets=None, prerequisites=None, metadata=None, override=None))
for name in ("salt", "offVariant", "metadata", "clientVisible"):
    accepted(f"{name} null", {**full, name: None})

for name in ("unknown", "Rules", "comment", "variant", "prerequisite"):
    refused(f"a flag's unknown {name}", flag(**{name: 1}), f"/{name}")
for name in ("note", "variants", "value", "weight"):
    refused(f"a target's unknown {name}", flag(targets=[{"values": ["u"], "variant": "on", name: 1}]), f"/targets/0/{name}")
for name in ("note", "variant", "enabled"):
    refused(f"a prerequisite's unknown {name}", flag(prerequisites=[{"flag": "other", "variants": ["on"], name: 1}]), f"/prerequisites/0/{name}")
for name in ("note", "arms", "Run"):
    refused(f"a track's unknown {name}", flag(rules=[rule(track={"run": "x", name: 1})]), f"/rules/0/track/{name}")
for name in ("comment", "variant", "enabled", "a/b", "a~b"):
    pointer = name.replace("~", "~0").replace("/", "~1")
    refused(f"a rule's unknown {name}", flag(rules=[rule(**{name: 1})]), f"/rules/0/{pointer}")
refused("a condition's unknown member", flag(rules=[rule(when={**LEAF, "negate": True})]), "/rules/0/when/negate")
refused("a nested condition's unknown member", flag(rules=[rule(), rule(id="s", when={"all": [LEAF, {"not": {**LEAF, "negate": True}}]})]), "/rules/1/when/all/1/not/negate")
refused("a slot's unknown member", flag(fallthrough={"split": [{**HALF[0], "name": "x"}, HALF[1]]}), "/fallthrough/split/0/name")
refused("a serve's unknown member", flag(fallthrough={"variant": "on", "value": True}), "/fallthrough/value")
refused("an override's unknown member", flag(override={**OVERRIDE, "until": 5}), "/override/until")

for label, text in [
    ("a member of a flag", dump(flag())[:-1] + ', "enabled": false}'),
    ("a member of a flag, the same value", dump(flag())[:-1] + ', "enabled": true}'),
    ("a variant", dump(flag()).replace('"off": false', '"off": false, "on": true')),
    ("a member of a condition", dump(flag(rules=[rule(when=LEAF)])).replace('"op": "in"', '"op": "in", "op": "in"')),
    ("a member of metadata", dump(flag(metadata={"a": 1})).replace('"a": 1', '"a": 1, "a": 1')),
    ("a member by escape", dump(flag())[:-1] + ', "\\u0065nabled": true}'),
    ("a member inside an object variant", dump(flag(type="object", variants={"on": {"a": 1}}, fallthrough=ON)).replace('"a": 1', '"a": 1, "a": 2')),
]:
    B.add(f"twice: {label}", flagText=text, accepted=False)
for label, document in {
    "a value of a condition": flag(rules=[rule(when=on("a", "in", "x\0"))]), "a pattern": flag(rules=[rule(when=on("a", "matches", "\0"))]), "a string variant": flag(type="string", variants={"on": "\0"}, fallthrough=ON), "an object variant": flag(type="object", variants={"on": {"a": ["\0"]}}, fallthrough=ON), "an object variant's key": flag(type="object", variants={"on": {"\0": 1}}, fallthrough=ON),
    "a salt": flag(salt="a\0"), "metadata": flag(metadata={"a": "\0"}), "a description": flag(rules=[rule(description="\0")]), "a target": flag(targets=[{"values": ["u\0"], "variant": "on"}]), "an attribute": flag(rules=[rule(when=on("a\0", "in", 1))]), "a cause": flag(override={**OVERRIDE, "cause": "\0"}), "a run": flag(rules=[rule(track={"run": "\0"})]),
}.items():  # fmt: skip
    B.add(f"U+0000 in {label}", flag=document, accepted=False)
for label, text in [("a variant", '{"on": "\\ud800"}'), ("a variant, reversed", '{"on": "\\udc00\\ud800"}')]:
    B.add(f"a lone surrogate in {label}", flagText=dump(flag(type="string", variants=5, fallthrough=ON)).replace('"variants": 5', f'"variants": {text}'), accepted=False)
for label, text in [("1e400", "1e400"), ("-1e400", "-1e400")]:
    B.add(f"overflow in a variant, {label}", flagText=dump(flag(type="number", variants=5, fallthrough=ON)).replace('"variants": 5', f'"variants": {{"on": {text}}}'), accepted=False)
    B.add(f"overflow in metadata, {label}", flagText=dump(flag(metadata=5)).replace('"metadata": 5', f'"metadata": {{"a": {text}}}'), accepted=False)

for label, document, pointer in [
    ("no enabled", {k: v for k, v in flag().items() if k != "enabled"}, "/enabled"), ("type unknown", flag(type="json"), "/type"), ("key grammar", flag("a b"), "/key"), ("offVariant unknown", flag(offVariant="nope"), "/offVariant"), ("fallthrough unknown", flag(fallthrough={"variant": "nope"}), "/fallthrough/variant"), ("variant of a wrong type", flag(variants={"on": True, "off": "no"}), "/variants/off"), ("variant null", flag(variants={"on": True, "off": None}), "/variants/off"),
    ("rule id reserved", flag(rules=[rule(id="target")]), "/rules/0/id"), ("rule id taken", flag(rules=[rule(), rule()]), "/rules/1/id"), ("when null", flag(rules=[rule(when=None)]), "/rules/0/when"), ("weights", flag(fallthrough={"split": HALF[:1]}), "/fallthrough/split"), ("weight negative", flag(fallthrough={"split": [{"variant": "on", "weight": -1}]}), "/fallthrough/split/0/weight"), ("layer beside by", flag(fallthrough={"split": HALF, "layer": "l", "by": ["a"]}), "/fallthrough/layer"), ("layer unknown", flag(fallthrough={"split": HALF, "layer": "m"}), "/fallthrough/layer"),
    ("segment unknown", flag(rules=[rule(when={"segment": "t"})]), "/rules/0/when/segment"), ("flag unknown", flag(rules=[rule(when={"flag": "g", "variants": ["on"]})]), "/rules/0/when/flag"), ("variant of another unknown", flag(prerequisites=[{"flag": "other", "variants": ["on", "nope"]}]), "/prerequisites/0/variants/1"), ("operator unknown", flag(rules=[rule(when=on("a", "is", 1))]), "/rules/0/when/op"), ("literal", flag(rules=[rule(when=on("a", "semver_gt", "1.0.0", "1.0"))]), "/rules/0/when/values/1"), ("pattern", flag(rules=[rule(when=on("a", "matches", "(?=a)"))]), "/rules/0/when/values/0"), ("attribute", flag(rules=[rule(when=on("/a//b", "in", 1))]), "/rules/0/when/attribute"), ("ignoreCase", flag(rules=[rule(when=on("a", "gt", 1, ignoreCase=False))]), "/rules/0/when/ignoreCase"), ("percentage", flag(rules=[rule(when={"percentage": 33.3333})]), "/rules/0/when/percentage"), ("by", flag(rules=[rule(when={"percentage": 5, "by": ["a", "$now"]})]), "/rules/0/when/by/1"),
    ("target value", flag(targets=[{"values": ["u", ""], "variant": "on"}]), "/targets/0/values/1"), ("track", flag(rules=[rule(track={})]), "/rules/0/track/run"), ("arm beside a split", flag(rules=[rule(serve={"split": HALF}, track={"run": "x", "arm": "y"})]), "/rules/0/track/arm"), ("override percentage", flag(override={**OVERRIDE, "percentage": [0, 5]}), "/override/percentage"), ("reserved metadata", flag(metadata={"ruleId": "x"}), "/metadata/ruleId"), ("too many rules", flag(rules=[rule(id=f"r{i}") for i in range(257)]), "/rules"), ("too many variants", flag(variants={f"v{i}": True for i in range(101)}, fallthrough={"variant": "v0"}), "/variants"), ("too long a pattern", flag(rules=[rule(when=on("a", "matches", "a" * 1001))]), "/rules/0/when/values/0"),
]:  # fmt: skip
    refused(f"refused: {label}", document, pointer)

# Segments and layers.
for kind, sound in {"segment": {"salt": "x", "by": ["a"], "included": ["u", 5], "excluded": ["v"], "when": {"segment": "s"}}, "layer": {"salt": "x", "by": ["a", "$random"]}}.items():
    for label, document in {"empty": {}, "every member": sound, "nulls": dict.fromkeys(sound)}.items():
        B.add(f"a {kind}: {label}", **{kind: document}, snapshot=WORLD, accepted=True)
    for name in ("unknown", "key", "name", "rules", "Salt"):
        B.add(f"a {kind}'s unknown {name}", **{kind: {**sound, name: 1}}, snapshot=WORLD, accepted=False, pointer=f"/{name}")
    for name, value, pointer in [("salt", 5, "/salt"), ("by", [], "/by"), ("by", ["$now"], "/by/0"), ("by", "a", "/by")]:
        B.add(f"a {kind}, {name} is {value!r}", **{kind: {**sound, name: value}}, snapshot=WORLD, accepted=False, pointer=pointer)
    B.add(f"U+0000 in a {kind}", **{kind: {**sound, "salt": "a\0"}}, snapshot=WORLD, accepted=False)
for name, value, pointer in [("by", ["a", "$random"], "/by/1"), ("included", [""], "/included/0"), ("excluded", ["u", 1.5], "/excluded/1"), ("when", {"segment": "t"}, "/when/segment"), ("when", {**LEAF, "negate": True}, "/when/negate")]:
    B.add(f"a segment, {name} is {value!r}", segment={name: value}, snapshot=WORLD, accepted=False, pointer=pointer)
for label, text in [("the smallest flag", dump(flag())), ("one name in two objects", dump(flag(metadata={"key": 1, "type": 2}))), ("escapes", dump(flag()).replace("key", "\\u006bey")), ("a pair of surrogates", dump(flag(type="string", variants={"on": "\U0001f600"}, fallthrough=ON)))]:
    B.add(f"text: {label}", flagText=text, accepted=True)
