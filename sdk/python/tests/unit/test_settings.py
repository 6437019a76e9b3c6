"""What a client is told: given, by a variable, or the default; and what is said of what cannot be used."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pennon._settings import Settings, SettingsError

SNAPSHOT = {"schemaVersion": 1, "epoch": 1, "project": "p", "environment": "e", "revision": 1, "flags": {}}


def test_without_anything_the_defaults_are_those_of_the_contract() -> None:
    settings = Settings.read({}, {})
    assert (settings.url, settings.key, settings.cache_dir, settings.labels) == (None, None, None, ())
    assert (settings.start_wait, settings.events, settings.flush_interval) == (2.0, True, 30.0)
    assert (settings.stream_wait, settings.poll_interval, settings.read_timeout) == (10.0, 30.0, 45.0)
    assert (settings.backoff_min, settings.backoff_max, settings.healthy_after) == (1.0, 30.0, 60.0)
    assert settings.connect_timeout == 10.0


def test_the_variables_are_read() -> None:
    settings = Settings.read(
        {},
        {
            "PENNON_URL": " http://127.0.0.1:8080/base/ ",
            "PENNON_SDK_KEY": "pnn_srv_x\n",
            "PENNON_INSTANCE_ID": "shop-1",
            "PENNON_CACHE_DIR": "/var/cache/pennon",
            "PENNON_START_WAIT": "0.5",
            "PENNON_LABELS": "region=eu, team=shop=a",
            "PENNON_EVENTS": "FALSE",
        },
    )
    assert (settings.url, settings.key, settings.instance_id) == ("http://127.0.0.1:8080/base", "pnn_srv_x", "shop-1")
    assert (settings.cache_dir, settings.start_wait, settings.events) == (Path("/var/cache/pennon"), 0.5, False)
    assert settings.labels == (("region", "eu"), ("team", "shop=a"))


def test_what_is_given_wins_over_the_variables_and_none_is_as_if_not_given() -> None:
    variables = {"PENNON_URL": "http://variable", "PENNON_SDK_KEY": "variable"}
    settings = Settings.read({"url": "http://given", "key": None, "flush_interval": timedelta(minutes=1)}, variables)
    assert (settings.url, settings.key, settings.flush_interval) == ("http://given", "variable", 60.0)


def test_an_empty_variable_is_as_if_not_set() -> None:
    assert Settings.read({}, {"PENNON_URL": " ", "PENNON_START_WAIT": ""}) == Settings.read({}, {})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (
            "url",
            [
                "",
                "x",
                "ftp://h",
                "http://",
                "http://u:p@h",
                "http://h?q=1",
                "http://h#f",
                "http://h:99999",
                "http://h h",
                7,
            ],
        ),
        ("key", ["", " ", "a b", "a\nb", "ü", 7]),
        ("instance_id", ["", "x" * 201, "a\nb", 7]),
        ("cache_dir", ["", 7]),
        ("start_wait", [-1, float("nan"), float("inf"), "2", True, 86_401, [1]]),
        ("flush_interval", [0, -1, timedelta(0), "30"]),
        ("backoff_min", [-0.1, None.__class__]),
        (
            "labels",
            [
                "region=eu",
                {"": "x"},
                {"x" * 65: "y"},
                {"x": "y" * 129},
                {"x": 1},
                {1: "x"},
                {str(number): "x" for number in range(17)},
                {"x": "\ud800"},
                7,
            ],
        ),
        ("events", ["true", 1, 0]),
        ("bootstrap", ["{", "[]", b"\xff", 7, [], {"flags": []}, {"schemaVersion": 2}]),
    ],
)
def test_what_is_given_and_cannot_be_used_is_an_error_that_names_it(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(SettingsError, match=f"^{name}: "):
            Settings.read({name: value}, {})


def test_the_longest_label_and_the_most_of_them_are_taken() -> None:
    labels = {f"{number:064}": "y" * 128 for number in range(16)}
    assert dict(Settings.read({"labels": labels}, {}).labels) == labels


def test_a_shortest_wait_above_the_longest_is_an_error() -> None:
    with pytest.raises(SettingsError, match="backoff_min"):
        Settings.read({"backoff_min": 40}, {})


@pytest.mark.parametrize(
    "name",
    [
        "flush_interval",
        "stream_wait",
        "poll_interval",
        "read_timeout",
        "backoff_min",
        "backoff_max",
        "healthy_after",
        "connect_timeout",
    ],
)
def test_a_time_of_less_than_a_millisecond_would_be_a_loop_without_a_pause_and_is_an_error(name: str) -> None:
    for value in (0, 1e-9, timedelta(microseconds=999)):
        with pytest.raises(SettingsError, match=f"^{name}: seconds, from 0.001 to 86400, are allowed$"):
            Settings.read({name: value}, {})
    Settings.read({"backoff_min": 0.001, name: 0.001}, {})
    assert Settings.read({"start_wait": 0}, {}).start_wait == 0.0


def test_a_name_that_is_no_setting_is_an_error() -> None:
    with pytest.raises(TypeError, match="flush"):
        Settings.read({"flush": 3}, {})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PENNON_URL", "shop"),
        ("PENNON_SDK_KEY", "a b"),
        ("PENNON_START_WAIT", "soon"),
        ("PENNON_START_WAIT", "nan"),
        ("PENNON_LABELS", "region"),
        ("PENNON_LABELS", "=eu"),
        ("PENNON_EVENTS", "1"),
        ("PENNON_INSTANCE_ID", "x" * 201),
    ],
)
def test_a_variable_that_cannot_be_used_is_one_warning_and_the_default(
    variable: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "pennon"):
        settings = Settings.read({}, {variable: text})
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.records[0].getMessage().startswith(f"{variable}: ")
    assert settings.quiet
    assert (settings.url, settings.key, settings.start_wait, settings.events) == (None, None, 2.0, True)


def test_a_key_that_cannot_be_used_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    Settings.read({}, {"PENNON_SDK_KEY": "pnn_srv secret"})
    with pytest.raises(SettingsError) as raised:
        Settings.read({"key": "pnn_srv secret"}, {})
    assert "secret" not in caplog.text
    assert "secret" not in str(raised.value)


def test_the_instance_is_named_by_host_process_and_start_and_stays_the_same() -> None:
    first, second = Settings.read({}, {}), Settings.read({}, {})
    assert first.instance_id == second.instance_id
    host, process, started = first.instance_id.rsplit("-", 2)
    assert host
    assert int(process) > 0
    assert int(started) > 1_700_000_000_000


def test_a_bootstrap_is_taken_as_a_document_and_as_json() -> None:
    text = '{"schemaVersion": 1, "epoch": 7, "project": "p", "environment": "e", "revision": 2, "flags": {}}'
    for given in (SNAPSHOT, text, text.encode()):
        assert Settings.read({"bootstrap": given}, {}).bootstrap is not None


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "an address (PENNON_URL) and an SDK key (PENNON_SDK_KEY)"),
        ({"url": "http://h"}, "an SDK key (PENNON_SDK_KEY)"),
        ({"key": "k"}, "an address (PENNON_URL)"),
        ({"url": "http://h", "key": "k"}, None),
    ],
)
def test_what_is_missing_is_told_by_name(given: dict[str, Any], missing: str | None) -> None:
    assert Settings.read(given, {}).missing() == missing


def test_what_error_reporters_record_of_settings_shows_no_key() -> None:
    assert "secret" not in repr(Settings.read({"url": "http://h", "key": "pnn_srv_secret"}, {}))
