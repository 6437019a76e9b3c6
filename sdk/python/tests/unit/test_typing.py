"""What a type checker sees of the public calls. mypy checks it; running it shows the same at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from documents import document, flag
from pennon import Change, Client, Details, Status
from pennon.testing import override

if TYPE_CHECKING:
    from typing_extensions import assert_type

    from pennon.aio import AsyncClient
else:

    def assert_type(value: object, _kind: object) -> None:
        """At run time there is nothing to hold against a type."""


def test_a_value_has_the_type_of_the_default() -> None:
    with Client(bootstrap=document(flag("f"))) as client:
        assert_type(client.is_enabled("f"), bool)
        assert_type(client.value("f", True), bool)
        assert_type(client.value("f", 3), int)
        assert_type(client.value("f", 3.0), float)
        assert_type(client.value("f", "x"), str)
        assert_type(client.value("f", {}), dict[str, Any])
        assert_type(client.value("f", {"a": 1}), dict[str, Any])
        assert_type(client.value("f"), Any)
        assert_type(client.variant("f"), str | None)
        assert_type(client.details("f", 3), Details[int])
        assert_type(client.details("f", "x").value, str)
        assert_type(client.status(), Status)
        assert_type(client.bootstrap(user_id=1), dict[str, Any])
        number: int = client.value("f", 3, user_id="u", plan="pro")
        assert number == 3


def test_a_wrong_call_is_seen_by_the_checker_and_answered_all_the_same() -> None:
    with Client(bootstrap=document(flag("f"))) as client:
        text: str = client.value("f", 3)  # type: ignore[assignment]
        client.value("f", [1])  # type: ignore[call-overload]
        client.is_enabled("f", "no")  # type: ignore[arg-type]
        client.is_enabled(flag="f") if not client else None  # type: ignore[call-arg]
        assert text == 3  # type: ignore[comparison-overlap]


def test_settings_are_known_by_name() -> None:
    Client(bootstrap=document(), start_wait=1, labels={"region": "eu"}).close()
    if TYPE_CHECKING:
        Client(start_wait="soon")  # type: ignore[arg-type]
        Client(no_such_setting=1)  # type: ignore[call-arg]
        AsyncClient("http://h", "k", no_such_setting=1)  # type: ignore[call-arg]


def test_listeners_and_decorators_keep_their_types() -> None:
    with Client(bootstrap=document(flag("f"))) as client:

        @client.on_change("f")
        def changed(change: Change) -> int:
            return len(change.flag)

        assert_type(changed(Change("f", "1-1")), int)
        end = client.on_status(lambda status: print(status.state))
        assert_type(end, Callable[[], None])
        with override({"f": True}, client=client) as flags:
            flags.set("g", 3)
