"""Which snapshot replaces which, and what becomes of events that do not fit or cannot be read."""

import pytest

import faults
import sse


def put(snapshot: dict, **changes) -> bytes:
    """The snapshot as a put, with these members changed."""
    document = {**snapshot, **changes}
    return sse.write("put", document, f"{document['epoch']}-{document['revision']}")


def patch(snapshot: dict, *, of: int, to: int, **documents) -> bytes:
    """A patch of the snapshot's epoch."""
    data = {"epoch": snapshot["epoch"], "from": of, "revision": to, "flags": {}, "segments": {}, "layers": {}, **documents}
    return sse.write("patch", data, f"{snapshot['epoch']}-{to}")


def flipped(snapshot: dict) -> dict:
    """The documents of a snapshot, or the results, in which `flag` is the other way."""
    flag = snapshot["flags"]["flag"]
    if "enabled" in flag:
        other = {**flag, "enabled": not flag["enabled"]}
    else:
        other = {**flag, "value": not flag["value"], "variant": "off" if flag["value"] else "on"}
    return {"flags": {**snapshot["flags"], "flag": other}}


def settled(scene):
    """An agent on a stream, with a flag that is on; what it holds."""
    scene.project.flag()
    agent = scene.ready()
    return agent, scene.bootstrap()


def still_follows(scene, agent) -> None:
    """What was injected is behind us, the snapshot was not replaced, and the same stream goes on."""
    agent.until(revision=scene.project.switch("flag", False))
    assert agent.value("flag", True) is False
    assert len(scene.streams()) == 1, "it opened the stream again"


@pytest.mark.web_too
def test_a_lower_revision_never_replaces_a_higher_one(scene):
    agent, snapshot = settled(scene)
    agent.ask("watch", flag="flag")
    scene.proxy.inject(put(snapshot, revision=snapshot["revision"] - 1, **flipped(snapshot)), scene.stream)
    still_follows(scene, agent)
    assert len(agent.wait_events(1, "change")) == 1, "the older snapshot was taken for a change"


@pytest.mark.web_too
def test_a_lower_epoch_never_replaces_a_higher_one_whatever_its_revision(scene):
    agent, snapshot = settled(scene)
    agent.ask("watch", flag="flag")
    scene.proxy.inject(put(snapshot, epoch=snapshot["epoch"] - 1, revision=10**6, **flipped(snapshot)), scene.stream)
    still_follows(scene, agent)
    assert len(agent.wait_events(1, "change")) == 1


def test_the_same_revision_changes_nothing(scene):
    agent, snapshot = settled(scene)
    agent.ask("watch", flag="flag")
    scene.proxy.inject(put(snapshot, **flipped(snapshot)), scene.stream)
    still_follows(scene, agent)
    assert len(agent.wait_events(1, "change")) == 1


@pytest.mark.web_too
def test_a_patch_of_a_lower_revision_is_ignored(scene):
    agent, snapshot = settled(scene)
    revision = snapshot["revision"]
    scene.proxy.inject(patch(snapshot, of=revision - 2, to=revision - 1, flags=flipped(snapshot)["flags"]), scene.stream)
    agent.until(revision=scene.project.switch("flag", False), state="ready")
    assert agent.value("flag", True) is False


@pytest.mark.web_too
def test_an_empty_snapshot_with_a_lower_revision_is_ignored(scene):
    agent, snapshot = settled(scene)
    scene.proxy.inject(put(snapshot, revision=0, flags={}), scene.stream)
    still_follows(scene, agent)


@pytest.mark.web_too
def test_an_empty_snapshot_with_a_higher_revision_is_legal(scene):
    agent, snapshot = settled(scene)
    revision = snapshot["revision"] + 1
    scene.proxy.inject(put(snapshot, revision=revision, flags={}), scene.stream)
    agent.until(revision=f"{snapshot['epoch']}-{revision}")
    assert agent.evaluate("flag", True)["errorCode"] == "FLAG_NOT_FOUND"
    assert len(scene.streams()) == 1


@pytest.mark.web_too
def test_an_environment_without_flags_is_ready(scene):
    agent = scene.ready()
    assert agent.status()["revision"] == scene.project.revision()
    got = agent.evaluate("flag", True)
    assert (got["value"], got["reason"], got["errorCode"]) == (True, "ERROR", "FLAG_NOT_FOUND")


