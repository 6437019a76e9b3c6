"""Files whose inputs come from a fixed seed and whose expectations come from the reference: where numbers rule."""

import math
import random
import struct
import unicodedata

import literals
import rebalance
import regex
from cases.book import Book, flag, flags, on, raw, snapshot

CHARACTERS = [c for c in map(chr, range(0x20, 0x1F000)) if unicodedata.ucd_3_2_0.category(c) not in ("Cn", "Cs", "Co")]
CASED = [c for c in CHARACTERS if c.lower() != c or c.upper() != c]


def text(r, most=12):
    """A string of weird characters, which Unicode 3.2 had already."""
    pick = r.choice(["ascii", "ascii", "latin", "cased", "any", "astral"])
    letters = {"ascii": "abcXYZ019-_.: /@", "latin": "aäéßÅøñ\u0301\u00a0", "cased": CASED, "any": CHARACTERS, "astral": "\U00010400\U00010428\U0001d400x\U00020000\u200d\ufe0f"}[pick]  # fmt: skip
    return "".join(r.choice(letters) for _ in range(r.randint(1, most)))


def unit(r):
    """A unit's text as contexts have them."""
    return r.choice(
        [
            lambda: f"user-{r.randint(1, 10**6)}",
            lambda: str(r.randint(0, 10 ** r.randint(1, 15))),
            lambda: str(-r.randint(1, 10**9)),
            lambda: "%08x-%04x-4%03x-%04x-%012x" % (r.getrandbits(32), r.getrandbits(16), r.getrandbits(12), 0x8000 | r.getrandbits(14), r.getrandbits(48)),
            lambda: f"{text(r, 6)}@example.com",
            lambda: text(r, 24),
        ]
    )()


def buckets():
    r = random.Random("buckets")
    book = Book("generated-buckets.json", "buckets", "Hashes and buckets of generated salts and units, of every length modulo 4, weird UTF-8 included", generated=True)
    for length in range(1, 65):
        book.add(f"length {length}", salt="s", unit=("0123456789abcdef" * 4)[:length])
    for salt in ("", "s", "new_checkout_flow", "é", "\U0001f600"):
        for given in ("\u007f", "\u0080", "\u07ff", "\u0800", "\uffff", "\ufffd", "\U00010000", "\U0010ffff", "\ue000", "\u0000", ":", "a\u0000b", "e\u0301", "\u00e9", " ", "\n", "0", "-1", str(2**53 - 1), str(-(2**53) + 1)):  # fmt: skip
            book.add(f"{salt!a}:{given!a}", salt=salt, unit=given)
    for salt in ("new_checkout_flow", "recommendations-shed", "layer-pricing"):
        for i in range(600):
            given = unit(r)
            book.add(f"{salt}:{given!a}", salt=salt, unit=given)
    for _ in range(400):
        salt, given = text(r, 10), unit(r)
        book.add(f"{salt!a}:{given!a}", salt=salt, unit=given)


def as_context(r, given):
    """A unit as text, or as a number where it can be one."""
    if given.lstrip("-").isdigit() and given.isascii() and str(int(given)) == given and r.random() < 0.5:
        return raw(r.choice([given, given + ".0"]))
    return given


