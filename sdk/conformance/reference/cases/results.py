"""What an evaluation returns: reasons, precedence of errors, overrides, prerequisites, targets, rules, tracks, splits, types."""

from cases.book import Book, flag, flags, on, raw, snapshot

ON, OFF = {"variant": "on"}, {"variant": "off"}
IF_A = on("a", "in", 1)
ALWAYS, NEVER = {"all": []}, {"any": []}
# Split buckets of salt new_checkout_flow: user-1 93552, user-42 31337, 4711 90820. Gate buckets: 10345, 95791, 41728.
SALT = "new_checkout_flow"


def rule(id="r", serve=ON, **more):
    return {"id": id, "serve": serve, **more}


def split(*slots, **more):
    return {"split": [{"variant": v, "weight": w} for v, w in slots], **more}


def text(key, **members):
    """A string flag with variants a, b, c, whose values are x, y, z."""
    return {"key": key, "type": "string", "enabled": True, "variants": {"a": "x", "b": "y", "c": "z"}, "fallthrough": {"variant": "a"}, **members}


def served(variant, reason, **more):
    value = {"on": True, "off": False, "a": "x", "b": "y", "c": "z"}[variant]
    return {"variant": variant, "value": value, "reason": reason, **more}


def error(code):
    return {"reason": "ERROR", "errorCode": code}


def default(reason, **more):
    """The caller's default is served."""
    return {"reason": reason, **more}


def put(book, name, key, expect, context=..., **inputs):
    if context is not ...:
        inputs["context"] = context
    book.add(name, flag=key, **inputs, expect=expect)


def user(key, **more):
    return {"targetingKey": key, **more}


# --- reasons ---------------------------------------------------------------------------------------------------------

KILL = {"variant": "off", "percentage": 0, "salt": "k", "cause": "killSwitch:k"}
MET, UNMET = [{"flag": "plain-on", "variants": ["on"]}], [{"flag": "plain-on", "variants": ["off"]}]
TARGETS = [{"values": ["u-1"], "variant": "on"}]
SPLIT = split(("on", 100000))
SEGMENTS = {
    "gated": {"when": {"percentage": 100}}, "plain": {"when": IF_A}, "listed-only": {"included": ["u-1"]}, "nested-gated": {"when": {"not": {"segment": "gated"}}},
    "listed-and-gated": {"included": ["u-1"], "when": {"percentage": 0}}, "deep-gated": {"when": {"all": [{"any": [{"not": {"segment": "nested-gated"}}]}]}},
}  # fmt: skip
LAYERS = {"l": {"salt": SALT}, "l-user": {"salt": SALT, "by": ["userId"]}, "l-random": {"salt": SALT, "by": ["$random"]}}
R = [
    flag("plain-on", fallthrough=ON), flag("plain-off"), flag("empty-lists", prerequisites=[], targets=[], rules=[], fallthrough=ON),
    flag("null-lists", prerequisites=None, targets=None, rules=None, override=None, offVariant=None, metadata=None, salt=None, version=None, clientVisible=None, fallthrough=ON),
    flag("with-off-variant", offVariant="off", fallthrough=ON), flag("with-metadata", metadata={"owner": "x"}, clientVisible=True, fallthrough=ON),
    flag("with-override", override=KILL, fallthrough=ON), flag("with-prerequisite", prerequisites=MET, fallthrough=ON), flag("with-target", targets=TARGETS), flag("with-rule", rules=[rule(when=NEVER)]),
    flag("split", fallthrough=SPLIT), flag("split-with-rule", fallthrough=SPLIT, rules=[rule(when=NEVER)]), flag("split-with-override", fallthrough=SPLIT, override=KILL), flag("split-with-prerequisite", fallthrough=SPLIT, prerequisites=MET), flag("split-with-target", fallthrough=SPLIT, targets=TARGETS),
    flag("rule-without-when", rules=[rule("everyone")]), flag("rule-when-a", rules=[rule("a", when=IF_A)]), flag("rule-all-of-nothing", rules=[rule(when=ALWAYS)]),
    flag("rule-split", rules=[rule(serve=SPLIT)]), flag("rule-when-split", rules=[rule(serve=SPLIT, when=IF_A)]), flag("rule-percentage", rules=[rule(when={"percentage": 100})]), flag("rule-percentage-0", rules=[rule(when={"percentage": 0})]),
    flag("rule-not-percentage", rules=[rule(when={"not": {"percentage": 0}})]), flag("rule-any-percentage", rules=[rule(when={"any": [IF_A, {"percentage": 0}]})]), flag("rule-all-percentage", rules=[rule(when={"all": [IF_A, {"percentage": 100}]})]),
    flag("rule-layer-percentage", rules=[rule(when={"percentage": [0, 100], "layer": "l"})]), flag("rule-any-of-all", rules=[rule(when={"any": [{"all": [ALWAYS, {"not": {"percentage": [0, 0]}}]}]})]),
    flag("rule-segment-gated", rules=[rule(when={"segment": "gated"})]), flag("rule-segment-plain", rules=[rule(when={"segment": "plain"})]), flag("rule-segment-listed", rules=[rule(when={"segment": "listed-only"})]),
    flag("rule-segment-nested-gated", rules=[rule(when={"not": {"segment": "nested-gated"}})]), flag("rule-segment-listed-and-gated", rules=[rule(when={"segment": "listed-and-gated"})]), flag("rule-segment-deep", rules=[rule(when={"segment": "deep-gated"})]),
    flag("rule-any-segment-never-reached", rules=[rule(when={"any": [IF_A, {"segment": "gated"}]})]),
    flag("rule-flag-gated", rules=[rule(when={"flag": "rule-percentage", "variants": ["on"]})]), flag("rule-flag-split", rules=[rule(when={"flag": "split", "variants": ["on"]})]),
    flag("second-rule", rules=[rule("gate", when={"percentage": 0}), rule("a", when=IF_A), rule("rest", when={"all": []}, serve=OFF)]),
    flag("rule-serves-off", offVariant="on", rules=[rule("r1", serve=OFF)]), flag("rule-named-like-a-path", rules=[rule("team/eu-1.b_2")]),
    flag("disabled", enabled=False, offVariant="off", fallthrough=ON), flag("disabled-no-off", enabled=False, fallthrough=ON), flag("disabled-off-null", enabled=False, offVariant=None, fallthrough=ON),
    flag("disabled-everything", enabled=False, offVariant="off", override={**KILL, "variant": "on", "percentage": 100}, prerequisites=UNMET, targets=TARGETS, rules=[rule()], fallthrough=SPLIT),
    flag("disabled-off-is-on", enabled=False, offVariant="on"),
]  # fmt: skip
B = Book("reasons.json", "evaluation", "STATIC, DEFAULT, TARGETING_MATCH, SPLIT and DISABLED, exactly when each", snapshot(flags(*R), SEGMENTS, LAYERS))
for key, expect in [
    ("plain-on", served("on", "STATIC")), ("plain-off", served("off", "STATIC")), ("empty-lists", served("on", "STATIC")), ("null-lists", served("on", "STATIC")), ("with-off-variant", served("on", "STATIC")), ("with-metadata", served("on", "STATIC", metadata={"owner": "x"})),
    ("with-override", served("on", "DEFAULT")), ("with-prerequisite", served("on", "DEFAULT")), ("with-target", served("off", "DEFAULT")), ("with-rule", served("off", "DEFAULT")),
    ("split", error("TARGETING_KEY_MISSING")), ("split-with-rule", error("TARGETING_KEY_MISSING")), ("rule-split", error("TARGETING_KEY_MISSING")), ("rule-when-split", served("off", "DEFAULT")),
    ("rule-without-when", served("on", "TARGETING_MATCH", ruleId="everyone")), ("rule-when-a", served("off", "DEFAULT")), ("rule-all-of-nothing", served("on", "TARGETING_MATCH", ruleId="r")),
    ("rule-percentage", served("on", "SPLIT", ruleId="r")), ("rule-percentage-0", served("off", "DEFAULT")), ("rule-not-percentage", served("on", "SPLIT", ruleId="r")), ("rule-any-percentage", served("off", "DEFAULT")), ("rule-all-percentage", served("off", "DEFAULT")),
    ("rule-layer-percentage", served("on", "SPLIT", ruleId="r")), ("rule-any-of-all", served("on", "SPLIT", ruleId="r")), ("rule-segment-gated", served("on", "SPLIT", ruleId="r")), ("rule-segment-plain", served("off", "DEFAULT")), ("rule-segment-listed", served("off", "DEFAULT")),
    ("rule-segment-nested-gated", served("on", "SPLIT", ruleId="r")), ("rule-segment-listed-and-gated", served("off", "DEFAULT")), ("rule-segment-deep", served("on", "SPLIT", ruleId="r")), ("rule-any-segment-never-reached", served("on", "SPLIT", ruleId="r")),
    ("rule-flag-gated", served("on", "TARGETING_MATCH", ruleId="r")), ("rule-flag-split", served("off", "DEFAULT")), ("second-rule", served("off", "TARGETING_MATCH", ruleId="rest")), ("rule-serves-off", served("off", "TARGETING_MATCH", ruleId="r1")), ("rule-named-like-a-path", served("on", "TARGETING_MATCH", ruleId="team/eu-1.b_2")),
    ("disabled", served("off", "DISABLED")), ("disabled-no-off", default("DISABLED")), ("disabled-off-null", default("DISABLED")), ("disabled-everything", served("off", "DISABLED")), ("disabled-off-is-on", served("on", "DISABLED")),
]:  # fmt: skip
    put(B, f"{key}, no context", key, expect)
    put(B, f"{key}, empty context", key, expect, {})
    put(B, f"{key}, a context without unit", key, expect, {"targetingKey": None, "b": 1})
