"""What breaks a flag, a segment or a layer taken by itself: sections 2, 5 and 7 ("Members").

`strict` is admin input, where unknown members and U+0000 are refused everywhere. References to other flags, segments and
layers are looked up in the raw snapshot, and are collected for `graph`.
"""

import math

import buckets
import jsontext
import literals
import regex

VARIANTS, RULES, SLOTS, DEPTH, VALUES, OBJECT_BYTES = 100, 256, 256, 16, 100000, 65536
RESERVED = {"ruleId", "version", "cause", "prerequisite"}
FLAG = {
    "key", "type", "salt", "version", "enabled", "variants", "offVariant", "prerequisites", "targets", "rules",
    "fallthrough", "clientVisible", "metadata", "override", "kind", "description", "tags", "owner",
}  # fmt: skip
STRING_OPS = {"in", "starts_with", "ends_with", "contains", "matches"}
SEMVER_OPS = {"semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte"}
NUMBER_OPS = {"lt", "lte", "gt", "gte"}
DATE_OPS = {"before", "after"}


class Broken(ValueError):
    """Where (a JSON Pointer inside the document) and why."""

    def __init__(self, at, why):
        super().__init__(f"{at}: {why}")
        self.at, self.why = at, why


def need(condition, at, why):
    if not condition:
        raise Broken(at, why)


def child(at, name):
    return f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"


def without_nulls(members):
    """In a flag, a segment and a layer a null counts as absent."""
    return {k: v for k, v in members.items() if v is not None}


def is_integral(value):
    return jsontext.is_number(value) and math.isfinite(value) and value == int(value)


