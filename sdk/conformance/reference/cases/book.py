"""Writing a file of vectors: names that are unique, and one case a line."""

import json
import re

FILES = []
RAW = "\x01raw "


def raw(text):
    """A JSON number in exactly this spelling."""
    return RAW + text


def snapshot(flags=None, segments=None, layers=None, revision=1):
    return {
        "schemaVersion": 1, "epoch": 1763828400000, "project": "default", "environment": "production",
        "revision": revision, "flags": flags or {}, "segments": segments or {}, "layers": layers or {},
    }  # fmt: skip


def flag(key="f", **members):
    """A boolean flag, off unless told."""
    return {
        "key": key, "type": "boolean", "enabled": True, "variants": {"on": True, "off": False},
        "fallthrough": {"variant": "off"}, **members,
    }  # fmt: skip


def flags(*given):
    return {f["key"]: f for f in given}


def on(attribute, op, *values, **more):
    """An attribute condition."""
    return {"attribute": attribute, "op": op, "values": list(values), **more}


def dump(value):
    text = json.dumps(value, ensure_ascii=True, separators=(", ", ": "))
    return re.sub(r'"\\u0001raw ([^"]*)"', r"\1", text)


class Book:
    """One file. `generated`: the expectations come from the reference."""

    def __init__(self, name, kind, description, snapshot=None, generated=False):
        self.name, self.kind, self.description = name, kind, description
        self.snapshot, self.generated = snapshot, generated
        self.cases, self.names = [], {}
        if kind == "conditions" and snapshot is None:
            self.snapshot = globals()["snapshot"]()
        FILES.append(self)

    def add(self, name, **members):
        if self.generated:
            name = str(len(self.cases) + 1)
        name = name if len(name) <= 110 else name[:107] + "..."
        count = self.names[name] = self.names.get(name, 0) + 1
        self.cases.append({"name": name if count == 1 else f"{name} #{count}", **members})

    def condition(self, label, condition, yes=(), no=(), broken=False, **inputs):
        """`yes` and `no` are values of attribute `a`; a Context is a whole context."""
        if broken:
            self.add(f"{label}: broken", condition=condition, holds="broken", **inputs)
        for values, holds in ((yes, True), (no, False)):
            for value in values:
                told = value if isinstance(value, Context) else Context(a=value)
                shown = dump(value.given if isinstance(value, Context) else value)
                name = f"{label}: {'holds' if holds else 'fails'} for {shown}"
                self.add(name, condition=condition, context=told.given, holds=holds, **inputs)

    def text(self):
        lines = [f'{{\n"kind": {dump(self.kind)},\n"description": {dump(self.description)},']
        if self.snapshot is not None:
            lines.append('"snapshot": ' + _spread(self.snapshot) + ",")
        lines.append('"cases": [\n' + ",\n".join(map(dump, self.cases)) + "\n]\n}\n")
        return "\n".join(lines)


class Context:
    """A whole context rather than the value of `a`."""

    def __init__(self, **given):
        self.given = given


def whole(given):
    context = Context()
    context.given = given
    return context


def _spread(members):
    """A snapshot with one flag, segment and layer a line."""
    parts = []
    for name, value in members.items():
        if isinstance(value, dict) and value:
            inner = ",\n".join(f"{dump(k)}: {dump(v)}" for k, v in value.items())
            parts.append(f"{dump(name)}: {{\n{inner}\n}}")
        else:
            parts.append(f"{dump(name)}: {dump(value)}")
    return "{" + ", ".join(parts) + "}"