for key, expect in [
    ("plain-on", served("on", "STATIC")), ("with-target", served("on", "TARGETING_MATCH", ruleId="target")), ("split", served("on", "SPLIT")), ("split-with-rule", served("on", "SPLIT")), ("split-with-override", served("on", "SPLIT")), ("split-with-prerequisite", served("on", "SPLIT")), ("split-with-target", served("on", "TARGETING_MATCH", ruleId="target")),
    ("rule-when-a", served("on", "TARGETING_MATCH", ruleId="a")), ("rule-split", served("on", "SPLIT", ruleId="r")), ("rule-when-split", served("on", "SPLIT", ruleId="r")), ("rule-any-percentage", served("on", "SPLIT", ruleId="r")), ("rule-all-percentage", served("on", "SPLIT", ruleId="r")),
    ("rule-segment-plain", served("on", "TARGETING_MATCH", ruleId="r")), ("rule-segment-listed", served("on", "TARGETING_MATCH", ruleId="r")), ("rule-segment-listed-and-gated", served("on", "SPLIT", ruleId="r")), ("rule-any-segment-never-reached", served("on", "SPLIT", ruleId="r")),
    ("rule-flag-split", served("on", "TARGETING_MATCH", ruleId="r")), ("second-rule", served("on", "TARGETING_MATCH", ruleId="a")), ("disabled-everything", served("off", "DISABLED")),
]:  # fmt: skip
    put(B, f"{key}, unit u-1 and a", key, expect, user("u-1", a=1))

# --- errors ----------------------------------------------------------------------------------------------------------

E = [
    flag("ok", fallthrough=ON, version=7, metadata={"owner": "x"}), flag("broken", rules=[rule(nonsense=1)], version=7, metadata={"owner": "x"}), flag("disabled", enabled=False, offVariant="off", version=7),
    flag("split", fallthrough=split(("on", 50000), ("off", 50000)), version=7, metadata={"owner": "x"}), flag("ruled-split", rules=[rule("r", when=ALWAYS, serve=split(("on", 50000), ("off", 50000)), track={"run": "x"})], version=7, metadata={"owner": "x"}),
    flag("split-by", fallthrough=split(("on", 100000), by=["userId", "/org/id"])), flag("split-layer", fallthrough=split(("on", 100000), layer="l-user")), flag("split-random", fallthrough=split(("on", 100000), by=["$random"])), flag("split-instance", fallthrough=split(("on", 100000), by=["$instance"])), flag("split-layer-random", fallthrough=split(("on", 100000), layer="l-random")),
    flag("split-not-reached", rules=[rule("split", when=IF_A, serve=SPLIT)], fallthrough=ON), flag("disabled-split", enabled=False, fallthrough=SPLIT, offVariant="off"),
    text("text", version=3), {"key": "number", "type": "number", "enabled": True, "variants": {"n": 3.5}, "fallthrough": {"variant": "n"}}, {"key": "object", "type": "object", "enabled": True, "variants": {"o": {"a": None}}, "fallthrough": {"variant": "o"}},
    flag("disabled-broken", enabled=False, offVariant="nope"), flag("-bad-key"), flag("bad key"), flag("x" * 101), flag("x" * 100), flag("A.b_c-9"), flag("a"), flag("0"),
]  # fmt: skip
B = Book("errors.json", "evaluation", "Errors, their order, and what they do not carry", snapshot({**flags(*E), "null-flag": None, "number-flag": 5, "array-flag": [], "renamed": flag("other-name")}, {}, LAYERS))
for key in ("nothing", "", "OK", "ok ", "a/b", "toString", "__proto__", "constructor", "target", "$now"):
    put(B, f"flag {key!r} is missing", key, error("FLAG_NOT_FOUND"), user("u"))
    put(B, f"flag {key!r} is missing, a type asked", key, error("FLAG_NOT_FOUND"), user("u"), type="string")
for key in ("broken", "disabled-broken", "null-flag", "number-flag", "array-flag", "renamed", "-bad-key", "bad key", "x" * 101):
    put(B, f"flag {key[:20]} is broken", key, error("PARSE_ERROR"), user("u"))
    put(B, f"flag {key[:20]} is broken, another type asked", key, error("PARSE_ERROR"), {}, type="object")
for key in ("x" * 100, "A.b_c-9", "a", "0"):
    put(B, f"flag {key[:20]} is sound", key, served("off", "STATIC"), user("u"))
put(B, "the key of another spelling is not found", "other-name", error("FLAG_NOT_FOUND"))
wrong_keys = [True, False, 1.5, -0.5, raw("1e-7"), [], ["u"], {}, {"id": "u"}, [None]]
right_keys = ["", "u", 0, -1, raw("-0"), raw("3.0"), 2**53, -(2**53), 2**70, raw("1e300"), None]
for wrong in wrong_keys:
    shown = str(wrong).replace("\x01raw ", "")
    for key in ("ok", "nothing", "broken", "disabled", "split", "text"):
        put(B, f"targetingKey {shown}, {key}", key, error("INVALID_CONTEXT"), user(wrong))
    put(B, f"targetingKey {shown}, wrong type asked", "ok", error("INVALID_CONTEXT"), user(wrong), type="string")
for right in right_keys:
    shown = str(right).replace("\x01raw ", "")
    put(B, f"targetingKey {shown} is fine", "ok", served("on", "STATIC", version=7, metadata={"owner": "x"}), user(right))
for right in ("", 2**53, -(2**53), 2**70, raw("1e300"), None):
    shown = str(right).replace("\x01raw ", "")
    put(B, f"targetingKey {shown} is no unit", "split", error("TARGETING_KEY_MISSING"), user(right))
    put(B, f"targetingKey {shown} is no unit, in a rule", "ruled-split", error("TARGETING_KEY_MISSING"), user(right))
for context in ([], [{}], "x", "", 0, 1.5, True, False, [{"targetingKey": "u"}]):
    for key in ("ok", "nothing", "broken"):
        put(B, f"a context that is no object, {context!r}, {key}", key, error("INVALID_CONTEXT"), context)
put(B, "a null context over the wire", "ok", error("INVALID_CONTEXT"), None, mode="wire")
put(B, "a null context in an SDK", "ok", served("on", "STATIC"), None, mode="local")
put(B, "a null context in an SDK has no unit", "split", error("TARGETING_KEY_MISSING"), None, mode="local")
put(B, "an absent context has no unit", "split", error("TARGETING_KEY_MISSING"))
for asked in ("string", "number", "integer", "float", "object"):
    put(B, f"a boolean asked as {asked}", "ok", error("TYPE_MISMATCH"), user("u"), type=asked)
    put(B, f"a disabled boolean asked as {asked}", "disabled", error("TYPE_MISMATCH"), user("u"), type=asked)
    put(B, f"a split without unit asked as {asked}", "split", error("TYPE_MISMATCH"), {}, type=asked)
