"""Writes every file of vectors. From an unchanged tree it changes nothing.

Hand-written files (`cases/*.py`) are copied out with the expectations given there; `cases/generated_*.py` choose inputs from
a fixed seed, and the reference answers them.
"""

import importlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import jsontext  # noqa: E402
import run  # noqa: E402
from cases import book  # noqa: E402


def fill(file):
    """Adds to each case what the reference answers."""
    asked = jsontext.parse(file.text())
    for case, (_, found) in zip(file.cases, run.answers(asked)):
        if "expect" in found:
            found = {"expect": plain(found["expect"])}
            found["expect"] = {k: v for k, v in found["expect"].items() if k not in ("version", "metadata")}
        case.update(found)


def plain(value):
    """Numbers without their memory of the text."""
    if isinstance(value, jsontext.Number):
        return json.loads(value.text)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def main():
    for source in sorted((HERE / "cases").glob("*.py")):
        importlib.import_module(f"cases.{source.stem}")
    for file in book.FILES:
        if file.generated:
            fill(file)
        (HERE.parent / file.name).write_text(file.text(), "utf-8")
    for stale in {p.name for p in HERE.parent.glob("*.json")} - {f.name for f in book.FILES}:
        (HERE.parent / stale).unlink()


if __name__ == "__main__":
    main()
