"""Checks every vector of the folder against the reference. Prints what disagrees; exit code 1 if anything does."""

import pathlib
import sys

sys.dont_write_bytecode = True

import jsontext  # noqa: E402
import run  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent.parent
COMPARED_WHEN_PRESENT = {"version", "metadata", "valueText"}


def same_result(expect, found):
    """README, kind `evaluation`."""
    unknown = set(expect) - {
        "reason", "variant", "value", "valueText", "errorCode", "ruleId", "cause", "prerequisite", "track",
        "version", "metadata", "refused",
    }  # fmt: skip
    if unknown or ("variant" in expect) != ("value" in expect):
        return False
    if (expect.get("reason") == "ERROR" or "refused" in expect) != ("errorCode" in expect or "refused" in expect):
        return False
    names = (set(expect) | set(found)) - {n for n in COMPARED_WHEN_PRESENT if n not in expect}
    return all(n in expect and n in found and jsontext.equal(expect[n], found[n]) for n in names)


def agrees(kind, case, found):
    if kind == "evaluation":
        return same_result(case["expect"], found["expect"])
    if kind == "documents":
        return sorted(case["broken"]) == found["broken"]
    if kind == "written":
        return case["accepted"] == found["accepted"] and case.get("pointer") in (None, found.get("pointer"))
    if kind == "rebalance":
        return all(jsontext.equal(case.get(n), found.get(n)) for n in ("moved", "slots"))
    return all(jsontext.equal(case.get(n), v) for n, v in found.items())


def check(path):
    """How many cases the file has, and how many of them disagree."""
    file = jsontext.parse(path.read_text("utf-8"))
    names, wrong = set(), 0
    for case, found in run.answers(file):
        name = case["name"]
        unknown = set(case) - run.MEMBERS[file["kind"]]
        if name in names or unknown:
            print(f"{path.name}: {name}: name taken, or unknown members {unknown}")
            wrong += 1
        names.add(name)
        if not agrees(file["kind"], case, found):
            print(f"{path.name}: {name}\n  the file: {case}\n  reference: {found}")
            wrong += 1
    return len(names), wrong


def main():
    total = wrong = 0
    for path in sorted(FOLDER.glob("*.json")):
        cases, bad = check(path)
        print(f"{path.name:32} {cases:6} cases" + (f", {bad} DISAGREE" if bad else ""))
        total, wrong = total + cases, wrong + bad
    print(f"{'all':32} {total:6} cases")
    return 1 if wrong or not total else 0


if __name__ == "__main__":
    sys.exit(main())