for asked in ("boolean", "number", "integer", "float", "object"):
    put(B, f"a string asked as {asked}", "text", error("TYPE_MISMATCH"), user("u"), type=asked)
for asked in ("boolean", "string", "object"):
    put(B, f"a number asked as {asked}", "number", error("TYPE_MISMATCH"), user("u"), type=asked)
for asked in ("boolean", "string", "number", "integer", "float"):
    put(B, f"an object asked as {asked}", "object", error("TYPE_MISMATCH"), user("u"), type=asked)
put(B, "a boolean asked as boolean", "ok", served("on", "STATIC", version=7, metadata={"owner": "x"}), user("u"), type="boolean")
put(B, "a string asked as string", "text", served("a", "STATIC", version=3), user("u"), type="string")
put(B, "an object asked as object", "object", {"variant": "o", "value": {"a": None}, "reason": "STATIC"}, user("u"), type="object")
put(B, "a disabled boolean asked as boolean", "disabled", served("off", "DISABLED", version=7), user("u"), type="boolean")
for key, context, expect in [
    ("split-by", user("u"), error("TARGETING_KEY_MISSING")), ("split-by", {"userId": "u"}, served("on", "SPLIT")), ("split-by", {"userId": 5}, served("on", "SPLIT")), ("split-by", {"org": {"id": "o"}}, served("on", "SPLIT")), ("split-by", {"userId": True, "org": {"id": 1.5}}, error("TARGETING_KEY_MISSING")),
    ("split-by", {"userId": ["u"], "org": "o"}, error("TARGETING_KEY_MISSING")), ("split-layer", user("u"), error("TARGETING_KEY_MISSING")), ("split-layer", {"userId": "u"}, served("on", "SPLIT")), ("split-random", {}, served("on", "SPLIT")), ("split-layer-random", {}, served("on", "SPLIT")),
    ("split-instance", user("u", **{"$instance": "i"}), error("TARGETING_KEY_MISSING")), ("split-not-reached", {}, served("on", "DEFAULT")), ("split-not-reached", {"a": 1}, error("TARGETING_KEY_MISSING")), ("split-not-reached", user("u", a=1), served("on", "SPLIT", ruleId="split")), ("disabled-split", {}, served("off", "DISABLED")),
]:  # fmt: skip
    put(B, f"{key} with {context}", key, expect, context)
put(B, "split by $instance, given", "split-instance", served("on", "SPLIT"), {}, instance="i-1")

# --- overrides -------------------------------------------------------------------------------------------------------


def override(percentage, **more):
    return {"variant": "b", "percentage": percentage, "salt": SALT, "cause": "killSwitch:shed", **more}


O = [
    text("zero", override=override(0)), text("all", override=override(100)), text("some", override=override(10.346)), text("fewer", override=override(10.345)), text("by-user", override=override(10.346, by=["userId"])), text("by-two", override=override(10.346, by=["userId", "sessionId"])),
    text("by-instance", override=override(100, by=["$instance"])), text("by-instance-some", override=override(10.346, by=["$instance"])), text("own-salt", salt="other", override=override(10.346)), text("null", override=None),
    text("before-prerequisite", override=override(100), prerequisites=[{"flag": "null", "variants": ["b"]}], offVariant="c"), text("before-target", override=override(100), targets=[{"values": ["user-1"], "variant": "c"}]), text("before-rule", override=override(100), rules=[rule(serve={"variant": "c"})]),
    text("before-split", override=override(100), fallthrough=split(("c", 100000))), text("disabled", enabled=False, offVariant="c", override=override(100)), text("disabled-no-off", enabled=False, override=override(100)),
    text("not-covered-prerequisite", override=override(10.346), prerequisites=[{"flag": "null", "variants": ["b"]}], offVariant="c"), text("not-covered-target", override=override(10.346), targets=[{"values": ["user-42"], "variant": "c"}]), text("not-covered-rule", override=override(10.346), rules=[rule(serve={"variant": "c"}, when={"percentage": 100})]),
    text("not-covered-split", override=override(10.346), fallthrough=split(("c", 100000))), text("with-metadata", override=override(100), version=4, metadata={"owner": "x"}), text("of-overridden", prerequisites=[{"flag": "some", "variants": ["b"]}], offVariant="c"), text("of-not-overridden", prerequisites=[{"flag": "some", "variants": ["a"]}], offVariant="c"),
    text("tracked", override=override(10.346), rules=[rule(serve={"variant": "c"}, track={"run": "x"})]),
]  # fmt: skip
B = Book("overrides.json", "evaluation", "Tripped kill switches: coverage, cause, precedence, what others see", snapshot(flags(*O)))
cause = {"cause": "killSwitch:shed"}
hit, default_a = served("b", "DISABLED", **cause), served("a", "DEFAULT")
for key, context, expect in [
    ("zero", user("user-1"), default_a), ("zero", {}, default_a), ("all", user("user-1"), hit), ("all", {}, hit), ("all", user(""), hit), ("some", user("user-1"), hit), ("some", user("user-42"), default_a), ("some", user("4711"), default_a), ("some", {}, default_a), ("some", user(""), default_a), ("fewer", user("user-1"), default_a),
    ("by-user", {"userId": "user-1"}, hit), ("by-user", user("user-1"), default_a), ("by-user", {"userId": "user-42", "targetingKey": "user-1"}, default_a), ("by-two", {"sessionId": "user-1"}, hit), ("by-two", {"userId": "user-42", "sessionId": "user-1"}, default_a), ("by-two", {"userId": True, "sessionId": "user-1"}, hit),
    ("by-instance", {}, hit), ("by-instance-some", {}, default_a), ("by-instance-some", {"$instance": "user-1"}, default_a), ("own-salt", user("user-1"), hit), ("own-salt", user("user-42"), default_a), ("null", user("user-1"), served("a", "STATIC")),
    ("before-prerequisite", {}, hit), ("before-target", user("user-1"), hit), ("before-rule", {}, hit), ("before-split", {}, hit), ("disabled", user("user-1"), served("c", "DISABLED")), ("disabled-no-off", user("user-1"), default("DISABLED")),
    ("not-covered-prerequisite", user("user-1"), hit), ("not-covered-prerequisite", user("user-42"), served("c", "DEFAULT", prerequisite="null")), ("not-covered-target", user("user-1"), hit), ("not-covered-target", user("user-42"), served("c", "TARGETING_MATCH", ruleId="target")), ("not-covered-rule", user("user-42"), served("c", "SPLIT", ruleId="r")), ("not-covered-rule", user("user-1"), hit),
    ("not-covered-split", user("user-42"), served("c", "SPLIT")), ("not-covered-split", {}, error("TARGETING_KEY_MISSING")), ("with-metadata", {}, {**hit, "version": 4, "metadata": {"owner": "x"}}), ("of-overridden", user("user-1"), default_a), ("of-overridden", user("user-42"), served("c", "DEFAULT", prerequisite="some")),
    ("of-not-overridden", user("user-1"), served("c", "DEFAULT", prerequisite="some")), ("of-not-overridden", user("user-42"), default_a), ("tracked", user("user-1"), hit), ("tracked", user("user-42"), served("c", "TARGETING_MATCH", ruleId="r", track={"run": "x", "by": ["targetingKey"]})),
]:  # fmt: skip
    put(B, f"{key} with {context}", key, expect, context)
put(B, "by-instance-some, instance user-1", "by-instance-some", hit, {}, instance="user-1")
put(B, "by-instance-some, instance user-42", "by-instance-some", default_a, {}, instance="user-42")
put(B, "an override of another type asked", "all", error("TYPE_MISMATCH"), {}, type="boolean")

# --- prerequisites ---------------------------------------------------------------------------------------------------


def needs(*pairs):
    return [{"flag": key, "variants": list(variants)} for key, *variants in pairs]


