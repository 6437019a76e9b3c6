"""Every block of Python in the README runs as it stands."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

import pytest

from running import run

if TYPE_CHECKING:
    from true_server import Project

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 8


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_of_the_readme_runs(block: str, project: Project, tmp_path: pathlib.Path) -> None:
    project.flag("new_checkout_flow")
    project.flag("button_colour", type="string", variants={"a": "green"})
    project.flag("upload_limit", type="number", variants={"a": 20})
    file = tmp_path / "test_block.py"
    file.write_text(block)
    if "def test_" in block:
        run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pennon_pytest", str(file))
    else:
        _, err = run("-W", "error", str(file), **project.variables)
        assert err == []
