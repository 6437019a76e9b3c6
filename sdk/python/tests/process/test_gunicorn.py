"""A true gunicorn that loads the application before it forks, as the recipe says."""

from __future__ import annotations

import os
import signal
import urllib.request
from typing import TYPE_CHECKING

from running import start
from waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from true_server import Project

APPLICATION = """
import os
from feature_flags import flags

flags.is_enabled("f")  # in the master, before the workers are forked

def app(environ, start_response):
    status = flags.status()
    answer = f"{os.getpid()} {flags.is_enabled('f', user_id='u')} {status.state} {status.revision}"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close")])
    return [answer.encode()]
"""
WORKERS = 3


def _ask(port: str) -> tuple[str, str]:
    """Which worker answered, and what it said."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        worker, _, said = answer.read().decode().partition(" ")
        return worker, said


def test_every_worker_follows_the_stream_by_itself_and_ends_in_time(project: Project, tmp_path: Path) -> None:
    project.flag("f")
    (tmp_path / "application.py").write_text(APPLICATION)
    (tmp_path / "conf.py").write_text(
        "def when_ready(server):\n"
        f"    with open({str(tmp_path / 'port.new')!r}, 'w') as file:\n"
        "        file.write(str(server.LISTENERS[0].getsockname()[1]))\n"
        f"    __import__('os').rename({str(tmp_path / 'port.new')!r}, {str(tmp_path / 'port')!r})\n"
    )
    arguments = ["--preload", "--workers", str(WORKERS), "--bind", "127.0.0.1:0", "--chdir", str(tmp_path)]
    arguments += ["--config", str(tmp_path / "conf.py"), "--log-level", "warning", "application:app"]
    ignored = ("-W", "ignore::DeprecationWarning")  # Python 3.12 warns of every fork of a process with threads.
    gunicorn = start(*ignored, "-m", "gunicorn", *arguments, **project.variables)
    try:
        file = tmp_path / "port"
        port = until(lambda: file.read_text() if file.exists() else "", "gunicorn", 30)
        workers: set[str] = set()

        def all_say(wanted: str) -> bool:
            """Whether each worker has been heard, and the one that answers says this."""
            worker, said = _ask(port)
            workers.add(worker)
            return len(workers) == WORKERS and said == wanted

        until(lambda: all_say(f"False ready {project.revision()}"), "all workers", 30)
        revision = project.switch("f", True)
        workers.clear()
        until(lambda: _ask(port)[1] == f"True ready {revision}" and all_say(f"True ready {revision}"), "the flip", 30)
        gunicorn.send_signal(signal.SIGTERM)
        _, err = gunicorn.communicate(timeout=30)
        assert gunicorn.returncode == 0, err
        assert "Traceback" not in err
    finally:
        if gunicorn.poll() is None:
            os.kill(gunicorn.pid, signal.SIGKILL)
            gunicorn.communicate()