Q = [
    flag("on", fallthrough=ON), flag("off"), flag("disabled-on", enabled=False, fallthrough=ON, offVariant="on"), flag("broken", fallthrough=ON, rules=[rule(x=1)]), flag("split", fallthrough=split(("on", 100000))), flag("targeted", targets=[{"values": ["u-1"], "variant": "on"}]), flag("ruled", rules=[rule(when=IF_A)]),
    text("text", rules=[rule(when=IF_A, serve={"variant": "c"})]),
    flag("met", prerequisites=needs(("on", "on")), fallthrough=ON, offVariant="off"), flag("unmet", prerequisites=needs(("off", "on")), fallthrough=ON, offVariant="off"), flag("unmet-no-off", prerequisites=needs(("off", "on")), fallthrough=ON), flag("wants-off", prerequisites=needs(("off", "off")), fallthrough=ON, offVariant="off"), flag("wants-either", prerequisites=needs(("off", "on", "off")), fallthrough=ON),
    flag("of-disabled", prerequisites=needs(("disabled-on", "on")), fallthrough=ON, offVariant="off"), flag("of-broken", prerequisites=needs(("broken", "on", "off")), fallthrough=ON, offVariant="off"), flag("of-split", prerequisites=needs(("split", "on")), fallthrough=ON, offVariant="off"), flag("of-targeted", prerequisites=needs(("targeted", "on")), fallthrough=ON, offVariant="off"), flag("of-ruled", prerequisites=needs(("ruled", "on")), fallthrough=ON, offVariant="off"),
    flag("two-met", prerequisites=needs(("on", "on"), ("off", "off")), fallthrough=ON, offVariant="off"), flag("first-unmet", prerequisites=needs(("off", "on"), ("on", "off")), fallthrough=ON, offVariant="off"), flag("second-unmet", prerequisites=needs(("on", "on"), ("off", "on")), fallthrough=ON, offVariant="off"), flag("same-twice", prerequisites=needs(("on", "on"), ("on", "off")), fallthrough=ON, offVariant="off"),
    flag("chain", prerequisites=needs(("met", "on")), fallthrough=ON, offVariant="off"), flag("chain-unmet", prerequisites=needs(("unmet", "on")), fallthrough=ON, offVariant="off"), flag("chain-wants-off", prerequisites=needs(("unmet", "off")), fallthrough=ON, offVariant="off"), flag("chain-no-off", prerequisites=needs(("unmet-no-off", "on", "off")), fallthrough=ON, offVariant="off"), flag("chain-of-broken", prerequisites=needs(("of-broken", "off")), fallthrough=ON, offVariant="off"),
    flag("before-target", prerequisites=needs(("off", "on")), targets=[{"values": ["u-1"], "variant": "on"}], offVariant="off"), flag("before-rule", prerequisites=needs(("off", "on")), rules=[rule()], offVariant="off"), flag("before-split", prerequisites=needs(("off", "on")), fallthrough=split(("on", 100000)), offVariant="off"), flag("off-is-on", prerequisites=needs(("off", "on")), offVariant="on"), flag("disabled", enabled=False, prerequisites=needs(("off", "on")), offVariant="off"),
    flag("with-metadata", prerequisites=needs(("off", "on")), offVariant="off", version=9, metadata={"owner": "x", "n": 5}), flag("of-text-c", prerequisites=needs(("text", "c")), fallthrough=ON, offVariant="off"), flag("of-text-ab", prerequisites=needs(("text", "a", "b")), fallthrough=ON, offVariant="off"), flag("extra", prerequisites=[{"flag": "on", "variants": ["on"], "comment": 1}], fallthrough=ON),
    flag("met-then-rule", prerequisites=needs(("on", "on")), rules=[rule(when=IF_A)]), flag("met-then-target", prerequisites=needs(("on", "on")), targets=[{"values": ["u-1"], "variant": "on"}]),
]  # fmt: skip
B = Book("prerequisites.json", "evaluation", "Prerequisites: met and unmet, chains, disabled, erring, and where they stand in the order", snapshot(flags(*Q)))


def unmet(key):
    return served("off", "DEFAULT", prerequisite=key)


yes, no = served("on", "DEFAULT"), served("off", "DEFAULT")
for key, context, expect in [
    ("met", {}, yes), ("unmet", {}, unmet("off")), ("unmet-no-off", {}, default("DEFAULT", prerequisite="off")), ("wants-off", {}, yes), ("wants-either", {}, yes), ("of-disabled", {}, unmet("disabled-on")), ("of-broken", {}, unmet("broken")), ("of-split", {}, unmet("split")), ("of-split", user(""), unmet("split")), ("of-split", user("u"), yes), ("of-targeted", user("u-1"), yes), ("of-targeted", user("u-2"), unmet("targeted")),
    ("of-ruled", {"a": 1}, yes), ("of-ruled", {}, unmet("ruled")), ("two-met", {}, yes), ("first-unmet", {}, unmet("off")), ("second-unmet", {}, unmet("off")), ("same-twice", {}, unmet("on")), ("chain", {}, yes), ("chain-unmet", {}, unmet("unmet")), ("chain-wants-off", {}, yes), ("chain-no-off", {}, unmet("unmet-no-off")), ("chain-of-broken", {}, yes),
    ("before-target", user("u-1"), unmet("off")), ("before-rule", {}, unmet("off")), ("before-split", {}, unmet("off")), ("off-is-on", {}, served("on", "DEFAULT", prerequisite="off")), ("disabled", {}, served("off", "DISABLED")), ("with-metadata", {}, {**unmet("off"), "version": 9, "metadata": {"owner": "x", "n": 5}}), ("of-text-c", {"a": 1}, yes), ("of-text-c", {}, unmet("text")), ("of-text-ab", {}, yes), ("of-text-ab", {"a": 1}, unmet("text")), ("extra", {}, yes),
    ("met-then-rule", {"a": 1}, served("on", "TARGETING_MATCH", ruleId="r")), ("met-then-rule", {}, no), ("met-then-target", user("u-1"), served("on", "TARGETING_MATCH", ruleId="target")), ("met-then-target", {}, no), ("broken", {}, error("PARSE_ERROR")), ("split", {}, error("TARGETING_KEY_MISSING")),
]:  # fmt: skip
    put(B, f"{key} with {context}", key, expect, context)
put(B, "a prerequisite of another type is no matter", "of-text-ab", yes, {}, type="boolean")

# --- targets ---------------------------------------------------------------------------------------------------------

