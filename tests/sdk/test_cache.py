"""The cache on disk: its name, its form, how often it is written, and what damage does."""

import hashlib
import json
import os
import stat
import time

import pytest

from agent import DEADLINE, PACE


def place(scene, folder):
    name = hashlib.sha256(f"{scene.proxy.url}\n{scene.project.server_key}".encode()).hexdigest()[:16]
    return folder / f"pennon-{name}.json"


def read(path, but: bytes | None = None) -> dict | None:
    """The snapshot in a cache file; None while there is none, or only `but`. A torn or wrong file fails the test."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    if raw == but:
        return None
    digest, _, rest = raw.partition(b"\n")
    assert hashlib.sha256(rest).hexdigest() == digest.decode(), "the digest is not that of the rest"
    return json.loads(rest)


def until_cached(path, revision: int, but: bytes | None = None) -> dict:
    deadline = time.monotonic() + DEADLINE
    while not (snapshot := read(path, but)) or snapshot["revision"] < revision:
        assert time.monotonic() < deadline, f"not cached: revision {revision}"
        time.sleep(PACE)  # the pace of looking, no wait for a state
    return snapshot


def test_the_file_holds_the_snapshot_and_is_for_its_owner_alone(scene, tmp_path):
    scene.project.flag("flag", description="grün")
    scene.project.segment("beta", included=["user-1"])
    scene.ready(cacheDir=str(tmp_path))
    snapshot = scene.project.snapshot()
    held = until_cached(place(scene, tmp_path), snapshot["revision"])
    assert held == snapshot
    assert stat.S_IMODE(place(scene, tmp_path).stat().st_mode) == 0o600


def test_a_patch_reaches_the_file_and_nothing_is_left_beside_it(scene, tmp_path):
    scene.project.flag()
    agent = scene.ready(cacheDir=str(tmp_path))
    for on in (False, True, False):
        agent.until(revision=scene.project.switch("flag", on))
    snapshot = scene.project.snapshot()
    assert until_cached(place(scene, tmp_path), snapshot["revision"]) == snapshot
    agent.close()
    assert os.listdir(tmp_path) == [place(scene, tmp_path).name]


def test_it_is_written_at_most_once_a_second_and_never_torn(scene, tmp_path):
    scene.project.flag()
    agent = scene.ready(cacheDir=str(tmp_path))
    path = place(scene, tmp_path)
    until_cached(path, 1)
    files, began, flips = {path.stat().st_ino}, time.monotonic(), 0
    while time.monotonic() - began < 1.5:
        flips += 1
        agent.until(revision=scene.project.switch("flag", flips % 2 == 0))
        assert read(path) is not None
        files.add((path.stat().st_ino, path.stat().st_mtime_ns))
    assert flips > 10
    assert len(files) <= 4, "it was written more than once a second"
    until_cached(path, scene.project.snapshot()["revision"])


def damage_bit(raw: bytes) -> bytes:
    return raw[:-20] + bytes([raw[-20] ^ 1]) + raw[-19:]


DAMAGES = {
    "a bit": damage_bit,
    "cut": lambda raw: raw[: len(raw) // 2],
    "empty": lambda _: b"",
    "no digest": lambda raw: raw.split(b"\n", 1)[1],
    "another digest": lambda raw: b"0" * 64 + raw[64:],
    "no snapshot": lambda _: hashlib.sha256(b"[]").hexdigest().encode() + b"\n[]",
    "no text": lambda _: b"\xff\xfe\x00" * 50,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_ignored_with_one_warning(scene, tmp_path, damage):
    scene.project.flag()
    first = scene.ready(cacheDir=str(tmp_path))
    path = place(scene, tmp_path)
    until_cached(path, scene.project.snapshot()["revision"])
    first.close()
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    agent = scene.agent()
    scene.proxy.refuse()
    agent.start(**scene.options(cacheDir=str(tmp_path), startWaitMs=1))
    assert agent.value() is False and agent.status()["source"] == "none"
    assert len([line for line in agent.log().splitlines() if "cache" in line.lower()]) == 1, agent.log()
    scene.proxy.accept()
    agent.until(state="ready")
    assert agent.value() is True
    until_cached(path, scene.project.snapshot()["revision"], damaged)


def test_a_place_that_cannot_be_written_costs_one_warning(scene, tmp_path):
    scene.project.flag()
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    agent = scene.ready(cacheDir=str(blocked / "below"))
    began, flips = time.monotonic(), 0
    while time.monotonic() - began < 2.2:
        flips += 1
        agent.until(revision=scene.project.switch("flag", flips % 2 == 0))
    warned = [line for line in agent.log().splitlines() if "cache" in line.lower()]
    assert len(warned) == 1, agent.log()
    agent.close()


def test_a_folder_that_is_not_there_is_made_for_its_owner_alone(scene, tmp_path):
    scene.project.flag()
    folder = tmp_path / "shop" / "flags"
    scene.ready(cacheDir=str(folder))
    until_cached(place(scene, folder), scene.project.snapshot()["revision"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_that_is_a_folder_costs_one_warning(scene, tmp_path):
    scene.project.flag()
    place(scene, tmp_path).mkdir()
    agent = scene.ready(cacheDir=str(tmp_path))
    assert agent.value() is True
    agent.close()
    assert 1 <= len([line for line in agent.log().splitlines() if "cache" in line.lower()]) <= 2, agent.log()


def test_the_cache_of_another_key_or_address_is_not_used(scene, tmp_path):
    scene.project.flag()
    first = scene.ready(cacheDir=str(tmp_path))
    until_cached(place(scene, tmp_path), scene.project.snapshot()["revision"])
    first.close()
    _, other_key = scene.project.make_key("server")
    scene.proxy.on(scene.stream, lambda exchange: exchange.gone())
    other = scene.start(key=other_key, cacheDir=str(tmp_path), startWaitMs=1)
    assert other.value() is False and other.status()["source"] == "none"


def test_without_a_folder_nothing_is_written(scene, tmp_path):
    scene.project.flag()
    agent = scene.agent(HOME=str(tmp_path), TMPDIR=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    agent.start(**scene.options())
    agent.until(state="ready")
    agent.close()
    assert os.listdir(tmp_path) == []
