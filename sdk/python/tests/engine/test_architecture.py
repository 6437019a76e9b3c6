"""Imports inside the engine go one way, those for types too."""

from __future__ import annotations

import ast
from pathlib import Path

import pennon._engine

FOLDER = Path(pennon._engine.__file__).parent

LAYERS = [
    {"limits", "values", "moment", "logic"},
    {"evaluation", "reading"},
    {"outcomes", "reference"},
    {"bucket", "pattern"},
    {"operators"},
    {"condition", "variant"},
    {"serve", "target"},
    {"rule"},
    {"segment", "flag"},
    {"decision", "graph"},
    {"linking"},
    {"document"},
    {"snapshot"},
    {"dependents"},
]
"""From the bottom up. Modules of one layer may import one another; `pattern` and `operators` are folders."""

RANKS = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}


def _modules() -> dict[str, list[Path]]:
    """The files of each module."""
    found: dict[str, list[Path]] = {}
    for path in FOLDER.rglob("*.py"):
        module = path.relative_to(FOLDER).parts[0].removesuffix(".py")
        if module != "__init__":
            found.setdefault(module, []).append(path)
    return found


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pennon"):
            tokens = (node.module or "").split(".")
            assert tokens[1:2] == ["_engine"], f"{path.name} imports the SDK outside of the engine"
            found |= {tokens[2]} if len(tokens) > 2 else {alias.name for alias in node.names}
    return found


def test_imports_go_one_way() -> None:
    modules = _modules()
    assert set(modules) == set(RANKS)
    for module, paths in modules.items():
        for path in paths:
            wrong = {one for one in _imported(path) if RANKS[one] > RANKS[module]}
            assert not wrong, f"{path.relative_to(FOLDER)} imports {wrong}"


def test_nothing_but_the_one_place_imports_re2_and_mmh3() -> None:
    def importers(name: str) -> set[str]:
        texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py")}
        return {file for file, text in texts.items() if f"import {name}" in text or f"from {name}" in text}

    assert importers("re2") == {"engine.py"}
    assert importers("mmh3") == {"bucket.py"}


def test_the_engine_reads_no_clock_draws_no_number_and_logs_nothing() -> None:
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {"time", "random", "logging", "os", "socket", "secrets"} & set(names), path