@pytest.mark.web_too
def test_the_last_flag_that_is_archived_leaves_an_empty_environment(scene):
    agent, _ = settled(scene)
    agent.until(revision=scene.project.archive("flag"))
    assert agent.evaluate("flag", True)["errorCode"] == "FLAG_NOT_FOUND"
    assert len(scene.streams()) == 1


@pytest.mark.web_too
def test_a_new_epoch_is_taken(scene):
    agent, _ = settled(scene)
    agent.until(revision=scene.project.new_epoch(), state="ready")
    still_follows(scene, agent)


@pytest.mark.web_too
def test_a_new_epoch_is_taken_though_its_revision_is_lower(scene):
    agent, snapshot = settled(scene)
    epoch = snapshot["epoch"] + 1
    scene.proxy.inject(put(snapshot, epoch=epoch, revision=1, **flipped(snapshot)), scene.stream)
    agent.until(revision=f"{epoch}-1")
    assert agent.value("flag", True) is False


@pytest.mark.web_too
def test_a_patch_of_another_epoch_is_dropped_and_the_stream_opened_without_an_id(scene):
    agent, snapshot = settled(scene)
    other = {**snapshot, "epoch": snapshot["epoch"] + 1}
    scene.proxy.inject(patch(other, of=snapshot["revision"], to=snapshot["revision"] + 1), scene.stream)
    again = scene.proxy.wait_for(2, scene.stream)[1]
    assert "last-event-id" not in again.headers
    agent.until(state="ready", revision=scene.project.revision())


@pytest.mark.web_too
def test_a_patch_from_another_revision_is_dropped_and_the_stream_opened_without_an_id(scene):
    agent, snapshot = settled(scene)
    revision = snapshot["revision"]
    scene.proxy.inject(patch(snapshot, of=revision + 5, to=revision + 6, flags=flipped(snapshot)["flags"]), scene.stream)
    again = scene.proxy.wait_for(2, scene.stream)[1]
    assert "last-event-id" not in again.headers
    agent.until(state="ready", revision=scene.project.revision())
    assert agent.value() is True
    assert scene.most_at_once(scene.stream) == 1


@pytest.mark.web_too
def test_who_reopens_without_an_id_goes_on_from_the_new_put(scene):
    agent, snapshot = settled(scene)
    scene.proxy.inject(patch(snapshot, of=10**6, to=10**6 + 1), scene.stream)
    scene.proxy.wait_for(2, scene.stream)
    agent.until(state="ready")
    revision = scene.project.switch("flag", False)
    agent.until(revision=revision)
    scene.proxy.cut(scene.stream)
    assert scene.resumes(scene.proxy.wait_for(3, scene.stream)[2], revision)


FAR = {"project": "p", "environment": "e", "epoch": 99_999_999_999_999, "revision": 9, "segments": {}, "layers": {}}
UNREADABLE = {
    "malformed": b'event: put\ndata: {"epoch": 1,\n\n',
    "no object": b"event: put\ndata: 17\n\n",
    "null": b"event: patch\ndata: null\n\n",
    "flags are a list": sse.write("put", {**FAR, "schemaVersion": 1, "flags": []}),
    "no revision": b'event: patch\ndata: {"epoch":1,"from":1,"flags":{}}\n\n',
    "revision is text": b'event: patch\ndata: {"epoch":1,"from":1,"revision":"2","flags":{}}\n\n',
    "no UTF-8": b'event: put\ndata: {"a": "\xc3\x28"}\n\n',
}
ANOTHER_FORM = sse.write("put", {**FAR, "schemaVersion": 2, "flags": {}})


def dropped(scene, block: bytes) -> None:
    """The event is dropped, the stream opened without an id, and the snapshot stays."""
    agent, _ = settled(scene)
    scene.proxy.inject(block, scene.stream)
    again = scene.proxy.wait_for(2, scene.stream)[1]
    assert "last-event-id" not in again.headers
    assert agent.value() is True
    agent.until(state="ready", revision=scene.project.revision())
    agent.until(revision=scene.project.switch("flag", False))


