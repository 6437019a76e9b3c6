"""What a client is told: by its maker, else by the environment's variables, else the defaults of sdk/README.md.

What the maker gives and cannot be used is an exception, at once. What a variable gives and cannot be used is one
warning, and the default: nothing may fail in a caller's request.
"""

from __future__ import annotations

import logging
import math
import os
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pennon._engine import Snapshot, SnapshotError
from pennon._transport.origin import AddressError, Origin
from pennon._version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypedDict

    class Given(TypedDict, total=False):
        """The settings of a client but its address and key, as they are given: times are seconds."""

        instance_id: str | None
        cache_dir: str | os.PathLike[str] | None
        start_wait: float | timedelta | None
        labels: Mapping[str, str] | None
        events: bool | None
        flush_interval: float | timedelta | None
        stream_wait: float | timedelta | None
        poll_interval: float | timedelta | None
        read_timeout: float | timedelta | None
        backoff_min: float | timedelta | None
        backoff_max: float | timedelta | None
        healthy_after: float | timedelta | None
        connect_timeout: float | timedelta | None
        bootstrap: Mapping[str, Any] | str | bytes | None


log = logging.getLogger("pennon")

SDK: Final = "pennon-python"

LABELS: Final = 16
LABEL_KEY: Final = 64
LABEL_VALUE: Final = 128
INSTANCE_ID: Final = 200
"""Characters of an instance id: a host name, a process id and a time fit easily."""

SHORTEST: Final = 0.001
"""Seconds: a loop that waits less between two attempts does not wait."""

LONGEST: Final = 86_400.0
"""Seconds, a day: more is a mistake in the unit."""

# Told once, when this is imported: workers that are forked afterwards share it.
_PROCESS: Final = os.getpid()
_STARTED_MS: Final = int(time.time() * 1_000)


class SettingsError(ValueError):
    """A setting cannot be used; `str` names it and says what is allowed."""


@dataclass(frozen=True)
class Settings:
    """What a client is told. Times are seconds."""

    url: str | None = None
    key: str | None = field(default=None, repr=False)
    instance_id: str = ""
    cache_dir: Path | None = None
    start_wait: float = 2.0
    labels: tuple[tuple[str, str], ...] = ()
    events: bool = True
    flush_interval: float = 30.0
    stream_wait: float = 10.0
    poll_interval: float = 30.0
    read_timeout: float = 45.0
    backoff_min: float = 1.0
    backoff_max: float = 30.0
    healthy_after: float = 60.0
    connect_timeout: float = 10.0
    bootstrap: Snapshot | None = None
    quiet: bool = False
    """It was said already, or is meant, that something is missing."""

    @classmethod
    def read(
        cls, given: Mapping[str, Any], variables: Mapping[str, str], say: Callable[..., None] = log.warning
    ) -> Settings:
        """Takes what is given, where it is not None; then what a variable says. `say` is told what cannot be used."""
        if unknown := sorted(set(given) - set(_READERS)):
            raise TypeError(f"no such setting: {', '.join(unknown)}; there are {', '.join(_READERS)}")
        found: dict[str, Any] = {}
        for name, read in _READERS.items():
            if given.get(name) is not None:
                found[name] = _said(name, read, given[name])
            elif name in _VARIABLES and (text := variables.get(_VARIABLES[name], "").strip()):
                try:
                    found[name] = _said(_VARIABLES[name], _FROM_TEXT[name], text)
                except SettingsError as error:
                    say("%s; going on as if it were not set", error)
                    found["quiet"] = True
        settings = cls(**{"instance_id": _instance_id(), **found})
        if settings.backoff_min > settings.backoff_max:
            raise SettingsError("backoff_min: at most backoff_max is allowed")
        return settings

    def missing(self) -> str | None:
        """What is missing to reach a server, for people; None when nothing is."""
        wanted = [
            said
            for value, said in ((self.url, "an address (PENNON_URL)"), (self.key, "an SDK key (PENNON_SDK_KEY)"))
            if value is None
        ]
        return " and ".join(wanted) or None

    def introduction(self) -> list[tuple[str, str]]:
        """What the server is told of this process when a stream begins."""
        told = [("instanceId", self.instance_id), ("sdk", SDK), ("sdkVersion", VERSION)]
        return told + [(f"label.{name}", value) for name, value in self.labels]


