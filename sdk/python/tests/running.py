"""Python programs as processes of their own, with this SDK and no settings but those that are given."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "src"
SECONDS = 60
"""How long a program may take, on a busy machine too."""


def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Starts Python with these arguments; its three streams are pipes."""
    return subprocess.Popen(  # noqa: S603 - the tests' own programs
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1", **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str, **variables: str) -> tuple[list[str], list[str]]:
    """Runs Python with these arguments to its good end; the lines of its output and of its error stream."""
    process = start(*arguments, **variables)
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still running after {SECONDS} s; it said:\n{out}\n{err}") from None
    assert process.returncode == 0, f"it ended with {process.returncode}:\n{out}\n{err}"
    return out.splitlines(), err.splitlines()
