"""The end of a process: what is kept is sent, nothing holds it up, and nothing is written to its error stream."""

from __future__ import annotations

import pathlib
import signal
import time
from typing import TYPE_CHECKING

import pytest

from documents import document, flag
from peer import put
from running import start
from waiting import until

if TYPE_CHECKING:
    import subprocess

    from peer import Peer, Talk

STREAM, EVENTS = "/api/v1/sdk/stream", "/api/v1/sdk/events"


def _streams(talk: Talk) -> None:
    talk.stream(": hello\n\n", put(document(flag("f"))))
    talk.stay()


def _start(code: str, peer: Peer) -> subprocess.Popen[str]:
    variables = {"PENNON_URL": peer.url, "PENNON_SDK_KEY": "k"}
    return start("-X", "dev", "-W", "ignore::ResourceWarning", "-c", code, **variables)


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "raise SystemExit(3)",
        "raise ZeroDivisionError",
        "import threading; threading.Thread(target=lambda: flags.is_enabled('f')).start()",
        "flags.close()",
    ],
)
def test_what_was_counted_is_sent_at_the_end(ending: str, peer: Peer) -> None:
    peer.scripts[STREAM] = _streams
    peer.scripts[EVENTS] = lambda talk: talk.answer(200, {"accepted": 1, "refused": []})
    code = f"from feature_flags import flags\nprint(flags.is_enabled('f', user_id='u'))\n{ending}"
    process = _start(code, peer)
    out, err = process.communicate(timeout=30)
    assert out == "True\n"
    assert "Traceback" not in err or "ZeroDivisionError" in ending
    events = [event for asked in peer.seen(EVENTS) for event in asked.json["events"]]
    counted = [one for event in events if event["kind"] == "summary" for one in event["evaluations"]]
    assert counted
    assert counted[0]["flag"] == "f"
    assert events[0]["state"] == "closed"


@pytest.mark.parametrize("what", ["silent", "gone"])
def test_the_end_comes_within_a_second_whatever_the_server_does(what: str, peer: Peer) -> None:
    peer.scripts[STREAM] = _streams
    peer.scripts[EVENTS] = lambda talk: talk.stay() if what == "silent" else talk.connection.close()
    code = "from feature_flags import flags\nflags.is_enabled('f')\nprint('ready', flush=True)\ninput()"
    process = _start(code, peer)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    process.stdin.write("\n")
    process.stdin.close()
    assert process.wait(30) == 0
    took = time.monotonic() - began
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert took < 1.5  # a second, and the interpreter's own end


def test_ctrl_c_ends_a_caller_who_waits_for_the_start(peer: Peer) -> None:
    peer.scripts[STREAM] = lambda talk: talk.stay()
    code = "from feature_flags import flags\nflags.configure(start_wait=60)\nflags.is_enabled('f')"
    process = _start(code, peer)
    peer.wait_for(STREAM)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode != 0
    assert out == ""
    assert "KeyboardInterrupt" in err


def test_a_stopped_process_goes_on_where_it_was(peer: Peer) -> None:
    """Frozen and thawed, as a function of a cloud is: the stream that ended meanwhile is opened again."""
    peer.scripts[STREAM] = _streams
    code = """
import sys
from feature_flags import flags
flags.configure(backoff_min=0.01, backoff_max=0.02, read_timeout=0.5)
for line in sys.stdin:
    print(flags.is_enabled("f"), flags.status().state, flush=True)
"""
    process = _start(code, peer)
    assert process.stdin is not None
    assert process.stdout is not None

    def ask() -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline()

    until(lambda: ask() == "True ready\n", "ready")
    streams = len(peer.seen(STREAM))
    process.send_signal(signal.SIGSTOP)
    until(lambda: pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T", "stopped")
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 1.0, "a second of sleep")
    process.send_signal(signal.SIGCONT)
    assert ask().startswith("True")
    peer.wait_for(STREAM, streams + 1)
    until(lambda: ask() == "True ready\n", "ready again")
    process.communicate(timeout=30)
    assert process.returncode == 0
