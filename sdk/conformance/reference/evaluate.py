"""Section 4's algorithm over raw documents, one step a line."""

import buckets
import jsontext
import literals
import regex
import shape
from graph import World

DEFAULT_BY = ["targetingKey"]


class Failed(Exception):
    """An evaluation error; its code."""


class Evaluation:
    """One context against one snapshot."""

    def __init__(self, world: World, context, now_ms, random, instance):
        self.world = world
        self.context = {k: v for k, v in context.items() if not k.startswith("$")}
        self.special = {"$now": now_ms, "$random": random, "$instance": instance}

    # --- attributes

    def attribute(self, name):
        path = literals.reference(name)
        if path[0] in self.special:
            return self.special[path[0]]
        value = self.context
        for token in path:
            value = value.get(token) if isinstance(value, dict) else None
        return value

    def unit(self, by):
        texts = (buckets.unit_text(self.attribute(name)) for name in by)
        return next((text for text in texts if text is not None), None)

    def draw(self, node, salt):
        """(salt, unit) of a percentage or a split."""
        if "layer" in node:
            layer = self.world.layers[node["layer"]]
            return layer.get("salt", node["layer"]), self.unit(layer.get("by", DEFAULT_BY))
        return salt, self.unit(node.get("by", DEFAULT_BY))

    # --- conditions

    def holds(self, c, salt):
        if "all" in c:
            return all(self.holds(inner, salt) for inner in c["all"])
        if "any" in c:
            return any(self.holds(inner, salt) for inner in c["any"])
        if "not" in c:
            return not self.holds(c["not"], salt)
        if "segment" in c:
            return self.in_segment(c["segment"])
        if "flag" in c:
            return self.serves(c)
        if "percentage" in c:
            return self.in_gate(shape.percentage_range(c["percentage"]), *self.draw(c, salt))
        return self.attribute_holds(c)

    def in_gate(self, ends, salt, unit):
        if ends == (0, buckets.WHOLE):
            return True
        return unit is not None and ends[0] <= buckets.gate(salt, unit)[1] < ends[1]

    def in_segment(self, key):
        segment = self.world.segments[key]
        unit = self.unit(segment.get("by", DEFAULT_BY))
        if unit in map(buckets.unit_text, segment.get("included", [])):
            return True
        if unit in map(buckets.unit_text, segment.get("excluded", [])) or "when" not in segment:
            return False
        return self.holds(segment["when"], segment.get("salt", key))

    def serves(self, node):
        """A `flag` condition, or a prerequisite that is met."""
        if self.world.broken("flag", node["flag"]):
            return False
        flag = self.world.flags[node["flag"]]
        if not flag["enabled"]:
            return False
        try:
            return self.decide(flag).get("variant") in node["variants"]
        except Failed:
            return False

    def attribute_holds(self, c):
        seen = self.attribute(c["attribute"])
        if c["op"] == "exists":
            return seen is not None
        elements = seen if isinstance(seen, list) else [seen]
        return any(satisfies(e, c["op"], v, c.get("ignoreCase", False)) for e in elements for v in c["values"])

    # --- flags

    def decide(self, flag):
        """From "not enabled" on."""
        if not flag["enabled"]:
            return self.off(flag, "DISABLED")
        o = flag.get("override")
        if o:
            ends = (0, buckets.thousandths(o["percentage"]))
            if self.in_gate(ends, o["salt"], self.unit(o.get("by", DEFAULT_BY))):
                return self.result(flag, o["variant"], "DISABLED", cause=o["cause"])
        for p in flag.get("prerequisites", []):
            if not self.serves(p):
                return self.off(flag, "DEFAULT", prerequisite=p["flag"])
        for t in flag.get("targets", []):
            unit = self.unit([t.get("by", "targetingKey")])
            if unit in map(buckets.unit_text, t["values"]):
                return self.result(flag, t["variant"], "TARGETING_MATCH", ruleId="target")
        for r in flag.get("rules", []):
            if "when" not in r or self.holds(r["when"], flag.get("salt", flag["key"])):
                return self.rule(flag, r)
        variant = self.serve(flag, flag["fallthrough"])
        return self.result(flag, variant, self.fallthrough_reason(flag))

    def off(self, flag, reason, **more):
        return self.result(flag, flag.get("offVariant"), reason, **more)

    def result(self, flag, variant, reason, **more):
        result = {"reason": reason, "version": flag.get("version", 0), "metadata": flag.get("metadata", {})}
        if variant is not None:
            result.update(variant=variant, value=flag["variants"][variant])
        return {**result, **more}

    def serve(self, flag, serve):
        if "variant" in serve:
            return serve["variant"]
        salt, unit = self.draw(serve, flag.get("salt", flag["key"]))
        if unit is None:
            raise Failed("TARGETING_KEY_MISSING")
        bucket, total = buckets.split(salt, unit)[1], 0
        for slot in serve["split"]:
            total += int(slot["weight"])
            if total > bucket:
                return slot["variant"]
        raise AssertionError("weights sum to 100000")

    def rule(self, flag, r):
        variant = self.serve(flag, r["serve"])
        by_chance = "split" in r["serve"] or ("when" in r and self.has_percentage(r["when"]))
        more = {"ruleId": r["id"]}
        if "track" in r:
            track = r["track"]
            more["track"] = {"run": track["run"], "by": track.get("by", DEFAULT_BY)}
            arm = variant if "split" in r["serve"] else track.get("arm")
            if arm is not None:
                more["track"]["arm"] = arm
        return self.result(flag, variant, "SPLIT" if by_chance else "TARGETING_MATCH", **more)

    def has_percentage(self, c):
        if "segment" in c:
            when = self.world.segments[c["segment"]].get("when")
            return when is not None and self.has_percentage(when)
        if "not" in c:
            return self.has_percentage(c["not"])
        return "percentage" in c or any(map(self.has_percentage, c.get("all", c.get("any", []))))

    def fallthrough_reason(self, flag):
        if "split" in flag["fallthrough"]:
            return "SPLIT"
        decides = any(flag.get(m) for m in ("override", "prerequisites", "targets", "rules"))
        return "DEFAULT" if decides else "STATIC"