def gates_and_splits():
    r = random.Random("gates and splits")
    percents = [0.001, 1, 5, 10, 33.333, 50, 99.999, [0, 50], [50, 100], [12.345, 67.89]]
    layers = {"l": {"salt": "layer-pricing"}, "l-org": {"by": ["orgId", "targetingKey"]}}
    gated = [flag(f"gate-{i}", salt="rollout", rules=[{"id": "r", "when": {"percentage": p}, "serve": {"variant": "on"}}]) for i, p in enumerate(percents)]
    gated += [flag(f"layer-{i}", rules=[{"id": "r", "when": {"percentage": p, "layer": layer}, "serve": {"variant": "on"}}]) for i, (p, layer) in enumerate([(20, "l"), ([20, 40], "l"), ([40, 100], "l"), (50, "l-org")])]
    book = Book("generated-gates.json", "evaluation", "Generated units against gates", snapshot(flags(*gated), {}, layers), generated=True)
    for key in [g["key"] for g in gated]:
        for _ in range(90):
            given = as_context(r, unit(r))
            context = {"targetingKey": given} if r.random() < 0.7 else {"orgId": given, "targetingKey": unit(r)}
            book.add(key, flag=key, context=context)
    names = ["a", "b", "c", "d"]
    splits = []
    for i in range(12):
        cuts = sorted({0, 100000, *(r.randrange(1, 100000) for _ in range(r.choice([1, 2, 3, 9])))})
        slots = [{"variant": r.choice(names), "weight": high - low} for low, high in zip(cuts, cuts[1:])]
        serve = {"split": slots, **r.choice([{}, {"by": ["userId", "targetingKey"]}, {"layer": "l"}, {"layer": "l-org"}])}
        splits.append({"key": f"split-{i}", "type": "string", "salt": f"salt {i} é", "enabled": True, "variants": {n: n.upper() for n in names}, "fallthrough": serve})
    whole = [{"variant": n, "weight": 25000} for n in names]
    splits.append({"key": "per-mille", "type": "string", "enabled": True, "variants": {n: n.upper() for n in names}, "fallthrough": {"split": whole}})
    book = Book("generated-splits.json", "evaluation", "Generated units against splits", snapshot(flags(*splits), {}, layers), generated=True)
    for s in splits:
        for _ in range(80):
            given = as_context(r, unit(r))
            context = r.choice([{"targetingKey": given}, {"targetingKey": given}, {"userId": given, "targetingKey": "x"}, {"orgId": given, "targetingKey": unit(r)}])
            book.add(s["key"], flag=s["key"], context=context)


def percents():
    r = random.Random("percents")
    book = Book("generated-percents.json", "percents", "Percentages of up to three decimals, and of more", generated=True)
    for _ in range(300):
        book.add("three decimals", percent=raw("%d.%03d" % (r.randrange(100), r.randrange(1000))))
    for _ in range(60):
        book.add("four decimals", percent=raw("%d.%03d%d" % (r.randrange(100), r.randrange(1000), r.randrange(1, 10))))


def number(r):
    """A double, often near a border."""
    kind = r.randrange(7)
    if kind == 0:
        return r.choice([-1, 1]) * (2**53 + r.randint(-4, 4))
    if kind == 1:
        return r.randint(-5, 5)
    if kind == 2:
        return r.randint(-50, 50) / r.choice([2, 4, 8, 10])
    if kind == 3:
        return r.choice([2**31, 2**32, 2**62, 2**63, 2**64, 10**17, 10**21]) + r.randint(-2, 2)
    if kind == 4:
        x = struct.unpack("<d", r.getrandbits(64).to_bytes(8, "little"))[0]
        return x if math.isfinite(x) else 0.5
    if kind == 5:
        return r.randint(0, 3) + r.randint(0, 9) / 10 + r.randint(0, 1) * 2.0**-52
    return raw(f"{r.choice(['', '-'])}{r.randint(0, 99)}.{r.randint(0, 99)}e{r.randint(-30, 30)}")


def near(r, x):
    """The same number, spelled otherwise or a step away."""
    if isinstance(x, str):
        x = float(x.split(" ")[1])
    pick = r.randrange(6)
    if pick == 0:
        return x
    if pick == 1:
        return math.nextafter(float(x), math.inf)
    if pick == 2:
        return math.nextafter(float(x), -math.inf)
    if pick == 3:
        return raw(repr(float(x)))
    return repr(float(x)) if pick == 4 else str(int(x)) if abs(x) < 1e25 else repr(float(x))


def numbers():
    r = random.Random("numbers")
    book = Book("generated-numbers.json", "conditions", "Numbers beside their neighbours, and around 2^53", generated=True)
    for _ in range(450):
        op, value = r.choice(["in", "lt", "lte", "gt", "gte"]), number(r)
        seen = near(r, value) if r.random() < 0.7 else number(r)
        book.add(op, condition=on("a", op, value), context={"a": seen})


def stamp(r):
    year = r.choice([1, 4, 99, 100, 400, 1582, 1600, 1899, 1900, 1969, 1970, 1999, 2000, 2024, 2025, 2026, 2038, 2100, 2400, 9999])
    month, day = r.randint(1, 12), r.choice([1, 2, 28, 29, 30, 31, r.randint(1, 31)])
    fraction = r.choice(["", "", ".%d" % r.randint(0, 9), ".%03d" % r.randint(0, 999), ".%06d" % r.randint(0, 999999), ".%09d" % r.randint(0, 10**9 - 1), ".9995"])
    zone = r.choice(["Z", "Z", "+00:00", "-00:00", "+%02d:%02d" % (r.randint(0, 23), r.choice([0, 30, 45, 59])), "-%02d:%02d" % (r.randint(0, 23), r.choice([0, 30, 59]))])
    return "%04d-%02d-%02dT%02d:%02d:%02d%s%s" % (year, month, day, r.choice([0, 12, 23]), r.choice([0, 59]), r.choice([0, 1, 59]), fraction, zone)