@pytest.mark.web_too
@pytest.mark.parametrize("block", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_event_that_cannot_be_read_is_dropped_and_the_stream_opened_without_an_id(scene, block):
    dropped(scene, block)


def test_a_snapshot_of_another_form_is_dropped_like_one_that_cannot_be_read(scene):
    dropped(scene, ANOTHER_FORM)


@pytest.mark.web_too
def test_an_event_without_data_is_none(scene):
    agent, _ = settled(scene)
    scene.proxy.inject(b"event: patch\n\n", scene.stream)
    still_follows(scene, agent)


@pytest.mark.web_too
def test_a_server_that_only_sends_what_cannot_be_read_does_not_make_it_spin(scene):
    scene.project.flag()
    scene.proxy.on(scene.stream, faults.stream(UNREADABLE["malformed"]))
    agent = scene.start(backoffMinMs=100, backoffMaxMs=400, startWaitMs=1)
    requests = scene.proxy.wait_for(8, scene.stream)
    assert requests[7].at - requests[0].at > 0.3, "it came back without a pause"
    assert agent.evaluate()["value"] is False
    scene.proxy.clear()
    scene.follows(agent)


@pytest.mark.web_too
def test_words_that_are_not_known_are_passed_over(scene):
    agent, snapshot = settled(scene)
    for block in [
        b": comment\n\n", b"event: fanfare\ndata: {}\n\n", b"data: no name\n\n", b"nonsense\n\n", b"id\nretry: x\n\n",
        b"event: goodby\ndata: {\"reconnectAfterMs\": 1}\n\n",
    ]:
        scene.proxy.inject(block, scene.stream)
    still_follows(scene, agent)


@pytest.mark.web_too
def test_members_that_are_not_known_are_passed_over(scene):
    agent, snapshot = settled(scene)
    revision = snapshot["revision"] + 1
    scene.proxy.inject(put(snapshot, revision=revision, fanfare={"a": 1}, **flipped(snapshot)), scene.stream)
    agent.until(revision=f"{snapshot['epoch']}-{revision}")
    assert agent.value("flag", True) is False


@pytest.mark.web_too
def test_line_ends_of_every_kind_are_read(scene):
    agent, snapshot = settled(scene)
    revision = snapshot["revision"]
    for line_end in (b"\r\n", b"\r", b"\n"):
        revision += 1
        snapshot = {**snapshot, **flipped(snapshot), "revision": revision}
        scene.proxy.inject(put(snapshot).replace(b"\n", line_end) + (b"" if line_end != b"\r" else b": \n\n"), scene.stream)
        agent.until(revision=f"{snapshot['epoch']}-{revision}")
        flag = snapshot["flags"]["flag"]
        on = flag.get("enabled", flag.get("value"))
        assert agent.value("flag", not on) is on


@pytest.mark.web_too
def test_data_over_several_lines_is_one_text(scene):
    agent, snapshot = settled(scene)
    whole = put(snapshot, revision=snapshot["revision"] + 1, **flipped(snapshot))
    scene.proxy.inject(whole.replace(b',"flags":', b',\ndata:"flags":'), scene.stream)
    agent.until(revision=f"{snapshot['epoch']}-{snapshot['revision'] + 1}")
    assert agent.value("flag", True) is False


def test_a_broken_flag_breaks_nothing_but_itself(scene):
    agent, snapshot = settled(scene)
    revision = snapshot["revision"] + 1
    broken = {**snapshot["flags"], "broken": {"key": "broken", "type": "boolean", "enabled": True}}
    scene.proxy.inject(put(snapshot, revision=revision, flags=broken), scene.stream)
    agent.until(revision=f"{snapshot['epoch']}-{revision}")
    assert agent.evaluate("broken", True)["errorCode"] == "PARSE_ERROR"
    assert agent.value() is True


def test_patches_carry_flags_segments_and_layers_and_take_them_away(scene):
    scene.project.segment("beta", included=["user-1"])
    scene.project.flag("seg", on=False)
    scene.project.configure(
        "seg", enabled=True, fallthrough={"variant": "off"},
        rules=[{"id": "beta", "when": {"segment": "beta"}, "serve": {"variant": "on"}}],
    )
    agent = scene.ready()
    assert agent.value("seg", user="user-1") is True
    agent.until(revision=scene.project.edit_segment("beta", included=["user-2"]))
    assert agent.value("seg", user="user-1") is False and agent.value("seg", user="user-2") is True
    scene.project.call("POST", "layers", {"key": "exclusive", "salt": "s"})
    scene.project.configure("seg", rules=[{"id": "l", "when": {"percentage": 100, "layer": "exclusive"}, "serve": {"variant": "on"}}])
    agent.until(revision=scene.project.revision())
    assert agent.value("seg", user="anyone") is True
    agent.until(revision=scene.project.archive("seg"))
    assert agent.evaluate("seg", user="user-2")["errorCode"] == "FLAG_NOT_FOUND"
    assert len(scene.streams()) == 1
