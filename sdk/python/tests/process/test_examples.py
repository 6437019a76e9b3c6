"""Every program of the examples runs, each as its framework runs it."""

from __future__ import annotations

import json
import pathlib
import signal
import urllib.request
from typing import TYPE_CHECKING

import pytest

from documents import document, flag
from peer import put
from running import run, start
from waiting import until

if TYPE_CHECKING:
    import subprocess

    from peer import Peer, Talk
    from true_server import Project

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
FLAG = "new_checkout_flow"
STREAM, EVENTS = "/api/v1/sdk/stream", "/api/v1/sdk/events"


@pytest.fixture
def on(project: Project) -> Project:
    """A project in which the flag is on for user-1 alone."""
    project.flag(FLAG)
    project.configure(
        FLAG, enabled=True, fallthrough={"variant": "off"}, targets=[{"values": ["user-1"], "variant": "on"}]
    )
    return project


def _run(file: str, *arguments: str, project: Project) -> list[str]:
    out, err = run(str(EXAMPLES / file), *arguments, **project.variables)
    assert err == []
    return out


def test_there_is_a_test_of_every_example() -> None:
    told = pathlib.Path(__file__).read_text()
    assert [file.name for file in EXAMPLES.glob("*.py") if file.stem not in told] == []


def test_checkout(on: Project) -> None:
    out = _run("checkout.py", "user-1", "user-2", project=on)
    assert ["'new'" in line for line in out] == [True, False]


def test_with_openfeature(on: Project) -> None:
    out = _run("with_openfeature.py", "user-1", "user-2", project=on)
    assert out == ["user-1 True on TARGETING_MATCH", "user-2 False off DEFAULT"]


def test_several_environments(on: Project) -> None:
    other = on.server.project()
    out, _ = run(str(EXAMPLES / "several_environments.py"), on.url, on.key, other.key)
    assert [line.split(" ", 1)[1] for line in out] == ["True TARGETING_MATCH", "False ERROR"]


def test_watch(on: Project) -> None:
    process = start(str(EXAMPLES / "watch.py"), FLAG, "user-2", **on.variables)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"{FLAG} = False (DEFAULT")
        on.configure(FLAG, fallthrough={"variant": "on"})
        assert process.stdout.readline().startswith(f"{FLAG} = True (DEFAULT")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_checkout_has_tests() -> None:
    """`test_checkout.py`, as its owner runs it."""
    arguments = ["-q", "-p", "no:cacheprovider", "-p", "pennon_pytest", "-c", "/dev/null"]
    out, _ = run("-m", "pytest", *arguments, "--rootdir", str(EXAMPLES), str(EXAMPLES / "test_checkout.py"))
    assert out[-1].startswith("5 passed")


def _order(port: str, user: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/order", headers={"X-User": user})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the address is ours
        return str(json.load(answer)["flow"])


def _port(process: subprocess.Popen[str], mark: str) -> str:
    """The port that a server has chosen and says on its error stream."""
    assert process.stderr is not None
    for line in process.stderr:
        if mark in line:
            return line.split(mark)[1].split()[0].strip("/")
    raise AssertionError("the server has ended")


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "uvicorn", "--port", "0", "with_fastapi:app"),
        ("-m", "flask", "--app", "with_flask", "run", "--port", "0"),
    ],
    ids=["with_fastapi", "with_flask"],
)
def test_a_web_application(arguments: tuple[str, ...], on: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    process = start(*arguments, **on.variables)
    try:
        port = _port(process, "http://127.0.0.1:")
        assert [_order(port, user) for user in ("user-1", "user-2")] == ["new", "legacy"]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()


def test_with_django(on: Project) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(EXAMPLES)!r})
import with_django, django
django.setup()
from django.test import Client
print([Client(headers={{"x-user": user}}).get("/order").json()["flow"] for user in ("user-1", "user-2")])
"""
    assert run("-c", code, **on.variables)[0] == ["['new', 'legacy']"]


def _streams(talk: Talk) -> None:
    talk.stream(put(document(flag(FLAG))))
    talk.stay()


def test_with_lambda(peer: Peer) -> None:
    peer.scripts[STREAM] = _streams
    peer.scripts[EVENTS] = lambda talk: talk.answer(200, {"accepted": 1, "refused": []})
    code = f"""
import os, sys
sys.path.insert(0, {str(EXAMPLES)!r})
from with_lambda import handler
print([handler({{"user": user}}, None)["flow"] for user in ("user-1", "user-2")], flush=True)
os._exit(0)
"""
    out, _ = run("-c", code, PENNON_URL=peer.url, PENNON_SDK_KEY="k")
    assert out == ["['new', 'new']"]
    assert [asked.json["sequence"] for asked in peer.seen(EVENTS)] == [1, 2]


def test_with_celery(peer: Peer, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A true worker of two processes, on a broker of files; what each counted arrives when it ends."""
    peer.scripts[STREAM] = _streams
    peer.scripts[EVENTS] = lambda talk: talk.answer(200, {"accepted": 1, "refused": []})
    folders = {f"data_folder_{way}": str(tmp_path) for way in ("in", "out")}
    (tmp_path / "configured.py").write_text(
        f"import sys; sys.path.insert(0, {str(EXAMPLES)!r})\n"
        "from with_celery import app, create_order\n"
        f"app.conf.broker_transport_options = {folders | {'control_folder': str(tmp_path / 'control')}}\n"
        f"app.conf.result_backend = 'file://{tmp_path}'\n"
    )
    monkeypatch.chdir(tmp_path)
    variables = {"PENNON_URL": peer.url, "PENNON_SDK_KEY": "k", "BROKER_URL": "filesystem://"}
    worker = start("-m", "celery", "-A", "configured", "worker", "-c", "2", "--loglevel", "warning", **variables)
    try:
        ask = "from configured import *; print([create_order.delay(f'user-{n}').get(timeout=60) for n in range(6)])"
        assert run("-c", ask, **variables)[0] == [str(["new"] * 6)]
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)
    finally:
        worker.kill()
        worker.communicate()

    def counted() -> int:
        events = [event for asked in peer.seen(EVENTS) for event in asked.json["events"]]
        return sum(one["count"] for event in events for one in event.get("evaluations", ()))

    until(lambda: counted() == 6, "six evaluations")
