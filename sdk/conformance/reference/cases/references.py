"""Attribute references: names, pointers, `$`."""

from cases.book import Book, on, whole

B = Book("references.json", "conditions", "Attribute references: top-level names, JSON Pointers, names that begin with $")


def seen(name, yes, no=()):
    B.condition(f"reference {name!a}", on(name, "in", "x"), [whole(c) for c in yes], [whole(c) for c in no])


seen("a", [{"a": "x"}], [{}, {"A": "x"}, {"/a": "x"}, {"b": {"a": "x"}}, {" a": "x"}])
seen("/a", [{"a": "x"}], [{"/a": "x"}, {"": {"a": "x"}}])
seen("a/b", [{"a/b": "x"}], [{"a": {"b": "x"}}])
seen("/a/b", [{"a": {"b": "x"}}], [{"a/b": "x"}, {"/a/b": "x"}, {"a": {"B": "x"}}, {"a": "x"}, {"a": None}, {"a": {"b": None}}, {"a": {"b": {"c": "x"}}}])
seen("/a/b/c", [{"a": {"b": {"c": "x"}}}], [{"a": {"b": "x"}}, {"a": {"b": ["c"]}}, {"a": {"b/c": "x"}}, {"a": {"b": True}}])
seen("a.b", [{"a.b": "x"}], [{"a": {"b": "x"}}])
seen("/a.b/c", [{"a.b": {"c": "x"}}], [{"a": {"b": {"c": "x"}}}])
seen("a~1b", [{"a~1b": "x"}], [{"a/b": "x"}])
seen("a~b", [{"a~b": "x"}], [{"a": "x"}])
seen("~0", [{"~0": "x"}], [{"~": "x"}])
seen("/a~1b", [{"a/b": "x"}], [{"a~1b": "x"}, {"a": {"b": "x"}}])
seen("/a~0b", [{"a~b": "x"}], [{"a~0b": "x"}])
seen("/~01", [{"~1": "x"}], [{"/": "x"}, {"~01": "x"}])
seen("/~10", [{"/0": "x"}], [{"~10": "x"}])
seen("/~0~1", [{"~/": "x"}], [{"~0~1": "x"}])
seen("/~00", [{"~0": "x"}], [{"~": "x"}])
seen("/a/~1/b", [{"a": {"/": {"b": "x"}}}], [{"a": {"b": "x"}}])
seen("/a/0", [{"a": {"0": "x"}}], [{"a": ["x"]}, {"a": ["x", "x"]}])
seen("/a/-", [{"a": {"-": "x"}}], [{"a": ["x"]}])
seen("/a/length", [{"a": {"length": "x"}}], [{"a": ["x"]}, {"a": "x"}])
seen("/a/0/b", [{"a": {"0": {"b": "x"}}}], [{"a": [{"b": "x"}]}])
seen("0", [{"0": "x"}], [{}])
seen("/0", [{"0": "x"}], [{}])
seen("/a b/c d", [{"a b": {"c d": "x"}}], [{"a": {"c": "x"}}])
seen(" ", [{" ": "x"}], [{"": "x"}])
seen("a ", [{"a ": "x"}], [{"a": "x"}])
seen("é", [{"é": "x"}], [{"e\u0301": "x"}, {"É": "x"}])
seen("e\u0301", [{"e\u0301": "x"}], [{"é": "x"}])
seen("/日/本", [{"日": {"本": "x"}}], [{"日本": "x"}])
seen("\U0001f600", [{"\U0001f600": "x"}], [{"\U0001f601": "x"}])
seen("a$", [{"a$": "x"}])
seen("a$now", [{"a$now": "x"}])
seen("/a/$b", [{"a": {"$b": "x"}}], [{"$b": "x"}])
seen("/a/$now", [{"a": {"$now": "x"}}])
seen("/a/$", [{"a": {"$": "x"}}])
seen("%24now", [{"%24now": "x"}])
seen("/a%2Fb", [{"a%2Fb": "x"}], [{"a/b": "x"}])
seen("#/a", [{"#/a": "x"}], [{"a": "x"}])
seen("a\\b", [{"a\\b": "x"}])
seen("/a\\/b", [{"a\\": {"b": "x"}}], [{"a/b": "x"}])
seen('"', [{'"': "x"}])
seen("__proto__", [{"__proto__": "x"}], [{}])
seen("constructor", [{"constructor": "x"}], [{}])
seen("/__proto__/a", [{"__proto__": {"a": "x"}}], [{}, {"a": "x"}])
seen("/toString/name", [{"toString": {"name": "x"}}], [{}])
seen("targetingKey", [{"targetingKey": "x"}], [{"targeting_key": "x"}, {"key": "x"}])
seen("/targetingKey", [{"targetingKey": "x"}], [{}])
seen("kind", [{"kind": "x"}])
seen("a", [{"a": ["y", "x"]}], [{"a": {"a": "x"}}])
seen("/o/a", [{"o": {"a": ["y", "x"]}}], [{"o": [{"a": "x"}]}])

exists = {"attribute": "hasOwnProperty", "op": "exists"}
B.condition("a name every JavaScript object has", exists, [whole({"hasOwnProperty": 1})], [whole({}), whole({"a": 1})])
for name in ("toString", "valueOf", "constructor", "__proto__", "items", "keys", "get"):
    B.condition(f"{name} of nothing", {"attribute": name, "op": "exists"}, no=[whole({}), whole({"a": {}})])
    B.condition(f"/o/{name} of an object", {"attribute": f"/o/{name}", "op": "exists"}, no=[whole({"o": {}}), whole({"o": []}), whole({"o": "s"}), whole({"o": 1})])

for name in [
    "", "/", "//", "//a", "/a/", "/a//b", "/a/b/", "/a~", "/~", "/~2", "/~a", "/a~/b", "/~~0", "/a/~", "/~01~", "$", "$foo", "$Now", "$NOW", "$now ", "$$now", "$now/a",
    "$targetingKey", "$instance.id", "/$now", "/$", "/$foo", "/$now/a", "/$instance", "/$random", "$random",
]:  # fmt: skip
    B.condition(f"reference {name!a}", {"attribute": name, "op": "exists"}, broken=True)

inst = on("$instance", "in", "i-1")
B.condition("$instance given", inst, [whole({})], instance="i-1")
B.condition("$instance another", inst, no=[whole({})], instance="i-2")
B.condition("$instance not given", inst, no=[whole({}), whole({"$instance": "i-1"}), whole({"instance": "i-1"})])
B.condition("$instance given, the context's is ignored", inst, [whole({"$instance": "i-2"}), whole({"$instance": None})], instance="i-1")
B.condition("$instance exists only when given", {"attribute": "$instance", "op": "exists"}, no=[whole({}), whole({"$instance": "x"})])
B.condition("$instance exists", {"attribute": "$instance", "op": "exists"}, [whole({})], instance="i-1")
B.condition("$instance with another operator", on("$instance", "starts_with", "web-"), [whole({})], instance="web-7")
B.condition("keys that begin with $ are no attributes", {"any": [on("x", "in", 1), on("/o/x", "in", 1)]}, no=[whole({"$x": 1, "$o": {"x": 1}})])