T = [
    text("one", targets=[{"values": ["u-1", "u-2"], "variant": "b"}]), text("two", targets=[{"values": ["u-1", "u-2"], "variant": "b"}, {"values": ["u-2", "u-3"], "variant": "c"}]), text("by-org", targets=[{"by": "orgId", "values": ["o-1"], "variant": "b"}]), text("by-pointer", targets=[{"by": "/org/id", "values": ["o-1", 5], "variant": "b"}]),
    text("mixed", targets=[{"by": "orgId", "values": ["o-1"], "variant": "b"}, {"by": "targetingKey", "values": ["u-1"], "variant": "c"}]), text("numbers", targets=[{"values": [4711, 0, -5, 9007199254740991, raw("12.0"), raw("1e3")], "variant": "b"}]), text("texts", targets=[{"values": ["4711", "0", "-5", "9007199254740991", "1000", "-0", "1.0"], "variant": "b"}]),
    text("by-instance", targets=[{"by": "$instance", "values": ["i-1"], "variant": "b"}]), text("extra", targets=[{"values": ["u-1"], "variant": "b", "description": "ignored", "x": {"y": [1]}}]), text("before-rule", targets=[{"values": ["u-1"], "variant": "b"}], rules=[rule(serve={"variant": "c"})]), text("before-split", targets=[{"values": ["u-1"], "variant": "b"}], fallthrough=split(("c", 100000))),
    text("with-metadata", targets=[{"values": ["u-1"], "variant": "b"}], version=2, metadata={"owner": "x"}), text("unicode", targets=[{"values": ["é", "\U0001f600", "Straße"], "variant": "b"}]), text("same", targets=[{"values": ["u-1", "u-1"], "variant": "b"}, {"values": ["u-1"], "variant": "a"}]),
]  # fmt: skip
B = Book("targets.json", "evaluation", "Targets: units as text, the first that lists the unit, by", snapshot(flags(*T)))
b, c, none = served("b", "TARGETING_MATCH", ruleId="target"), served("c", "TARGETING_MATCH", ruleId="target"), served("a", "DEFAULT")
for key, context, expect in [
    ("one", user("u-1"), b), ("one", user("u-2"), b), ("one", user("u-3"), none), ("one", {}, none), ("one", user(""), none), ("one", user(None), none), ("one", user("U-1"), none), ("one", user("u-1 "), none), ("one", {"userId": "u-1"}, none), ("two", user("u-1"), b), ("two", user("u-2"), b), ("two", user("u-3"), c), ("two", user("u-4"), none),
    ("by-org", {"orgId": "o-1"}, b), ("by-org", user("o-1"), none), ("by-org", {"orgId": ["o-1"]}, none), ("by-org", {"orgId": {"id": "o-1"}}, none), ("by-org", {"orgId": True}, none), ("by-org", {"orgId": None}, none), ("by-pointer", {"org": {"id": "o-1"}}, b), ("by-pointer", {"org": {"id": 5}}, b), ("by-pointer", {"org": {"id": raw("5.0")}}, b), ("by-pointer", {"org": {"id": "5"}}, b), ("by-pointer", {"org": {"id": 5.5}}, none), ("by-pointer", {"org": ["o-1"]}, none), ("by-pointer", {"org": "o-1"}, none),
    ("mixed", {"orgId": "o-1", "targetingKey": "u-1"}, b), ("mixed", user("u-1", orgId="o-2"), c), ("mixed", user("u-1"), c), ("mixed", {"orgId": "u-1"}, none),
    ("numbers", user(4711), b), ("numbers", user("4711"), b), ("numbers", user(raw("4711.0")), b), ("numbers", user("4711.0"), none), ("numbers", user("04711"), none), ("numbers", user(0), b), ("numbers", user(raw("-0")), b), ("numbers", user(raw("-0.0")), b), ("numbers", user("0"), b), ("numbers", user("-0"), none), ("numbers", user(-5), b), ("numbers", user("-5"), b), ("numbers", user(5), none), ("numbers", user(9007199254740991), b), ("numbers", user("9007199254740991"), b), ("numbers", user(9007199254740992), none), ("numbers", user(12), b), ("numbers", user("12"), b), ("numbers", user("12.0"), none), ("numbers", user(1000), b), ("numbers", user("1000"), b), ("numbers", user("1e3"), none), ("numbers", user(raw("1E3")), b),
    ("texts", user(4711), b), ("texts", user("4711"), b), ("texts", user(0), b), ("texts", user(raw("-0")), b), ("texts", user("-0"), b), ("texts", user(-5), b), ("texts", user(9007199254740991), b), ("texts", user(raw("1e3")), b), ("texts", user(1), none), ("texts", user("1.0"), b), ("texts", user(raw("1.0")), none),
    ("by-instance", user("i-1"), none), ("by-instance", {"$instance": "i-1"}, none), ("extra", user("u-1"), b), ("extra", user("u-2"), none), ("before-rule", user("u-1"), b), ("before-rule", user("u-2"), served("c", "TARGETING_MATCH", ruleId="r")), ("before-split", user("u-1"), b), ("before-split", user("u-2"), served("c", "SPLIT")), ("before-split", {}, error("TARGETING_KEY_MISSING")), ("with-metadata", user("u-1"), {**b, "version": 2, "metadata": {"owner": "x"}}),
    ("unicode", user("é"), b), ("unicode", user("e\u0301"), none), ("unicode", user("\U0001f600"), b), ("unicode", user("STRASSE"), none), ("unicode", user("Straße"), b), ("same", user("u-1"), b),
]:  # fmt: skip
    put(B, f"{key} with {context}".replace("\x01raw ", ""), key, expect, context)
put(B, "by-instance, instance i-1", "by-instance", b, {}, instance="i-1")
put(B, "by-instance, instance i-2", "by-instance", none, user("i-1"), instance="i-2")

# --- tracks ----------------------------------------------------------------------------------------------------------

K = [
    text("plain", rules=[rule(serve={"variant": "b"}, track={"run": "run-1"})]), text("arm", rules=[rule(serve={"variant": "b"}, track={"run": "run-1", "arm": "candidate"})]), text("by", rules=[rule(serve={"variant": "b"}, track={"run": "run-1", "arm": "candidate", "by": ["userId", "/org/id", "$instance"]})]),
    text("split", salt=SALT, rules=[rule(serve=split(("a", 50000), ("b", 50000)), track={"run": "run-1"})]), text("split-by", salt=SALT, rules=[rule(serve=split(("a", 50000), ("b", 50000), by=["userId"]), track={"run": "run-1", "by": ["userId"]})]), text("split-by-only", salt=SALT, rules=[rule(serve=split(("a", 50000), ("b", 50000), by=["userId"]), track={"run": "run-1"})]),
    text("split-layer", rules=[rule(serve=split(("a", 50000), ("b", 50000), layer="l"), track={"run": "run-1"})]), text("gated", salt=SALT, rules=[rule("r1", when={"percentage": 10.346}, serve={"variant": "b"}, track={"run": "run-1", "arm": "in"}), rule("r2", serve={"variant": "c"}, track={"run": "run-1", "arm": "rest"})]),
    text("unmatched", rules=[rule(when=NEVER, track={"run": "run-1"}, serve={"variant": "b"})]), text("second-untracked", rules=[rule("r1", when=IF_A, serve={"variant": "b"}, track={"run": "run-1"}), rule("r2", serve={"variant": "c"})]), text("target-first", targets=[{"values": ["u-1"], "variant": "c"}], rules=[rule(serve={"variant": "b"}, track={"run": "run-1"})]),
    text("extra", rules=[rule(serve={"variant": "b"}, track={"run": "run-1", "arm": "x", "hypothesis": "ignored", "more": [1]})]), text("disabled", enabled=False, offVariant="a", rules=[rule(serve={"variant": "b"}, track={"run": "run-1"})]), text("same-variant-twice", salt=SALT, rules=[rule(serve=split(("a", 20000), ("b", 30000), ("a", 50000)), track={"run": "run-1"})]),
    text("metadata", version=5, metadata={"owner": "x"}, rules=[rule(serve={"variant": "b"}, track={"run": "run-1"})]), text("prerequisite", prerequisites=[{"flag": "plain", "variants": ["a"]}], offVariant="c", rules=[rule(serve={"variant": "b"}, track={"run": "run-1"})]),
]  # fmt: skip
B = Book("tracks.json", "evaluation", "track: run, by defaulted, arm of the rule or of the split", snapshot(flags(*K), {}, LAYERS))
by = ["targetingKey"]
for key, context, expect in [
    ("plain", {}, served("b", "TARGETING_MATCH", ruleId="r", track={"run": "run-1", "by": by})), ("arm", {}, served("b", "TARGETING_MATCH", ruleId="r", track={"run": "run-1", "by": by, "arm": "candidate"})), ("by", {}, served("b", "TARGETING_MATCH", ruleId="r", track={"run": "run-1", "by": ["userId", "/org/id", "$instance"], "arm": "candidate"})),
    ("split", user("user-42"), served("a", "SPLIT", ruleId="r", track={"run": "run-1", "by": by, "arm": "a"})), ("split", user("user-1"), served("b", "SPLIT", ruleId="r", track={"run": "run-1", "by": by, "arm": "b"})), ("split", {}, error("TARGETING_KEY_MISSING")),
    ("split-by", {"userId": "user-42"}, served("a", "SPLIT", ruleId="r", track={"run": "run-1", "by": ["userId"], "arm": "a"})), ("split-by-only", {"userId": "user-1"}, served("b", "SPLIT", ruleId="r", track={"run": "run-1", "by": by, "arm": "b"})), ("split-layer", user("user-1"), served("b", "SPLIT", ruleId="r", track={"run": "run-1", "by": by, "arm": "b"})),
    ("gated", user("user-1"), served("b", "SPLIT", ruleId="r1", track={"run": "run-1", "by": by, "arm": "in"})), ("gated", user("user-42"), served("c", "TARGETING_MATCH", ruleId="r2", track={"run": "run-1", "by": by, "arm": "rest"})), ("gated", {}, served("c", "TARGETING_MATCH", ruleId="r2", track={"run": "run-1", "by": by, "arm": "rest"})),
    ("unmatched", {}, served("a", "DEFAULT")), ("second-untracked", {}, served("c", "TARGETING_MATCH", ruleId="r2")), ("second-untracked", {"a": 1}, served("b", "TARGETING_MATCH", ruleId="r1", track={"run": "run-1", "by": by})), ("target-first", user("u-1"), served("c", "TARGETING_MATCH", ruleId="target")), ("target-first", {}, served("b", "TARGETING_MATCH", ruleId="r", track={"run": "run-1", "by": by})),
    ("extra", {}, served("b", "TARGETING_MATCH", ruleId="r", track={"run": "run-1", "by": by, "arm": "x"})), ("disabled", {}, served("a", "DISABLED")), ("same-variant-twice", user("user-1"), served("a", "SPLIT", ruleId="r", track={"run": "run-1", "by": by, "arm": "a"})), ("same-variant-twice", user("user-42"), served("b", "SPLIT", ruleId="r", track={"run": "run-1", "by": by, "arm": "b"})),
    ("metadata", {}, served("b", "TARGETING_MATCH", ruleId="r", track={"run": "run-1", "by": by}, version=5, metadata={"owner": "x"})), ("prerequisite", {}, served("c", "DEFAULT", prerequisite="plain")),
]:  # fmt: skip
    put(B, f"{key} with {context}", key, expect, context)

