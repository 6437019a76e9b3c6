"""The snapshot on disk: whole or not at all, for its owner alone, and never a failure."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from typing import TYPE_CHECKING

import pytest

from documents import flag, snapshot
from pennon._cache import Cache

if TYPE_CHECKING:
    from pathlib import Path

URL, KEY = "http://127.0.0.1:8080", "pnn_srv_x"


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    saved = snapshot(flag("a"), revision=7)
    Cache(tmp_path, URL, KEY).save(saved)
    loaded = Cache(tmp_path, URL, KEY).load()
    assert loaded is not None
    assert loaded.document() == saved.document()


def test_the_file_is_named_by_address_and_key_and_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    Cache(folder, URL, KEY).save(snapshot())
    name = "pennon-" + hashlib.sha256(f"{URL}\n{KEY}".encode()).hexdigest()[:16] + ".json"
    assert os.listdir(folder) == [name]
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert KEY not in (folder / name).read_text()


def test_the_file_is_a_digest_a_line_end_and_the_snapshot(tmp_path: Path) -> None:
    cache = Cache(tmp_path, URL, KEY)
    cache.save(snapshot())
    digest, _, text = cache.path.read_bytes().partition(b"\n")
    assert digest == hashlib.sha256(text).hexdigest().encode()
    assert text.startswith(b'{"schemaVersion":1')


def test_another_key_has_another_file(tmp_path: Path) -> None:
    Cache(tmp_path, URL, KEY).save(snapshot())
    assert Cache(tmp_path, URL, "other").load() is None
    assert Cache(tmp_path, URL + "1", KEY).load() is None


def test_no_file_is_no_reason_for_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert Cache(tmp_path / "none", URL, KEY).load() is None
    assert caplog.records == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b" ",
        lambda content: content.replace(b"true", b"fals"),
        lambda _: b"",
        lambda _: b"\xff\xfe" * 50,
        lambda content: content[65:],
        lambda _: hashlib.sha256(b"[]").hexdigest().encode() + b"\n[]",
        lambda _: hashlib.sha256(b"\xff").hexdigest().encode() + b"\n\xff",
        lambda _: hashlib.sha256(b"[" * 99_999).hexdigest().encode() + b"\n" + b"[" * 99_999,
    ],
)
def test_a_damaged_file_is_ignored_with_one_warning(
    damage: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(damage)
    cache = Cache(tmp_path, URL, KEY)
    cache.save(snapshot(flag("a")))
    cache.path.write_bytes(damage(cache.path.read_bytes()))
    with caplog.at_level(logging.WARNING, "pennon"):
        assert cache.load() is None
        assert cache.load() is None
    assert len(caplog.records) == 1
    assert str(cache.path) in caplog.text
    cache.save(snapshot())
    assert cache.load() is not None


def test_a_folder_that_cannot_be_written_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "folder", URL, KEY)
    with caplog.at_level(logging.WARNING, "pennon"):
        assert cache.load() is None
        cache.save(snapshot())
        cache.save(snapshot())
    assert len(caplog.records) == 1


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path, URL, KEY)
    cache.save(snapshot(revision=1))

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    cache.save(snapshot(revision=2))
    assert "No space left on device" in caplog.text
    assert os.listdir(tmp_path) == [cache.path.name]
    loaded = cache.load()
    assert loaded is not None
    assert loaded.revision == 1