def satisfies(element, op, value, ignore_case):
    """One element of the attribute against one of the values."""
    if op == "in":
        if ignore_case and isinstance(element, str) and isinstance(value, str):
            return literals.lower(element) == literals.lower(value)
        return not isinstance(element, (list, dict)) and element is not None and jsontext.equal(element, value)
    if op in shape.STRING_OPS:
        return isinstance(element, str) and text_satisfies(element, op, value, ignore_case)
    wanted = shape.literal(op, value)
    if op == "cidr":
        found = literals.address(element)
        return found is not None and literals.in_network(found, wanted)
    found = shape.literal(op, element)
    if found is None:
        return False
    return {
        "eq": found == wanted, "lt": found < wanted, "lte": found <= wanted, "gt": found > wanted,
        "gte": found >= wanted, "before": found < wanted, "after": found > wanted,
    }[op.removeprefix("semver_")]  # fmt: skip


def text_satisfies(text, op, value, ignore_case):
    if op == "matches":
        return regex.compile_pattern(value, ignore_case).search(text)
    if ignore_case:
        text, value = literals.lower(text), literals.lower(value)
    if op == "starts_with":
        return text.startswith(value)
    return text.endswith(value) if op == "ends_with" else value in text


def asked(flag, kind, result):
    """The asked type against the value served."""
    if kind in ("integer", "float") and "value" in result:
        value = result["value"]
        if kind == "integer" and not (value == int(value) and abs(value) < 2**53):
            raise Failed("TYPE_MISMATCH")
    return result


def evaluate(world, key, context=None, kind=None, now_ms=0, random=0, instance=None):
    """`context` is a value an SDK holds; no context is `{}`."""
    try:
        context = jsontext.as_sdk({} if context is None else context)
        if not isinstance(context, dict):
            raise Failed("INVALID_CONTEXT")
        unit = context.get("targetingKey")
        if unit is not None and not isinstance(unit, str) and not shape.is_integral(unit):
            raise Failed("INVALID_CONTEXT")
        if key not in world.raw["flags"]:
            raise Failed("FLAG_NOT_FOUND")
        if world.broken("flag", key):
            raise Failed("PARSE_ERROR")
        flag = world.flags[key]
        if kind and {"integer": "number", "float": "number"}.get(kind, kind) != flag["type"]:
            raise Failed("TYPE_MISMATCH")
        return asked(flag, kind, Evaluation(world, context, now_ms, random, instance).decide(flag))
    except Failed as failed:
        return {"reason": "ERROR", "errorCode": str(failed)}
