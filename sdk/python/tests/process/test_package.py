"""What is distributed: it holds what is needed and nothing else, and works where it is installed."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email import message_from_string

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with the wheel and the sources."""
    folder = tmp_path_factory.mktemp("dist")
    arguments = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(arguments, check=True, capture_output=True, timeout=120)  # noqa: S603 - our own program
    return folder


def test_the_wheel_holds_the_packages_and_nothing_else(built: pathlib.Path) -> None:
    (wheel,) = built.glob("pennon-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        metadata = message_from_string(file.read(next(name for name in names if name.endswith("METADATA"))).decode())
    places = {name.split("/")[0] for name in names}
    (info,) = (place for place in places if place.endswith(".dist-info"))
    assert places == {"pennon", "feature_flags", "pennon_pytest.py", info}
    source = ROOT / "src"
    shipped = {name for name in names if not name.startswith(info)}
    assert shipped == {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"pennon/py.typed", "feature_flags/py.typed"} <= shipped
    assert {f"{info}/licenses/LICENSE", f"{info}/entry_points.txt"} <= set(names)
    assert metadata["License-Expression"] == "Apache-2.0"
    needed = [text for text in metadata.get_all("Requires-Dist", []) if "extra" not in text]
    assert sorted(text.split(">")[0] for text in needed) == ["google-re2", "mmh3"]


def test_the_sources_hold_the_tests_and_the_examples_too(built: pathlib.Path) -> None:
    (archive,) = built.glob("pennon-*.tar.gz")
    with tarfile.open(archive) as file:
        names = {name.split("/", 1)[1] for name in file.getnames() if "/" in name}
    assert {"src/pennon/__init__.py", "tests/conftest.py", "examples/checkout.py", "README.md", "LICENSE"} <= names
    assert not any(".venv" in name or "__pycache__" in name for name in names)


def test_it_works_in_an_environment_of_its_own(built: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Installed by pip; what it depends on is taken from here, so that the test needs no network."""
    (wheel,) = built.glob("*.whl")
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    (site,) = home.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("platlib"))

    def run(*arguments: str) -> str:
        command = [str(python), *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, cwd=tmp_path)  # noqa: S603
        return done.stdout

    run("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel))
    said = "from feature_flags import flags; import pennon; print(flags.is_enabled('f', user_id=1), pennon.__file__)"
    value, _, place = run("-c", said).strip().partition(" ")
    assert value == "False"
    assert pathlib.Path(place).is_relative_to(site)
    (tmp_path / "test_it.py").write_text("def test_it(pennon_flags):\n    pennon_flags.set('f', True)\n")
    assert "1 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py")