class Shape:
    """One pass over one document."""

    def __init__(self, world, strict=False):
        self.world, self.strict = world, strict
        self.references = []  # ("flag" | "segment", key), with repetition

    def members(self, value, at, known, required=(), ignore=False):
        need(isinstance(value, dict), at, "an object")
        for name in required:
            need(name in value, child(at, name), "required")
        if self.strict or not ignore:
            for name in value:
                need(name in known, child(at, name), "unknown")
        for name in set(value) & set(known):
            need(value[name] is not None, child(at, name), "null")
        return value

    def array(self, value, at, least=0, most=math.inf):
        need(isinstance(value, list), at, "an array")
        need(least <= len(value) <= most, at, "length")
        return [(v, child(at, i)) for i, v in enumerate(value)]

    def text(self, value, at, grammar=None):
        need(isinstance(value, str), at, "a string")
        need(grammar is None or grammar.fullmatch(value), at, "grammar")
        return value

    # --- flags

    def flag(self, key, raw):
        need(isinstance(raw, dict), "", "an object")
        if self.strict:
            self.members(without_nulls(raw), "", FLAG)
        flag = without_nulls(raw)
        for name in ("key", "type", "variants", "enabled", "fallthrough"):
            need(name in flag, f"/{name}", "required")
        need(self.text(flag["key"], "/key", literals.KEY) == key, "/key", "not its key in flags")
        need(flag["type"] in ("boolean", "string", "number", "object"), "/type", "type")
        self.text(flag.get("salt", ""), "/salt")
        self.plain_members(flag)
        self.variants(flag["variants"], flag["type"])
        self.names = flag["variants"]
        if "offVariant" in flag:
            self.variant(flag["offVariant"], "/offVariant")
        for p, at in self.array(flag.get("prerequisites", []), "/prerequisites"):
            self.members(p, at, {"flag", "variants"}, ("flag", "variants"), ignore=True)
            self.other_flag(p, at)
        for t, at in self.array(flag.get("targets", []), "/targets"):
            self.target(t, at)
        self.rules(flag.get("rules", []))
        self.serve(flag["fallthrough"], "/fallthrough")
        if "override" in flag:
            self.override(flag["override"], "/override")

    def plain_members(self, flag):
        need(isinstance(flag["enabled"], bool), "/enabled", "a boolean")
        need(isinstance(flag.get("clientVisible", False), bool), "/clientVisible", "a boolean")
        need(is_integral(flag.get("version", 0)), "/version", "an integer")
        metadata = flag.get("metadata", {})
        need(isinstance(metadata, dict), "/metadata", "an object")
        for name in metadata:
            need(name not in RESERVED, child("/metadata", name), "reserved")

    def variants(self, variants, kind):
        need(isinstance(variants, dict) and 1 <= len(variants) <= VARIANTS, "/variants", "1 to 100")
        tests = {
            "boolean": lambda v: isinstance(v, bool),
            "string": lambda v: isinstance(v, str) and jsontext.valid_unicode(v),
            "number": lambda v: jsontext.is_number(v) and math.isfinite(v),
            "object": lambda v: isinstance(v, dict) and jsontext.compact_size(v) <= OBJECT_BYTES,
        }
        for name, value in variants.items():
            at = child("/variants", name)
            need(literals.KEY.fullmatch(name), at, "grammar")
            need(tests[kind](value), at, f"a {kind}")

    def variant(self, name, at):
        need(isinstance(name, str) and name in self.names, at, "a variant of this flag")

    def other_flag(self, node, at):
        """A prerequisite or a `flag` condition."""
        key = self.text(node["flag"], child(at, "flag"))
        other = self.world["flags"].get(key)
        need(isinstance(other, dict), child(at, "flag"), "no such flag")
        names = other.get("variants")
        for name, where in self.array(node["variants"], child(at, "variants"), least=1):
            self.text(name, where)
            need(isinstance(names, dict) and name in names, where, "no such variant")
        self.references.append(("flag", key))

    def target(self, t, at):
        self.members(t, at, {"by", "values", "variant"}, ("values", "variant"), ignore=True)
        if "by" in t:
            self.attribute(t["by"], child(at, "by"), ("$instance",))
        self.units(t["values"], child(at, "values"), least=1)
        self.variant(t["variant"], child(at, "variant"))

    def units(self, values, at, least=0):
        for v, where in self.array(values, at, least, VALUES):
            need(buckets.unit_text(v) is not None, where, "a unit")

    def attribute(self, name, at, special):
        path = literals.reference(name)
        need(path is not None, at, "an attribute")
        need(name[0] != "$" or name in special, at, "not here")

    def by(self, names, at, random=False):
        special = ("$instance", "$random") if random else ("$instance",)
        for name, where in self.array(names, at, least=1):
            self.attribute(name, where, special)

    def rules(self, rules):
        seen = set()
        for r, at in self.array(rules, "/rules", most=RULES):
            self.members(r, at, {"id", "when", "serve", "description", "track"}, ("id", "serve"))
            self.text(r["id"], child(at, "id"), literals.RULE_ID)
            need(r["id"] != "target" and r["id"] not in seen, child(at, "id"), "reserved or taken")
            seen.add(r["id"])
            self.text(r.get("description", ""), child(at, "description"))
            if "when" in r:
                self.condition(r["when"], child(at, "when"))
            self.serve(r["serve"], child(at, "serve"))
            if "track" in r:
                self.track(r, child(at, "track"))

    def track(self, rule, at):
        track = self.members(rule["track"], at, {"run", "arm", "by"}, ("run",), ignore=True)
        self.text(track["run"], child(at, "run"))
        if "arm" in track:
            self.text(track["arm"], child(at, "arm"))
            need("split" not in rule["serve"], child(at, "arm"), "beside a split")
        if "by" in track:
            self.by(track["by"], child(at, "by"))

    def serve(self, serve, at):
        need(isinstance(serve, dict), at, "an object")
        if "split" not in serve:
            self.members(serve, at, {"variant"}, ("variant",))
            self.variant(serve["variant"], child(at, "variant"))
            return
        self.members(serve, at, {"split", "by", "layer"})
        self.draw(serve, at)
        total = 0
        for slot, where in self.array(serve["split"], child(at, "split"), most=SLOTS):
            self.members(slot, where, {"variant", "weight"}, ("variant", "weight"))
            self.variant(slot["variant"], child(where, "variant"))
            weight = slot["weight"]
            need(is_integral(weight) and weight >= 0, child(where, "weight"), "a weight")
            total += int(weight)
        need(total == buckets.WHOLE, child(at, "split"), "weights sum to 100000")

    def draw(self, node, at):
        """The `by` or `layer` of a percentage or a split."""
        need(not ("by" in node and "layer" in node), child(at, "layer"), "a layer beside a by")
        if "by" in node:
            self.by(node["by"], child(at, "by"), random=True)
        if "layer" in node:
            layers = self.world["layers"]
            key = self.text(node["layer"], child(at, "layer"))
            need(key in layers, child(at, "layer"), "no such layer")
            try:
                Shape(self.world).layer(key, layers[key])
            except Broken as why:
                raise Broken(child(at, "layer"), f"malformed layer {why}") from why

    def override(self, o, at):
        known = {"variant", "percentage", "salt", "by", "cause"}
        self.members(o, at, known, ("variant", "percentage", "salt", "cause"))
        self.variant(o["variant"], child(at, "variant"))
        need(jsontext.is_number(o["percentage"]), child(at, "percentage"), "one number")
        need(buckets.thousandths(o["percentage"]) is not None, child(at, "percentage"), "a percentage")
        self.text(o["salt"], child(at, "salt"))
        self.text(o["cause"], child(at, "cause"))
        if "by" in o:
            self.by(o["by"], child(at, "by"))

    # --- segments and layers

    def segment(self, key, raw):
        need(literals.KEY.fullmatch(key), "", "grammar of the key")
        need(isinstance(raw, dict), "", "an object")
        if self.strict:
            self.members(without_nulls(raw), "", {"salt", "by", "included", "excluded", "when"})
        segment = without_nulls(raw)
        self.text(segment.get("salt", ""), "/salt")
        if "by" in segment:
            self.by(segment["by"], "/by")
        self.units(segment.get("included", []), "/included")
        self.units(segment.get("excluded", []), "/excluded")
        if "when" in segment:
            self.condition(segment["when"], "/when")

    def layer(self, key, raw):
        need(literals.KEY.fullmatch(key), "", "grammar of the key")
        need(isinstance(raw, dict), "", "an object")
        if self.strict:
            self.members(without_nulls(raw), "", {"salt", "by"})
        layer = without_nulls(raw)
        self.text(layer.get("salt", ""), "/salt")
        if "by" in layer:
            self.by(layer["by"], "/by", random=True)

    # --- conditions

    def condition(self, c, at, depth=1):
        need(depth <= DEPTH, at, "too deep")
        need(isinstance(c, dict), at, "an object")
        forms = [f for f in ("all", "any", "not", "attribute", "segment", "flag", "percentage") if f in c]
        need(len(forms) == 1, at, "one form of condition")
        form = forms[0]
        if form in ("all", "any"):
            self.members(c, at, {form})
            for inner, where in self.array(c[form], child(at, form)):
                self.condition(inner, where, depth + 1)
        elif form == "not":
            self.members(c, at, {"not"})
            self.condition(c["not"], child(at, "not"), depth + 1)
        elif form == "attribute":
            self.attribute_condition(c, at)
        elif form == "segment":
            self.members(c, at, {"segment"})
            key = self.text(c["segment"], child(at, "segment"))
            need(key in self.world["segments"], child(at, "segment"), "no such segment")
            self.references.append(("segment", key))
        elif form == "flag":
            self.members(c, at, {"flag", "variants"}, ("flag", "variants"))
            self.other_flag(c, at)
        else:
            self.members(c, at, {"percentage", "by", "layer"})
            need(percentage_range(c["percentage"]) is not None, child(at, "percentage"), "a percentage")
            self.draw(c, at)

    def attribute_condition(self, c, at):
        self.members(c, at, {"attribute", "op", "values", "ignoreCase"}, ("attribute", "op"))
        self.attribute(c["attribute"], child(at, "attribute"), ("$now", "$instance"))
        op = self.text(c["op"], child(at, "op"))
        known = STRING_OPS | SEMVER_OPS | NUMBER_OPS | DATE_OPS | {"exists", "cidr"}
        need(op in known, child(at, "op"), "an operator")
        if "ignoreCase" in c:
            need(op in STRING_OPS, child(at, "ignoreCase"), "not with this operator")
            need(isinstance(c["ignoreCase"], bool), child(at, "ignoreCase"), "a boolean")
        if op == "exists":
            self.array(c.get("values", []), child(at, "values"), most=0)
            return
        need("values" in c, child(at, "values"), "required")
        for v, where in self.array(c["values"], child(at, "values"), 1, VALUES):
            scalar = isinstance(v, bool) or literals.number(v) is not None or isinstance(v, str)
            need(scalar and not jsontext.broken_string(v), where, "a string, a finite number or a boolean")
            need(literal(op, v) is not None, where, f"a literal of {op}")


def literal(op, value):
    """What a value of `values` is to an operator, or None when it is nothing."""
    if op == "in":
        return True
    if op == "matches":
        try:
            return isinstance(value, str) and regex.Parser(value).parse("") or None
        except regex.Refused:
            return None
    if op in STRING_OPS:
        return True if isinstance(value, str) else None
    if op in SEMVER_OPS:
        return literals.semver(value)
    if op in NUMBER_OPS:
        return literals.number(value)
    if op in DATE_OPS:
        return literals.date(value)
    return literals.network(value)


def percentage_range(p):
    """(from, to) in thousandths, or None."""
    ends = [0, p] if jsontext.is_number(p) else p
    if not isinstance(ends, list) or len(ends) != 2 or not all(map(jsontext.is_number, ends)):
        return None
    low, high = buckets.thousandths(ends[0]), buckets.thousandths(ends[1])
    if low is None or high is None or low > high:
        return None
    return low, high