def dates():
    r = random.Random("dates")
    book = Book("generated-dates.json", "conditions", "Dates with leap years, offsets and fractions, beside their neighbours", generated=True)
    for _ in range(450):
        op, value, seen = r.choice(["before", "after"]), stamp(r), stamp(r)
        at = literals.date(value)
        if at is not None and r.random() < 0.6:
            seen = at + r.choice([-1, 0, 1, -86400000, 3600000])
        book.add(f"{op} {value}", condition=on("a", op, value), context={"a": seen})


def version(r):
    small = [0, 1, 2, 9, 10, 11, 99, 2**31, 2**53 - 1]
    core = ".".join(str(r.choice(small)) for _ in range(3))
    ids = ["0", "1", "2", "10", "11", "a", "A", "b", "alpha", "beta", "rc", "rc1", "x-y", "-", "--1", "0a", "1a", "9007199254740991"]
    pre = "-" + ".".join(r.choice(ids) for _ in range(r.randint(1, 3))) if r.random() < 0.6 else ""
    build = "+" + ".".join(r.choice(["1", "001", "b", "-"]) for _ in range(r.randint(1, 2))) if r.random() < 0.2 else ""
    return core, pre, build


def versions():
    r = random.Random("versions")
    book = Book("generated-versions.json", "conditions", "Versions by precedence", generated=True)
    for _ in range(500):
        op = r.choice(["semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte"])
        mine, other = version(r), version(r)
        if r.random() < 0.7:
            other = (mine[0], *other[1:])
        if r.random() < 0.2:
            other = (*mine[:2], other[2])
        value, seen = "".join(mine), "".join(other)
        if r.random() < 0.06:
            seen = r.choice([seen + ".", "v" + seen, seen.replace(".", "..", 1), "0" + seen, seen + " ", seen.replace("-", "_")])
        book.add(f"{op} {value}", condition=on("a", op, value), context={"a": seen})


def address(r, six):
    if not six:
        return ".".join(str(r.choice([0, 1, 10, 127, 128, 192, 255, r.randint(0, 255)])) for _ in range(4))
    groups = [r.choice(["0", "0", "1", "db8", "2001", "ffff", "FE80", "%x" % r.getrandbits(16)]) for _ in range(8)]
    if r.random() < 0.3:
        groups = ["0"] * 5 + [r.choice(["ffff", "FFFF", "fffe", "0"])] + groups[6:]
    tail = [address(r, False)] if r.random() < 0.3 else groups[6:]
    start = r.randint(0, 5)
    end = r.randint(start, 6)
    if r.random() < 0.6:
        for i in range(start, end):
            groups[i] = "0"
        left, right = groups[:start], groups[end:6] + tail
        if end > start:
            return ":".join(left) + "::" + ":".join(right)
    return ":".join(groups[:6] + tail)


def networks():
    r = random.Random("networks")
    book = Book("generated-networks.json", "conditions", "Addresses and networks of both kinds, IPv4-mapped ones included", generated=True)
    for _ in range(600):
        six = r.random() < 0.6
        base = address(r, six)
        length = r.choice([0, 1, 7, 8, 9, 24, 31, 32]) if not six else r.choice([0, 1, 16, 32, 64, 90, 95, 96, 97, 104, 112, 120, 127, 128])
        net = base if r.random() < 0.1 else f"{base}/{length}"
        seen = base if r.random() < 0.4 else address(r, r.random() < 0.5)
        if r.random() < 0.3 and "." in seen:
            seen = "::ffff:" + seen.rsplit(":", 1)[-1]
        book.add(f"cidr {net}", condition=on("a", "cidr", net), context={"a": seen})


