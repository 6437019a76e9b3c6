"""No exception in the caller's request, whatever is passed in."""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import document, flag
from pennon import Client

SPLIT = {"split": [{"variant": "on", "weight": 50_000}, {"variant": "off", "weight": 50_000}]}
TRACKED = {"run": "r-1", "arm": "candidate", "by": ["user", "targetingKey"]}
FLAGS = document(
    flag("on"),
    flag("split", fallthrough=SPLIT),
    flag("tracked", rules=[{"id": "r", "serve": {"variant": "on"}, "track": TRACKED}]),
    flag(
        "rules",
        rules=[
            {"id": str(number), "when": {"attribute": "a", "op": op, "values": values}, "serve": {"variant": "off"}}
            for number, (op, values) in enumerate(
                [
                    ("in", ["x", 1, True]),
                    ("exists", []),
                    ("starts_with", ["x"]),
                    ("matches", ["^x"]),
                    ("lt", [3]),
                    ("before", ["2026-01-01T00:00:00Z"]),
                    ("semver_gte", ["1.0.0"]),
                    ("cidr", ["10.0.0.0/8"]),
                ]
            )
        ],
    ),
)


class Colour(enum.Enum):
    RED = "red"


class Hostile:
    """Every way to look at it raises."""

    def _raise(self, *_: object) -> Any:
        raise RuntimeError("private@example.org")

    __eq__ = __hash__ = __str__ = __repr__ = __bool__ = __len__ = __iter__ = _raise
    __int__ = __float__ = __index__ = __lt__ = __contains__ = __getitem__ = _raise


class HostileMapping(Mapping[str, Any]):
    """A mapping that raises when it is read."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("private@example.org")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("private@example.org")

    def __len__(self) -> int:
        raise RuntimeError("private@example.org")


def _nested() -> list[Any]:
    nest: list[Any] = []
    nest.append(nest)
    return nest


THINGS: list[Any] = [
    None, True, 0, -1, 2**70, 10**5_000, 1.5, float("nan"), float("inf"), "", "x", "\ud800", "x" * 100_000, "\0", b"x",
    [], _nested(), {}, {"a": None}, {1: 2}, (), {1, 2}, object(), Hostile(), HostileMapping(), Colour.RED, int, len,
    lambda: 1, Exception("x"), iter([]), NotImplemented, ...,
]  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client with flags of its own, and no server to be found."""
    made = Client("http://127.0.0.1:1", "k", bootstrap=FLAGS, backoff_min=60, backoff_max=60)
    yield made
    made.close()


def _ask_everything(client: Client, key: Any, default: Any, context: Any, attributes: dict[str, Any]) -> None:
    """Each public call, as a caller would write it."""
    client.is_enabled(key, default, context=context, **attributes)
    client.value(key, default, context=context, **attributes)
    client.variant(key, context=context, **attributes)
    client.details(key, default, context=context, **attributes)
    client.track(key, default, context=context, **attributes)
    client.bootstrap(context, **attributes)
    with client.context(context, **attributes):
        client.is_enabled("rules")
        client.details("tracked", False)


@pytest.mark.parametrize("number", range(len(THINGS)))
def test_anything_anywhere_is_answered(number: int, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    thing = THINGS[number]
    with caplog.at_level(logging.DEBUG, "pennon"):
        _ask_everything(client, thing, False, None, {})
        _ask_everything(client, "on", thing, None, {})
        _ask_everything(client, "on", False, thing, {})
        for key in ("on", "split", "tracked", "rules"):
            for name in ("user_id", "targetingKey", "a", "user", "key", "default", "self", "$now", ""):
                _ask_everything(client, key, False, None, {name: thing})
                _ask_everything(client, key, False, {name: thing}, {"plan": "pro"})
    assert "private" not in caplog.text


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: type(thing).__name__)
def test_a_key_that_is_none_serves_the_default(thing: Any, client: Client) -> None:
    assert client.is_enabled(thing, True) is True
    assert client.is_enabled(thing) is False
    assert client.variant(thing) is None


@pytest.mark.parametrize("default", [object(), [1], (1,), b"x", 1j])
def test_a_default_of_no_known_type_is_served_back_with_an_error(default: Any, client: Client) -> None:
    found: Any = client.details("on", default)
    assert (found.value, found.error_code) == (default, "TYPE_MISMATCH")


def test_a_none_default_asks_for_any_type(client: Client) -> None:
    assert client.value("on") is True
    assert client.value("gone") is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), _json, max_size=6))
def test_any_json_is_a_context(client: Client, context: dict[str, Any]) -> None:
    _ask_everything(client, "split", False, context, {})
    assert isinstance(client.is_enabled("split", context=context), bool)


def test_evaluating_within_a_finalizer_and_within_itself_is_no_trouble(client: Client) -> None:
    class Asks:
        """Asks a flag while a flag is evaluated."""

        def __eq__(self, other: object) -> bool:
            return client.is_enabled("on")

        def __hash__(self) -> int:
            return int(client.is_enabled("on"))

        def __del__(self) -> None:
            client.is_enabled("tracked", user_id="u")

    assert isinstance(client.is_enabled("rules", a=Asks()), bool)