def _said(name: str, read: Callable[[Any], Any], value: object) -> Any:
    try:
        return read(value)
    except (ValueError, SnapshotError, AddressError) as error:
        raise SettingsError(f"{name}: {error}") from None


def _instance_id() -> str:
    host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return f"{host or 'host'}-{_PROCESS}-{_STARTED_MS}"


# Readers of what is given: each takes any object, and raises ValueError with what is allowed.


def _url(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is allowed")
    text = value.strip().rstrip("/")
    Origin.parse(text)
    return text


def _key(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("an SDK key is allowed, a text that is not empty")
    key = value.strip()
    if not all("!" <= character <= "~" for character in key):
        raise ValueError("an SDK key is allowed: printable ASCII without spaces")
    return key


def _instance(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= INSTANCE_ID or not value.isprintable():
        raise ValueError(f"a text of 1 to {INSTANCE_ID} printable characters is allowed")
    return value


def _folder(value: object) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not str(value):
        raise ValueError("the path of a folder is allowed")
    return Path(value)


def _seconds(least: float = SHORTEST) -> Callable[[object], float]:
    allowed = f"seconds, from {least:g} to {LONGEST:.0f}, are allowed"

    def read(value: object) -> float:
        seconds = value.total_seconds() if isinstance(value, timedelta) else value
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
            raise ValueError(allowed)
        if not least <= seconds <= LONGEST:
            raise ValueError(allowed)
        return float(seconds)

    return read


def _labels(value: object) -> tuple[tuple[str, str], ...]:
    allowed = (
        f"at most {LABELS} pairs of texts are allowed, names of 1 to {LABEL_KEY} characters and values of at most "
        f"{LABEL_VALUE}"
    )
    try:
        pairs = [(name, text) for name, text in dict(value).items()]  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise ValueError(allowed) from None
    if len(pairs) > LABELS:
        raise ValueError(allowed)
    for name, text in pairs:
        if not isinstance(name, str) or not isinstance(text, str):
            raise ValueError(allowed)
        if not 0 < len(name) <= LABEL_KEY or len(text) > LABEL_VALUE or not _is_unicode(name + text):
            raise ValueError(allowed)
    return tuple(pairs)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is allowed")
    return value


def _bootstrap(value: object) -> Snapshot:
    if isinstance(value, Snapshot):
        return value
    if isinstance(value, (str, bytes)):
        return Snapshot.from_json(value if isinstance(value, str) else value.decode())
    if isinstance(value, dict):
        return Snapshot.from_document(value)
    raise ValueError("a snapshot is allowed, as a dict or as JSON")


_READERS: Final[dict[str, Callable[[object], Any]]] = {
    "url": _url,
    "key": _key,
    "instance_id": _instance,
    "cache_dir": _folder,
    "start_wait": _seconds(0.0),
    "labels": _labels,
    "events": _boolean,
    "flush_interval": _seconds(),
    "stream_wait": _seconds(),
    "poll_interval": _seconds(),
    "read_timeout": _seconds(),
    "backoff_min": _seconds(),
    "backoff_max": _seconds(),
    "healthy_after": _seconds(),
    "connect_timeout": _seconds(),
    "bootstrap": _bootstrap,
}

_VARIABLES: Final = {
    "url": "PENNON_URL",
    "key": "PENNON_SDK_KEY",
    "instance_id": "PENNON_INSTANCE_ID",
    "cache_dir": "PENNON_CACHE_DIR",
    "start_wait": "PENNON_START_WAIT",
    "labels": "PENNON_LABELS",
    "events": "PENNON_EVENTS",
}


def _text_seconds(text: str) -> float:
    try:
        return _READERS["start_wait"](float(text))  # type: ignore[no-any-return]
    except ValueError:
        return _READERS["start_wait"](None)  # type: ignore[no-any-return]


def _text_labels(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if not all(middle for _, middle, _ in pairs):
        raise ValueError("pairs such as region=eu,team=shop are allowed")
    return _labels({name.strip(): value.strip() for name, _, value in pairs})


def _text_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false is allowed")
    return text.lower() == "true"


_FROM_TEXT: Final[dict[str, Callable[[str], Any]]] = {
    "url": _url,
    "key": _key,
    "instance_id": _instance,
    "cache_dir": _folder,
    "start_wait": _text_seconds,
    "labels": _text_labels,
    "events": _text_boolean,
}