# --- splits and layers -----------------------------------------------------------------------------------------------

M = [
    text("border-below", salt=SALT, fallthrough=split(("a", 93552), ("b", 6448))), text("border-above", salt=SALT, fallthrough=split(("a", 93553), ("b", 6447))), text("three", salt=SALT, fallthrough=split(("a", 31337), ("b", 1), ("c", 68662))), text("zero-first", salt=SALT, fallthrough=split(("a", 0), ("b", 100000))), text("zero-between", salt=SALT, fallthrough=split(("a", 31337), ("b", 0), ("c", 68663))), text("zero-last", salt=SALT, fallthrough=split(("a", 100000), ("b", 0))),
    text("twice", salt=SALT, fallthrough=split(("a", 20000), ("b", 20000), ("a", 60000))), text("spelled", salt=SALT, fallthrough=split(("a", raw("50000.0")), ("b", raw("5e4")))), text("one", salt=SALT, fallthrough=split(("b", 100000))), text("by-user", salt=SALT, fallthrough=split(("a", 50000), ("b", 50000), by=["userId"])), text("by-many", salt=SALT, fallthrough=split(("a", 50000), ("b", 50000), by=["userId", "/org/id", "targetingKey"])),
    text("default-salt", fallthrough=split(("a", 50000), ("b", 50000))), text(SALT, fallthrough=split(("a", 93553), ("b", 6447))), text("null-salt-of", salt=None, fallthrough=split(("a", 100000))), text("by-random", salt=SALT, fallthrough=split(("a", 90820), ("b", 9180), by=["$random"])), text("by-instance", salt=SALT, fallthrough=split(("a", 93552), ("b", 6448), by=["$instance", "targetingKey"])),
    text("layer", salt="other", fallthrough=split(("a", 93552), ("b", 6448), layer="l")), text("layer-user", salt="other", fallthrough=split(("a", 93552), ("b", 6448), layer="l-user")), text("layer-random", salt="other", fallthrough=split(("a", 90820), ("b", 9180), layer="l-random")),
    text("slot-1", rules=[rule("in", when={"percentage": [0, 42], "layer": "l"}, serve={"variant": "b"})]), text("slot-2", rules=[rule("in", when={"percentage": [42, 100], "layer": "l"}, serve={"variant": "c"})]), text("gate-then-split", salt=SALT, rules=[rule("in", when={"percentage": 42}, serve=split(("b", 93552), ("c", 6448)))]), text("nested-gates", salt=SALT, rules=[rule("10", when={"percentage": 10.346}, serve={"variant": "b"}), rule("50", when={"percentage": 50}, serve={"variant": "c"})]),
    text("gate-in-layer-split-of-flag", salt=SALT, rules=[rule("in", when={"percentage": 42, "layer": "l"}, serve=split(("b", 93552), ("c", 6448), by=["targetingKey"]))]), text("layer-beside-own-percentage", salt=SALT, rules=[rule("in", when={"all": [{"percentage": [0, 50], "layer": "l"}, {"percentage": 20, "by": ["userId"]}]}, serve={"variant": "b"})]),
]  # fmt: skip
B = Book("splits.json", "evaluation", "Splits over the golden buckets: borders, zero slots, by, salts, layers, exclusivity", snapshot(flags(*M), {}, LAYERS))
sa, sb, sc = (served(v, "SPLIT") for v in "abc")
for key, context, expect in [
    ("border-below", user("user-1"), sb), ("border-above", user("user-1"), sa), ("border-below", user("user-42"), sa), ("border-below", user(4711), sa), ("border-below", user("4711"), sa), ("three", user("user-42"), sb), ("three", user("user-1"), sc), ("zero-first", user("user-1"), sb), ("zero-first", user("user-42"), sb), ("zero-between", user("user-42"), sc), ("zero-last", user("user-1"), sa), ("twice", user("user-42"), sb), ("twice", user("user-1"), sa), ("twice", user("4711"), sa), ("spelled", user("user-42"), sa), ("spelled", user("user-1"), sb), ("one", user("x"), sb), ("one", {}, error("TARGETING_KEY_MISSING")),
    ("by-user", {"userId": "user-1"}, sb), ("by-user", {"userId": "user-42", "targetingKey": "user-1"}, sa), ("by-user", user("user-1"), error("TARGETING_KEY_MISSING")), ("by-many", user("user-1"), sb), ("by-many", user("user-1", userId="user-42"), sa), ("by-many", user("user-1", org={"id": "user-42"}), sa), ("by-many", user("user-42", userId="", org={"id": False}), sa), ("by-many", user("user-42", userId="user-1", org={"id": "user-42"}), sb), ("by-many", user("user-42", userId=4711), sb),
    (SALT, user("user-1"), sa), ("null-salt-of", user("user-1"), sa), ("by-instance", user("user-1"), sb), ("by-instance", user("user-42"), sa), ("layer", user("user-1"), sb), ("layer", user("user-42"), sa), ("layer", {"userId": "user-1"}, error("TARGETING_KEY_MISSING")), ("layer-user", {"userId": "user-1"}, sb), ("layer-user", user("user-1"), error("TARGETING_KEY_MISSING")), ("layer-user", user("user-1", userId="user-42"), sa),
    ("slot-1", user("user-1"), served("b", "SPLIT", ruleId="in")), ("slot-2", user("user-1"), served("a", "DEFAULT")), ("slot-1", user("user-42"), served("a", "DEFAULT")), ("slot-2", user("user-42"), served("c", "SPLIT", ruleId="in")), ("slot-1", user(4711), served("b", "SPLIT", ruleId="in")), ("slot-2", user(4711), served("a", "DEFAULT")), ("slot-1", {}, served("a", "DEFAULT")), ("slot-2", {}, served("a", "DEFAULT")),
    ("gate-then-split", user("user-1"), served("c", "SPLIT", ruleId="in")), ("gate-then-split", user("4711"), served("b", "SPLIT", ruleId="in")), ("gate-then-split", user("user-42"), served("a", "DEFAULT")), ("gate-then-split", {}, served("a", "DEFAULT")), ("nested-gates", user("user-1"), served("b", "SPLIT", ruleId="10")), ("nested-gates", user("4711"), served("c", "SPLIT", ruleId="50")), ("nested-gates", user("user-42"), served("a", "DEFAULT")), ("nested-gates", {}, served("a", "DEFAULT")),
    ("gate-in-layer-split-of-flag", user("user-1"), served("c", "SPLIT", ruleId="in")), ("gate-in-layer-split-of-flag", user("user-42"), served("a", "DEFAULT")), ("layer-beside-own-percentage", user("user-1", userId="user-1"), served("b", "SPLIT", ruleId="in")), ("layer-beside-own-percentage", user("user-1", userId="user-42"), served("a", "DEFAULT")), ("layer-beside-own-percentage", user("user-42", userId="user-1"), served("a", "DEFAULT")),
]:  # fmt: skip
    put(B, f"{key} with {context}", key, expect, context)