def strings():
    r = random.Random("strings")
    book = Book("generated-strings.json", "conditions", "Strings of weird Unicode, with and without case", generated=True)
    for _ in range(500):
        op = r.choice(["in", "starts_with", "ends_with", "contains"])
        value = text(r, 5)
        seen = r.choice([value, value.lower(), value.upper(), value.swapcase(), unicodedata.normalize("NFD", value), unicodedata.normalize("NFC", value), text(r, 5)])
        if op != "in":
            seen = r.choice(["", text(r, 3)]) + seen + r.choice(["", text(r, 3)])
        more = {"ignoreCase": True} if r.random() < 0.75 else {}
        book.add(f"{op} {value!a}", condition=on("a", op, value, **more), context={"a": seen})
    for c in r.sample(CASED, 250):
        seen = r.choice([c.lower(), c.upper(), c.title(), c.casefold()])
        book.add(f"in {c!a}", condition=on("a", "in", c, ignoreCase=True), context={"a": seen})


ALPHABET = ["a", "b", "c", "A", "B", "k", "K", "\u212a", "s", "S", "\u017f", "σ", "ς", "Σ", "é", "É", "e", "\u0301", "1", "9", "_", "-", " ", "\n", ".", "日", "\U0001f600", "\u00a0"]  # fmt: skip


def pattern(r, depth=3):
    """A pattern of the dialect."""
    kind = r.randrange(12) if depth else r.randrange(5)
    if kind in (0, 1):
        return r.choice(["a", "b", "k", "s", "S", "σ", "é", "1", "_", r"\-", " ", r"\.", "日", r"\n", "A", "\U0001f600"])
    if kind == 2:
        return r.choice([".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\p{L}", r"\P{L}", r"\p{Lu}", r"\p{Ll}", r"\P{Lu}", r"\p{Greek}", r"\p{Han}", r"\p{Nd}", r"\p{P}"])
    if kind == 3:
        items = [r.choice(["a", "a-c", "A-Z", "k", "s", "σ", "é", r"\d", r"\w", r"\W", r"\s", r"\-", r"\p{Lu}", r"\P{L}", "0-9", "α-ω", "_", r"\]", "\u0301"]) for _ in range(r.randint(1, 3))]
        return "[" + r.choice(["", "", "^"]) + "".join(items) + "]"
    if kind == 4:
        return r.choice(["^", "$", r"\b", r"\B", r"\A", r"\z", "a", "b", "s"])
    if kind in (5, 6, 7):
        return "".join(pattern(r, depth - 1) for _ in range(r.randint(2, 3)))
    if kind == 8:
        return "(?:" + "|".join(pattern(r, depth - 1) for _ in range(r.randint(2, 3))) + ")"
    if kind == 9:
        return r.choice(["(", "(?:", "(?i:", "(?-i:", "(?s:", "(?m:", "(?im:"]) + pattern(r, depth - 1) + ")"
    count = r.choice(["*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}", "*?", "+?", "??", "{1,3}?"])
    return "(?:" + pattern(r, depth - 1) + ")" + count


def regexes():
    r = random.Random("regexes")
    book = Book("generated-regexes.json", "conditions", "Generated patterns of the dialect over generated texts", generated=True)
    while len(book.cases) < 900:
        given = r.choice(["", "", "(?i)", "(?s)", "(?m)"]) + r.choice(["", "^"]) + pattern(r) + r.choice(["", "$"])
        program = regex.compile_pattern(given)
        by_answer = {}
        for _ in range(12):
            seen = "".join(r.choice(ALPHABET) for _ in range(r.choice([0, 1, 1, 2, 3, 5])))
            if r"\B" in given and not seen.isascii():
                continue  # some engines look for \B between the bytes of one character
            by_answer.setdefault(program.search(seen), []).append(seen)
        if len(by_answer) == 2:  # one that tells: it holds for some and fails for others
            for found in (by_answer[True][:2], by_answer[False][:1]):
                for seen in found:
                    book.add(f"/{given!a}/", condition=on("a", "matches", given), context={"a": seen})


