"""What flags and segments break through one another: cycles, depth, expanded references, broken segments."""

import shape

DEPTH, EXPANDED = 32, 1000


class Refused(ValueError):
    """A snapshot that is refused whole."""


class World:
    """A compiled snapshot: the raw documents and the set of broken ones."""

    def __init__(self, snapshot):
        if not isinstance(snapshot, dict):
            raise Refused("a snapshot is an object")
        for name in ("flags", "segments", "layers"):
            if not isinstance(snapshot.get(name), dict):
                raise Refused(f"{name} is no object")
        self.raw = {name: snapshot[name] for name in ("flags", "segments", "layers")}
        self.why = {}  # ("flag" | "segment", key) -> reason
        self.references = {}
        self._by_themselves()
        self._cycles()
        self._sizes()
        self.flags = {k: shape.without_nulls(v) for k, v in self.raw["flags"].items() if isinstance(v, dict)}
        self.segments = {
            k: shape.without_nulls(v) for k, v in self.raw["segments"].items() if isinstance(v, dict)
        }
        self.layers = {k: shape.without_nulls(v) for k, v in self.raw["layers"].items() if isinstance(v, dict)}

    def broken(self, kind, key):
        return (kind, key) in self.why

    def _by_themselves(self):
        for kind in ("flag", "segment"):
            for key, document in self.raw[kind + "s"].items():
                one = shape.Shape(self.raw)
                try:
                    getattr(one, kind)(key, document)
                except shape.Broken as broken:
                    self.why[kind, key] = str(broken)
                self.references[kind, key] = one.references

    def _cycles(self):
        sound = [node for node in self.references if node not in self.why]
        for node in sound:
            if node in self._reached(node, set(sound)):
                self.why[node] = "in a cycle"

    def _reached(self, start, sound):
        reached, todo = set(), [start]
        while todo:
            for node in self.references[todo.pop()]:
                if node in sound and node not in reached:
                    reached.add(node)
                    todo.append(node)
        return reached

    def _sizes(self):
        """Depth and count of each node, what it refers to first."""
        done = {}

        def size(node):
            if node in self.why:
                return 0, 0
            if node in done:
                return done[node]
            depth = count = 0
            for other in self.references[node]:
                deeper, more = size(other)
                depth, count = max(depth, 1 + deeper), count + 1 + more
                if other[0] == "segment" and other in self.why:
                    self.why.setdefault(node, f"refers to broken segment {other[1]}")
            if depth > DEPTH:
                self.why.setdefault(node, "references too deep")
            if node[0] == "flag" and count > EXPANDED:
                self.why.setdefault(node, "too many expanded references")
            done[node] = (0, 0) if node in self.why else (depth, count)
            return done[node]

        for node in list(self.references):
            size(node)