for key in ("by-random", "layer-random"):
    put(B, f"{key}, random 4711", key, sb, {}, random=4711)
    put(B, f"{key}, random 4711, the context says another", key, sb, {"$random": 1, "targetingKey": "user-1"}, random=4711)
put(B, "by-instance, instance user-1", "by-instance", sb, user("user-42"), instance="user-1")
put(B, "by-instance, instance user-42", "by-instance", sa, user("user-1"), instance="user-42")

# --- types and values ------------------------------------------------------------------------------------------------


def numeric(key, spelled, **more):
    return {"key": key, "type": "number", "enabled": True, "variants": {"n": raw(spelled)}, "fallthrough": {"variant": "n"}, **more}


NUMBERS = {  # spelled: (value, integral and below 2^53)
    "3": True, "3.0": True, "3.5": False, "0": True, "0.0": True, "-3": True, "-3.0": True, "-3.5": False, "1e3": True, "1.5e1": True, "1e-3": False, "0.1": False, "100000000000": True, "9007199254740991": True, "-9007199254740991": True,
    "9007199254740991.0": True, "9007199254740992": False, "-9007199254740992": False, "9007199254740993": False, "9007199254740992.0": False, "9223372036854775807": False, "18446744073709551616": False, "1e15": True, "1e16": False, "1e21": False, "1e300": False, "1.7976931348623157e308": False, "5e-324": False, "4503599627370496.5": True, "2251799813685248.5": False, "2147483648": True, "-2147483649": True, "3.0000000000000001": True, "0.99999999999999999": True,
}  # fmt: skip
V = [numeric(f"n{i}", spelled) for i, spelled in enumerate(NUMBERS)]
V += [
    {"key": "mixed", "type": "number", "enabled": True, "variants": {"whole": raw("3.0"), "part": 3.5, "big": raw("1e300")}, "offVariant": "part", "fallthrough": {"variant": "whole"}, "rules": [rule("p", serve={"variant": "part"}, when=IF_A, track={"run": "r"}), rule("b", serve={"variant": "big"}, when=on("a", "in", 2))]},
    numeric("disabled", "3.5", enabled=False), numeric("disabled-off", "3.5", enabled=False, offVariant="n", version=3, metadata={"owner": "x"}),
    {"key": "object", "type": "object", "enabled": True, "variants": {"o": {"a": [1, raw("2.0"), None, {"b": "\u00e9"}], "n": None, "": {}}}, "fallthrough": {"variant": "o"}}, {"key": "empty", "type": "object", "enabled": True, "variants": {"o": {}}, "fallthrough": {"variant": "o"}},
    {"key": "strings", "type": "string", "enabled": True, "variants": {"empty": "", "unicode": "e\u0301 \U0001f600 \u2028", "number": "3"}, "fallthrough": {"variant": "empty"}, "rules": [rule("u", when=IF_A, serve={"variant": "unicode"}), rule("n", when=on("a", "in", 2), serve={"variant": "number"})]},
    flag("boolean", fallthrough=ON), flag("versioned", version=raw("17.0"), fallthrough=ON), flag("unversioned", fallthrough=ON), flag("metadata", metadata={"s": "x", "n": 1.5, "b": False, "Version": 1, "rule": "r"}, version=1, fallthrough=ON, clientVisible=True),
    {"key": "one-variant", "type": "boolean", "enabled": True, "variants": {"yes": True}, "fallthrough": {"variant": "yes"}}, {"key": "same-values", "type": "string", "enabled": True, "variants": {"a": "x", "A": "x"}, "fallthrough": {"variant": "A"}},
]  # fmt: skip
B = Book("types.json", "evaluation", "Asked types, integral numbers, values of every type, version and metadata", snapshot(flags(*V)))
for i, (spelled, integral) in enumerate(NUMBERS.items()):
    n = {"variant": "n", "value": raw(spelled), "reason": "STATIC"}
    put(B, f"{spelled} asked as number", f"n{i}", n, {}, type="number")
    put(B, f"{spelled} asked as float", f"n{i}", n, {}, type="float")
    put(B, f"{spelled} asked as integer", f"n{i}", n if integral else error("TYPE_MISMATCH"), {}, type="integer")
    put(B, f"{spelled}, no type asked", f"n{i}", n, {})
for i, spelled in enumerate(NUMBERS):
    if spelled in ("3", "3.0", "3.5", "0.0", "-3.0", "1e3", "0.1", "9007199254740991", "9007199254740993"):
        put(B, f"{spelled} keeps its form over the wire", f"n{i}", {"variant": "n", "value": raw(spelled), "valueText": spelled, "reason": "STATIC"}, {}, mode="wire")
whole_n, part_n, big_n = ({"variant": v, "value": x} for v, x in (("whole", 3), ("part", 3.5), ("big", raw("1e300"))))
for context, asked, expect in [
    ({}, "integer", {**whole_n, "reason": "DEFAULT"}), ({"a": 1}, "integer", error("TYPE_MISMATCH")), ({"a": 2}, "integer", error("TYPE_MISMATCH")), ({"a": 1}, "float", {**part_n, "reason": "TARGETING_MATCH", "ruleId": "p", "track": {"run": "r", "by": ["targetingKey"]}}), ({"a": 2}, "number", {**big_n, "reason": "TARGETING_MATCH", "ruleId": "b"}), ({}, "float", {**whole_n, "reason": "DEFAULT"}), ({"a": 2}, "float", {**big_n, "reason": "TARGETING_MATCH", "ruleId": "b"}),
]:  # fmt: skip
    put(B, f"mixed, {context}, asked as {asked}", "mixed", expect, context, type=asked)
put(B, "nothing served is no mismatch", "disabled", default("DISABLED"), {}, type="integer")
put(B, "an offVariant is a value served", "disabled-off", error("TYPE_MISMATCH"), {}, type="integer")
put(B, "an offVariant asked as float", "disabled-off", {"variant": "n", "value": 3.5, "reason": "DISABLED", "version": 3, "metadata": {"owner": "x"}}, {}, type="float")
obj = {"variant": "o", "value": {"a": [1, 2, None, {"b": "\u00e9"}], "n": None, "": {}}, "reason": "STATIC"}
put(B, "an object", "object", obj, {}, type="object")
put(B, "an object, no type asked", "object", obj, {})
put(B, "an empty object", "empty", {"variant": "o", "value": {}, "reason": "STATIC"}, {}, type="object")
put(B, "an empty string", "strings", {"variant": "empty", "value": "", "reason": "DEFAULT"}, {}, type="string")
put(B, "a string of Unicode", "strings", {"variant": "unicode", "value": "e\u0301 \U0001f600 \u2028", "reason": "TARGETING_MATCH", "ruleId": "u"}, {"a": 1}, type="string")
put(B, "a string of digits is a string", "strings", {"variant": "number", "value": "3", "reason": "TARGETING_MATCH", "ruleId": "n"}, {"a": 2})
put(B, "a string of digits asked as integer", "strings", error("TYPE_MISMATCH"), {"a": 2}, type="integer")
put(B, "is_enabled asks a boolean", "boolean", served("on", "STATIC"), {}, type="boolean")
put(B, "version 17.0 is 17", "versioned", served("on", "STATIC", version=17), {})
put(B, "no version is 0", "unversioned", served("on", "STATIC", version=0, metadata={}), {})
put(B, "metadata of every type, no reserved name", "metadata", served("on", "STATIC", version=1, metadata={"s": "x", "n": 1.5, "b": False, "Version": 1, "rule": "r"}), {})
put(B, "a flag of one variant", "one-variant", {"variant": "yes", "value": True, "reason": "STATIC"}, {})
put(B, "variant names keep their case", "same-values", {"variant": "A", "value": "x", "reason": "STATIC"}, {})

