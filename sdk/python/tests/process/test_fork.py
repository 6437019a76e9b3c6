"""Forks: each child has a connection and a session of its own, shares the instance id, and keeps the snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from documents import document, flag
from peer import put
from running import run
from waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from peer import Peer, Talk

STREAM, EVENTS = "/api/v1/sdk/stream", "/api/v1/sdk/events"


def _run(code: str, peer: Peer) -> list[str]:
    """The lines of the output, sorted; there are no others."""
    ignored = ("-W", "ignore::DeprecationWarning")  # Python 3.12 warns of every fork of a process with threads.
    out, err = run(*ignored, "-c", code, PENNON_URL=peer.url, PENNON_SDK_KEY="k")
    assert err == []
    return sorted(out)


def _streams(talk: Talk) -> None:
    talk.stream(": hello\n\n", put(document(flag("f"))))
    talk.stay()


def _prepared(peer: Peer) -> Peer:
    peer.scripts[STREAM] = _streams
    peer.scripts[EVENTS] = lambda talk: talk.answer(200, {"accepted": 1, "refused": []})
    return peer


def test_children_have_connections_and_sessions_of_their_own_and_one_instance_id(peer: Peer) -> None:
    code = """
import os, sys
from feature_flags import flags
assert flags.is_enabled("f")
children = []
for number in range(3):
    pid = os.fork()
    if pid == 0:
        print("child", flags.is_enabled("f"), flags.status().revision, flush=True)
        sys.exit(0)
    children.append(pid)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
print("parent", flags.is_enabled("f"), flags.status().state, flush=True)
"""
    assert _run(code, _prepared(peer)) == ["child True 1-1"] * 3 + ["parent True ready"]
    sent = [asked.json for asked in peer.seen(EVENTS)]
    assert len({batch["session"] for batch in sent}) == 4
    assert len({batch["instanceId"] for batch in sent}) == 1
    assert [batch["sequence"] for batch in sent] == [1, 1, 1, 1]
    counts = [
        event["evaluations"][0]["count"] for batch in sent for event in batch["events"] if event["kind"] == "summary"
    ]
    assert sorted(counts) == [1, 1, 1, 2], "a child has told what its parent counted"
    streams = peer.seen(STREAM)
    assert len({asked.target for asked in streams}) == 1
    assert 1 <= len(streams) <= 4


def test_a_child_follows_changes_by_its_own_stream_and_the_parents_stays_open(peer: Peer) -> None:
    _prepared(peer)
    code = """
import os, sys, time
from feature_flags import flags
assert flags.is_enabled("f")
before = flags._session
pid = os.fork()
if pid == 0:
    assert flags.is_enabled("f")
    while flags.status().state != "ready":
        time.sleep(0.01)
    flags.close()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert flags._session is before
print(flags.status().state)
"""
    assert _run(code, peer) == ["ready"]
    assert len(peer.seen(STREAM)) == 2
    assert peer.seen(STREAM)[1].headers["last-event-id"] == "1-1"


def test_a_child_that_asks_no_flag_opens_nothing(peer: Peer) -> None:
    code = """
import os
from feature_flags import flags
flags.is_enabled("f")
pid = os.fork()
if pid == 0:
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""
    _run(code, _prepared(peer))
    assert len(peer.seen(STREAM)) == 1


def test_a_fork_before_the_first_use_is_nothing_special(peer: Peer) -> None:
    code = """
import os, sys
from feature_flags import flags
pid = os.fork()
print(flags.is_enabled("f"), flush=True)
if pid:
    assert os.waitpid(pid, 0)[1] == 0
"""
    assert _run(code, _prepared(peer)) == ["True", "True"]


def test_a_fork_in_the_midst_of_everything_locks_nobody_out(peer: Peer) -> None:
    """Threads evaluate, flush and listen while the process forks again and again."""
    code = """
import os, threading
from feature_flags import flags
flags.configure(flush_interval=0.001)
flags.is_enabled("f")
flags.on_status(lambda status: None)
stop = threading.Event()
def work():
    while not stop.is_set():
        flags.is_enabled("f", user_id="u")
        flags.status()
        flags.track("m", user_id="u")
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        ok = flags.is_enabled("f", user_id="u") and flags.status().revision == "1-1"
        flags.close()
        os._exit(0 if ok else 1)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
print("done")
"""
    assert _run(code, _prepared(peer)) == ["done"]


def test_a_child_has_the_listeners_of_its_parent(peer: Peer) -> None:
    _prepared(peer)
    code = """
import os, threading
from feature_flags import flags
told = threading.Event()
flags.on_status(lambda status: told.set() if status.state == "ready" else None)
flags.is_enabled("f")
assert told.wait(10)
told.clear()
pid = os.fork()
if pid == 0:
    os._exit(0 if told.wait(10) else 1)
assert os.waitpid(pid, 0)[1] == 0
print("told")
"""
    assert _run(code, peer) == ["told"]


def test_workers_of_multiprocessing_evaluate(peer: Peer) -> None:
    code = """
import multiprocessing
from feature_flags import flags
def ask(number):
    return flags.is_enabled("f", user_id=number)
if __name__ == "__main__":
    flags.is_enabled("f")
    with multiprocessing.get_context("fork").Pool(3) as pool:
        print(all(pool.map(ask, range(50))))
"""
    assert _run(code, _prepared(peer)) == ["True"]


def test_a_closed_client_stays_closed_in_a_child(peer: Peer) -> None:
    code = """
import os
from feature_flags import flags
flags.is_enabled("f")
flags.close()
pid = os.fork()
if pid == 0:
    os._exit(0 if flags.is_enabled("f") and flags.status().state == "closed" else 1)
assert os.waitpid(pid, 0)[1] == 0
"""
    _run(code, _prepared(peer))
    assert len(until(lambda: peer.seen(STREAM), "a stream")) == 1


@pytest.mark.parametrize("place", ["the program", "the work"])
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_what_a_child_of_multiprocessing_counted_is_sent_at_its_end(
    method: str, place: str, peer: Peer, tmp_path: Path
) -> None:
    """It ends by `os._exit`, without what `atexit` calls."""
    taken = "from feature_flags import flags"
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import multiprocessing
{taken if place == "the program" else ""}

def work():
    {taken if place == "the work" else ""}
    assert flags.is_enabled("f")

if __name__ == "__main__":
    child = multiprocessing.get_context("{method}").Process(target=work)
    child.start()
    child.join()
    print(child.exitcode, flush=True)
"""
    )
    out, err = run(str(program), PENNON_URL=_prepared(peer).url, PENNON_SDK_KEY="k")
    assert (out, err) == (["0"], [])
    events = [event for asked in peer.seen(EVENTS) for event in asked.json["events"]]
    counted = [one for event in events if event["kind"] == "summary" for one in event["evaluations"]]
    assert [(one["flag"], one["count"]) for one in counted] == [("f", 1)]
