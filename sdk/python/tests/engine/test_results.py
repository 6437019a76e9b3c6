"""Results: shared and immutable, of the type that is asked for, and no more read for them than they need."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from making import AT, flag, snapshot, when

from pennon._engine import At, ErrorCode, Evaluation, Snapshot, Track

if TYPE_CHECKING:
    from typing import Any


def test_time_and_chance_are_asked_for_only_by_flags_that_need_them_and_once_an_evaluation() -> None:
    asked: list[str] = []

    def clock() -> int:
        asked.append("now")
        return 100 + len(asked)

    def chance() -> int:
        asked.append("random")
        return len(asked)

    at = At(clock, chance)
    window = [{"attribute": "$now", "op": op, "values": [value]} for op, value in (("after", 0), ("before", 102))]
    gates = [{"percentage": 99, "by": ["$random"]}, {"percentage": 99, "by": ["$random"]}]
    found = snapshot(
        flag("plain"),
        flag("gated", rules=[{"id": "r", "when": {"percentage": 50}, "serve": {"variant": "on"}}]),
        flag("timed", rules=[{"id": "r", "when": {"segment": "open"}, "serve": {"variant": "on"}}]),
        flag("drawn", rules=[{"id": "r", "when": {"all": gates}, "serve": {"variant": "on"}}]),
        flag("above", prerequisites=[{"flag": "timed", "variants": ["on"]}], fallthrough={"variant": "on"}),
        flag("layered", fallthrough={"split": [{"variant": "on", "weight": 100_000}], "layer": "random"}),
        segments={"open": {"when": {"all": window}}},
        layers={"random": {"by": ["$random"]}},
    )
    for key, wanted in {
        "plain": [],
        "gated": [],
        "timed": ["now"],
        "drawn": ["random"],
        "above": ["now"],
        "layered": ["random"],
    }.items():
        asked.clear()
        assert found.evaluate(key, {"targetingKey": "u"}, None, at).error_code is None
        assert asked == wanted, key


def test_a_caller_cannot_change_what_the_next_one_gets() -> None:
    value = {"limits": {"cpu": [1, 2]}, "name": "x"}
    document = {
        "revision": 1,
        "flags": {
            "o": flag("o", type="object", variants={"v": value}, fallthrough={"variant": "v"})
            | {"metadata": {"owner": "a", "tags": ["b"]}}
        },
    }
    found = Snapshot.from_document(document)
    value["limits"]["cpu"].append(3)  # type: ignore[index]
    wanted = {"limits": {"cpu": [1, 2]}, "name": "x"}
    for _ in range(2):
        result = found.evaluate("o", {}, "object", AT)
        assert result.value == wanted
        assert result.metadata == {"owner": "a", "tags": ["b"]}
        held: Any = result.value
        held["limits"]["cpu"].clear()
        result.metadata["tags"] = "changed"
        whole: Any = found.document()
        assert whole["flags"]["o"]["variants"]["v"] == wanted
        whole["flags"].clear()
        whole["segments"]["s"] = {}


def test_a_result_is_immutable() -> None:
    split = {"split": [{"variant": "on", "weight": 100_000}]}
    rules = [{"id": "r", "serve": split, "track": {"run": "run-1", "by": ["org", "targetingKey"]}}]
    result = snapshot(flag(rules=rules)).evaluate("f", {"targetingKey": 7}, None, AT)
    assert isinstance(result, Evaluation)
    for changed in (result, result.track):
        for name in ("value", "run", "more"):
            with pytest.raises(AttributeError):
                setattr(changed, name, 1)
    with pytest.raises(AttributeError):
        del result.variant
    assert result.track == Track("run-1", ("org", "targetingKey"), "on", lambda _context, _at: None)
    assert "run-1" in repr(result)


def test_a_track_tells_whom_the_exposure_counts() -> None:
    rules = [{"id": "r", "serve": {"variant": "on"}, "track": {"run": "r", "arm": "new", "by": ["org", "$instance"]}}]
    track = snapshot(flag(rules=rules)).evaluate("f", {"targetingKey": 7}, None, AT).track
    assert track is not None
    assert track.unit({"org": 3.0}, AT) == "3"
    assert track.unit({"org": ""}, AT) == "instance-1"
    assert track.unit(None, At(0)) is None
    assert track.arm == "new"


def test_an_integer_or_a_float_is_asked_as_a_number() -> None:
    variants = {"three": 3, "float": 3.0, "half": 3.5, "big": 2**53}
    targets = [{"values": [name], "variant": name} for name in variants]
    found = snapshot(flag(type="number", variants=variants, targets=targets, fallthrough={"variant": "three"}))

    def served(name: str, asked: str | None) -> tuple[object, str | None]:
        result = found.evaluate("f", {"targetingKey": name}, asked, AT)
        return result.value, result.error_code

    assert [type(served(name, "integer")[0]) for name in ("three", "float")] == [int, int]
    assert [type(served(name, "float")[0]) for name in variants] == [float] * 4
    for name in ("half", "big"):
        assert served(name, "integer") == (None, ErrorCode.TYPE_MISMATCH)
    for name, value in variants.items():
        assert served(name, None) == served(name, "number") == (value, None)
    for asked in ("boolean", "string", "object", "nonsense"):
        assert served("three", asked) == (None, ErrorCode.TYPE_MISMATCH)


def test_the_longest_chain_of_the_deepest_conditions_is_decided() -> None:
    absent = {"attribute": "absent", "op": "exists"}
    present = {"attribute": "targetingKey", "op": "exists"}

    def deep(leaf: dict[str, Any]) -> dict[str, Any]:
        for level in range(15):
            leaf = {"any": [absent, leaf]} if level % 2 else {"all": [present, leaf]}
        return leaf

    flags = [flag("f0", rules=[{"id": "r", "when": {"percentage": 99}, "serve": {"variant": "on"}}])]
    for number in range(1, 33):
        leaf = deep({"flag": f"f{number - 1}", "variants": ["on"]})
        flags.append(flag(f"f{number}", rules=[{"id": "r", "when": leaf, "serve": {"variant": "on"}}]))
    result = snapshot(*flags).evaluate("f32", {"targetingKey": "u"}, None, AT)
    assert result.value is True


def test_any_number_of_threads_share_a_snapshot() -> None:
    split = {"split": [{"variant": "on", "weight": 50_000}, {"variant": "off", "weight": 50_000}]}
    found = snapshot(when({"percentage": [10, 90]}, split))
    contexts: list[dict[str, object]] = [{"targetingKey": f"user-{number}"} for number in range(500)]
    wanted = [repr(found.evaluate("f", context, None, AT)) for context in contexts]
    wrong: list[str] = []

    def work() -> None:
        for _ in range(5):
            given = [repr(found.evaluate("f", context, None, AT)) for context in contexts]
            wrong.extend(one for one, other in zip(given, wanted, strict=True) if one != other)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