# --- contexts that only text can say ---------------------------------------------------------------------------------

C = [
    flag("a-is-1", rules=[rule(when=on("a", "in", 1))]), flag("a-exists", rules=[rule(when={"attribute": "a", "op": "exists"})]), flag("a-is-text", rules=[rule(when=on("a", "in", "ab", "a\ufffdb", "a?b"))]), flag("a-is-number", rules=[rule(when={"any": [on("a", "lt", 0), on("a", "gte", 0)]})]), flag("b-exists", rules=[rule(when={"attribute": "b", "op": "exists"})]),
    flag("nested", rules=[rule(when={"attribute": "/o/a", "op": "exists"})]), flag("a-in-array", rules=[rule(when=on("a", "in", 2))]), flag("by-a", fallthrough=split(("on", 100000), by=["a"])), flag("split", fallthrough=split(("on", 100000))), flag("static", fallthrough=ON), flag("not-a", rules=[rule(when={"not": {"attribute": "a", "op": "exists"}})]),
]  # fmt: skip
B = Book("contexts.json", "evaluation", "Contexts as text: duplicate keys, overflow, lone surrogates, text that is no JSON; and values only an SDK can hold", snapshot(flags(*C)))
held, not_held = served("on", "TARGETING_MATCH", ruleId="r"), served("off", "DEFAULT")
static_on = served("on", "STATIC")
for label, key, given, expect in [
    ("the last of two", "a-is-1", '{"a": 2, "a": 1}', held), ("the last of two is another", "a-is-1", '{"a": 1, "a": 2}', not_held), ("the last of two is null", "a-exists", '{"a": 1, "a": null}', not_held), ("the last of three", "a-is-1", '{"a": 1, "a": 2, "a": 1}', held), ("the last of two objects, not merged", "nested", '{"o": {"a": 1}, "o": {}}', not_held), ("the last of two inside", "nested", '{"o": {"a": null, "a": 1}}', held), ("duplicates by escape", "a-is-1", '{"a": 2, "\\u0061": 1}', held), ("a duplicate targetingKey", "split", '{"targetingKey": "", "targetingKey": "u"}', served("on", "SPLIT")), ("a duplicate targetingKey, the first wrong", "split", '{"targetingKey": [], "targetingKey": "u"}', served("on", "SPLIT")), ("a duplicate targetingKey, the last wrong", "split", '{"targetingKey": "u", "targetingKey": []}', error("INVALID_CONTEXT")),
    ("a pair of surrogates is a character", "a-exists", '{"a": "\\ud83d\\ude00"}', held), ("an escape is its character", "a-is-1", '{"\\u0061": 1}', held), ("white space around", "a-is-1", ' \n\t\r{ "a" : 1 } \n', held), ("an exponent", "a-is-1", '{"a": 10e-1}', held), ("1.0000000000000000000000001 is 1", "a-is-1", '{"a": 1.0000000000000000000000001}', held), ("underflow is 0", "a-is-number", '{"a": 1e-400}', held), ("U+0000 in a string", "a-exists", '{"a": "\\u0000"}', held), ("300 digits", "a-is-number", '{"a": 1' + "0" * 300 + "}", held), ("no context beside white space", "static", " {} ", static_on),
]:  # fmt: skip
    B.add(label, flag=key, contextText=given, expect=expect)
for label, given in [
    ("empty text", ""), ("white space", " "), ("not closed", '{"a": 1'), ("a trailing comma", '{"a": 1,}'), ("single quotes", "{'a': 1}"), ("no quotes", "{a: 1}"), ("two values", "{} {}"), ("a comment", "{/* */}"), ("NaN", '{"a": NaN}'), ("Infinity", '{"a": Infinity}'), ("-Infinity", '{"a": -Infinity}'), ("+1", '{"a": +1}'), ("a leading zero", '{"a": 01}'), (".5", '{"a": .5}'), ("5.", '{"a": 5.}'), ("hexadecimal", '{"a": 0x1}'), ("True", '{"a": True}'), ("undefined", '{"a": undefined}'), ("a bad escape", '{"a": "\\x41"}'), ("a cut escape", '{"a": "\\u00"}'), ("a raw newline in a string", '{"a": "\n"}'), ("garbage after", "{}x"),
]:  # fmt: skip
    B.add(f"no JSON: {label}", flag="static", contextText=given, mode="wire", expect={"refused": True, "errorCode": "PARSE_ERROR"})
for label, value in [("a lone high surrogate", '"a\\ud800b"'), ("a lone low surrogate", '"\\udc00"'), ("surrogates reversed", '"\\ude00\\ud83d"'), ("in an array", '["x", "\\ud800"]'), ("in an object", '{"k": "\\udfff"}'), ("a high surrogate before a character", '"\\ud83dx"')]:  # fmt: skip
    text_of = '{"a": %s}' % value
    B.add(f"surrogate over the wire: {label}", flag="static", contextText=text_of, mode="wire", expect={"refused": True, "errorCode": "PARSE_ERROR"})
B.add("surrogate over the wire: in an attribute that no rule reads", flag="static", contextText='{"zzz": "\\ud800"}', mode="wire", expect={"refused": True, "errorCode": "PARSE_ERROR"})
B.add("surrogate over the wire: in the targetingKey", flag="split", contextText='{"targetingKey": "\\ud800"}', mode="wire", expect={"refused": True, "errorCode": "PARSE_ERROR"})
for label, value in [("1e400", "1e400"), ("-1e400", "-1e400"), ("1e309", "1e309"), ("400 digits", "1" + "0" * 400), ("inside an array", "[1, 1e400]"), ("inside an object", '{"x": 1e999}')]:
    B.add(f"overflow over the wire: {label}", flag="static", contextText='{"a": %s}' % value, mode="wire", expect={"refused": True})
    B.add(f"overflow in an SDK, in what no rule reads: {label}", flag="static", contextText='{"a": %s}' % value, mode="local", expect=static_on)
for value in ("1e400", "-1e400", "1" + "0" * 400):
    shown = value if len(value) < 9 else "400 digits"
    B.add(f"overflow in an SDK: {shown} does not exist", flag="a-exists", contextText='{"a": %s}' % value, mode="local", expect=not_held)
    B.add(f"overflow in an SDK: {shown} is no number", flag="a-is-number", contextText='{"a": %s}' % value, mode="local", expect=not_held)
    B.add(f"overflow in an SDK: {shown} is no unit", flag="by-a", contextText='{"a": %s}' % value, mode="local", expect=error("TARGETING_KEY_MISSING"))
    B.add(f"overflow in an SDK: targetingKey {shown} counts as absent", flag="static", contextText='{"targetingKey": %s}' % value, mode="local", expect=static_on)
B.add("overflow in an SDK: the array's other elements count", flag="a-in-array", contextText='{"a": [1e400, 2]}', mode="local", expect=held)
for what in ("NaN", "Infinity", "-Infinity", "surrogate"):
    def inject(label, key, expect, context=None, name="a", what=what):
        B.add(f"{what} in an SDK: {label}", flag=key, context=context or {}, inject={name: what}, mode="local", expect=expect)

    inject("does not exist", "a-exists", not_held)
    inject("counts as absent, so not holds", "not-a", held)
    inject("is not 1", "a-is-1", not_held)
    inject("is no number", "a-is-number", not_held)
    inject("is no text", "a-is-text", not_held)
    inject("is no unit", "by-a", error("TARGETING_KEY_MISSING"))
    inject("as targetingKey counts as absent", "static", static_on, name="targetingKey")
    inject("as targetingKey is no unit", "split", error("TARGETING_KEY_MISSING"), name="targetingKey")
    inject("leaves the other attributes", "b-exists", held, context={"b": 1})
    inject("in what no rule reads", "static", static_on)
for value, expect in ((True, not_held), (1, held), (raw("1.0"), held)):
    put(B, f"true is not 1: {value}".replace("\x01raw ", ""), "a-is-1", expect, {"a": value})