def rebalances():
    r = random.Random("rebalance")
    book = Book("generated-rebalance.json", "rebalance", "Rebalancing of generated splits", generated=True)
    for _ in range(150):
        cuts = sorted({0, 100000, *(r.randrange(1, 100) * 1000 for _ in range(r.randint(0, 5)))})
        current = []
        for low, high in zip(cuts, cuts[1:]):
            variant = r.choice([v for v in "abc" if not current or current[-1]["variant"] != v])
            current.append({"variant": variant, "weight": high - low})
        if r.random() < 0.6:  # one grows, at the cost of all the others
            shares = rebalance.weights(current)
            grower = r.choice("abcd")
            kept = {v: r.randrange(0, w // 1000 + 1) * 1000 for v, w in shares.items() if v != grower}
            kept[grower] = 100000 - sum(kept.values())
        else:
            cuts = sorted(r.randrange(0, 101) * 1000 for _ in range(3))
            kept = {"a": cuts[0], "b": cuts[1] - cuts[0], "c": cuts[2] - cuts[1], "d": 100000 - cuts[2]}
        wanted = [{"variant": v, "weight": w} for v, w in sorted(kept.items()) if w]
        book.add("generated", current=current, wanted=wanted)


# --- whole flags -----------------------------------------------------------------------------------------------------


def a_value(r):
    return r.choice(["x", "y", "X", "xyz", "", 0, 1, 2.5, -1, True, False, "1", "2.3.0", "1.0.0-rc.1", "2026-01-01T00:00:00Z", 1767225600000, "10.1.2.3", "::1", None, [], ["x", 1], [None, "y"], {"p": "x"}, {"p": {"q": 1}}, 2**53, "é"])


def a_condition(r, depth=3):
    kind = r.randrange(12) if depth else r.randrange(7)
    attribute = r.choice(["a", "b", "c", "/o/p", "/o/p/q", "a/b", "targetingKey"])
    if kind == 0:
        return on(attribute, "in", *r.sample(["x", "y", "X", 0, 1, 2.5, True, False, "1", "é"], r.randint(1, 4)), **r.choice([{}, {"ignoreCase": True}]))
    if kind == 1:
        return on(attribute, r.choice(["starts_with", "ends_with", "contains", "matches"]), r.choice(["x", "X", "y", "1", "^x", "z$"]), **r.choice([{}, {"ignoreCase": True}]))
    if kind == 2:
        return r.choice([on(attribute, r.choice(["lt", "lte", "gt", "gte"]), r.choice([0, 1, "2.5", 2**53])), on(attribute, r.choice(["semver_lt", "semver_gte"]), "2.0.0"), on(attribute, r.choice(["before", "after"]), "2026-01-01T00:00:00.5Z"), on(attribute, "cidr", "10.0.0.0/8", "::1")])
    if kind == 3:
        return r.choice([{"attribute": attribute, "op": "exists"}, on("$now", r.choice(["before", "after"]), "2026-01-01T00:00:00Z"), on("$instance", "in", "i-1")])
    if kind == 4:
        low, high = sorted(r.choice([0, 1, 10, 33.333, 50, 75.5, 99.999, 100]) for _ in range(2))
        more = r.choice([{}, {"layer": r.choice(["l1", "l2", "l3"])}, {"by": r.sample(["a", "targetingKey", "$random", "$instance", "/o/p"], 2)}])
        return {"percentage": r.choice([high, [low, high]]), **more}
    if kind == 5:
        return {"segment": f"s{r.randrange(8)}"}
    if kind == 6:
        return {"flag": f"base{r.randrange(10)}", "variants": r.sample(["v0", "v1", "v2"], r.randint(1, 2))}
    if kind in (7, 8):
        return {"not": a_condition(r, depth - 1)}
    return {r.choice(["all", "any"]): [a_condition(r, depth - 1) for _ in range(r.randint(0, 3))]}


def plain_condition(r):
    """One that refers to nothing, for segments and flags that others refer to."""
    while True:
        c = a_condition(r, 2)
        if not any(word in str(c) for word in ("'segment'", "'flag'")):
            return c


def a_serve(r, names):
    if r.random() < 0.6:
        return {"variant": r.choice(names)}
    cut = r.choice([0, 1000, 25000, 50000, 93552, 100000])
    slots = [{"variant": r.choice(names), "weight": cut}, {"variant": r.choice(names), "weight": 100000 - cut}]
    return {"split": slots, **r.choice([{}, {}, {"by": ["a", "targetingKey"]}, {"layer": r.choice(["l1", "l2", "l3"])}])}


def a_flag(r, key, condition):
    kind = r.choice(["boolean", "string", "number", "object"])
    values = {"boolean": [True, False, True], "string": ["x", "", "é"], "number": [0, 3, 2.5], "object": [{}, {"a": 1}, {"b": [None]}]}[kind]
    names = ["v0", "v1", "v2"]
    f = {"key": key, "type": kind, "enabled": r.random() < 0.85, "variants": dict(zip(names, values)), "fallthrough": a_serve(r, names)}
    if r.random() < 0.4:
        f["salt"] = r.choice(["shared", "é", key])
    if r.random() < 0.6:
        f["offVariant"] = r.choice(names)
    if r.random() < 0.3:
        f["targets"] = [{"by": r.choice(["targetingKey", "a", "$instance"]), "values": r.sample(["u-1", "u-2", 1, "x", "i-1"], 2), "variant": r.choice(names)} for _ in range(r.randint(1, 2))]
    if r.random() < 0.2:
        f["override"] = {"variant": r.choice(names), "percentage": r.choice([0, 10, 50, 100]), "salt": "shed", "cause": "killSwitch:shed", **r.choice([{}, {"by": ["a"]}])}
    rules = []
    for i in range(r.randint(0, 4)):
        rule = {"id": f"r{i}", "serve": a_serve(r, names)}
        if r.random() < 0.9:
            rule["when"] = condition(r)
        if r.random() < 0.3:
            rule["track"] = {"run": f"run-{i}", **r.choice([{}, {"by": ["a"]}])}
        rules.append(rule)
    if rules:
        f["rules"] = rules
    return f


DEFECTS = [
    lambda f: f.update(enabled="yes"), lambda f: f.update(offVariant="nope"), lambda f: f.pop("type"), lambda f: f.update(rules=[{"id": "r", "serve": {"variant": "v0"}, "note": 1}]),
    lambda f: f.update(fallthrough={"split": [{"variant": "v0", "weight": 99}]}), lambda f: f.update(rules=[{"id": "r", "serve": {"variant": "v0"}, "when": {"segment": "nobody"}}]),
]  # fmt: skip


def shuffled(r, value):
    """The same with the members of each object in another order, on which nothing depends."""
    if isinstance(value, list):
        return [shuffled(r, v) for v in value]
    if not isinstance(value, dict):
        return value
    members = list(value.items())
    r.shuffle(members)
    return {k: shuffled(r, v) for k, v in members}


def whole_flags():
    r = random.Random("flags")
    layers = {"l1": {}, "l2": {"salt": "shared", "by": ["a", "targetingKey"]}, "l3": {"by": ["$random"]}}
    segments = {f"s{i}": {"when": plain_condition(r)} for i in range(5)}
    segments["s0"].update(included=["u-1", 5], excluded=["u-2"])
    segments["s1"].update(salt="shared", by=["a"], included=["x"], excluded=[1])
    segments.update(s5={"when": {"all": [{"segment": "s0"}, {"not": {"segment": "s1"}}]}}, s6={"included": ["u-2"], "when": {"segment": "s5"}}, s7={"by": ["$random"]})
    base = [a_flag(r, f"base{i}", plain_condition) for i in range(10)]
    DEFECTS[0](base[9])
    upper = []
    for i in range(90):
        f = a_flag(r, f"flag{i}", a_condition)
        if r.random() < 0.3:
            f["prerequisites"] = [{"flag": f"base{r.randrange(10)}", "variants": r.sample(["v0", "v1", "v2"], r.randint(1, 2))} for _ in range(r.randint(1, 2))]
        if r.random() < 0.06:
            r.choice(DEFECTS)(f)
        upper.append(f)
    book = Book("generated-flags.json", "evaluation", "Generated flags, segments, layers and contexts, all together, members in any order", snapshot(shuffled(r, flags(*base, *upper)), shuffled(r, segments), shuffled(r, layers)), generated=True)
    for f in (base + upper) * 14:
        context = {name: a_value(r) for name in r.sample(["a", "b", "c", "o", "a/b", "$now", "zzz"], r.randint(0, 5))}
        if r.random() < 0.8:
            context["targetingKey"] = r.choice(["u-1", "u-2", "", None, 5, raw("5.0"), 2**53, unit(r), unit(r), unit(r), unit(r), unit(r), 1.5])
        inputs = {}
        if r.random() < 0.4:
            inputs["type"] = r.choice([f.get("type", "string"), "integer", "boolean"])
        if r.random() < 0.3:
            inputs["nowMs"] = r.choice([0, 1767225599999, 1767225600001, 4102444800000])
        if r.random() < 0.3:
            inputs["random"] = r.getrandbits(32)
        if r.random() < 0.3:
            inputs["instance"] = r.choice(["i-1", "i-2"])
        book.add(f["key"], flag=f["key"], context=context, **inputs)


for make in (buckets, gates_and_splits, percents, numbers, dates, versions, networks, strings, regexes, rebalances, whole_flags):
    make()
