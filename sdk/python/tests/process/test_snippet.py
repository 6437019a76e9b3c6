"""The shortest form, as it stands: configured by two variables, or not at all, and never an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from running import run

if TYPE_CHECKING:
    from true_server import Project

SNIPPET = """
from types import SimpleNamespace
new_checkout_service = SimpleNamespace(create=lambda user_id, items: {"flow": "new"})
legacy_checkout_service = SimpleNamespace(create=lambda user_id, items: {"flow": "legacy"})

from feature_flags import flags

def create_order(user_id: str, items: list) -> dict:
    if flags.is_enabled("new_checkout_flow", user_id=user_id):
        return new_checkout_service.create(user_id, items)
    return legacy_checkout_service.create(user_id, items)

print(create_order("user-1", [])["flow"])
print(create_order("user-1", [])["flow"])
"""


def _run(code: str, **variables: str) -> tuple[list[str], list[str]]:
    return run("-c", code, **variables)


def test_it_works_as_it_stands(project: Project) -> None:
    project.flag("new_checkout_flow")
    assert _run(SNIPPET, **project.variables) == (["legacy", "legacy"], [])
    project.switch("new_checkout_flow", True)
    assert _run(SNIPPET, **project.variables) == (["new", "new"], [])


def test_unconfigured_it_serves_the_default_with_one_warning() -> None:
    out, err = _run(SNIPPET)
    assert out == ["legacy", "legacy"]
    assert len(err) == 1
    assert "PENNON_URL" in err[0]


def test_unreachable_it_serves_the_default_with_one_warning() -> None:
    out, err = _run(SNIPPET, PENNON_URL="http://127.0.0.1:1", PENNON_SDK_KEY="k", PENNON_START_WAIT="0.2")
    assert out == ["legacy", "legacy"]
    assert len(err) == 1
    assert "127.0.0.1:1" in err[0]


@pytest.mark.parametrize("variables", [{"PENNON_URL": "nonsense"}, {"PENNON_URL": "http://h", "PENNON_SDK_KEY": "a b"}])
def test_misconfigured_it_serves_the_default_with_one_warning(variables: dict[str, str]) -> None:
    out, err = _run(SNIPPET, **variables)
    assert (out, len(err)) == (["legacy", "legacy"], 1)


def test_configure_takes_the_place_of_the_variables(project: Project) -> None:
    project.flag("new_checkout_flow")
    project.switch("new_checkout_flow", True)
    code = f"from feature_flags import flags; flags.configure({project.url!r}, {project.key!r})\n{SNIPPET}"
    assert _run(code, PENNON_URL="http://127.0.0.1:1", PENNON_SDK_KEY="k") == (["new", "new"], [])


def test_configure_goes_over_to_another_environment_and_listeners_go_on(project: Project) -> None:
    project.flag("new_checkout_flow")
    project.switch("new_checkout_flow", True)
    code = f"""
import threading
from feature_flags import flags
told = threading.Event()
flags.configure(bootstrap={{"schemaVersion": 1, "flags": {{}}}})
flags.on_change("new_checkout_flow", lambda change: told.set())
print(flags.status().source)
flags.configure({project.url!r}, {project.key!r})
print(flags.is_enabled("new_checkout_flow"), told.wait(10), flags.status().source)
"""
    out, _ = _run(code)
    assert out == ["bootstrap", "True True stream"]


def test_importing_starts_nothing() -> None:
    code = """
import sys, threading
asked = []
watched = ("socket.", "subprocess.", "os.fork")
sys.addaudithook(lambda event, _: asked.append(event) if event.startswith(watched) else None)
before = threading.active_count()
import feature_flags, pennon.aio, pennon.testing
print(threading.active_count() - before, asked, pennon.flags._session)
"""
    out, err = _run(code, PENNON_URL="http://127.0.0.1:1", PENNON_SDK_KEY="k")
    assert (out, err) == (["0 [] None"], [])
