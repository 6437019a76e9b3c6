"""Whom a flag is evaluated for: attributes, a mapping, and what surrounds both."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from pennon._context import block, merged, of_attributes, surrounding, unit

ID = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("user", "key"),
    [
        ("u", "u"),
        (42, "42"),
        (-1, "-1"),
        (2**70, "1180591620717411303424"),
        (ID, str(ID)),
        ("", ""),
    ],
)
def test_user_id_is_the_targeting_key_as_text(user: object, key: str) -> None:
    assert of_attributes({"user_id": user})["targetingKey"] == key


def test_user_id_stays_readable_as_it_was_given() -> None:
    assert of_attributes({"user_id": 42, "plan": "pro"}) == {"user_id": 42, "plan": "pro", "targetingKey": "42"}


@pytest.mark.parametrize("user", [True, 1.5, ["u"]])
def test_a_user_id_of_a_wrong_type_is_left_for_the_engine_to_refuse(user: object) -> None:
    assert of_attributes({"user_id": user})["targetingKey"] == user


def test_a_targeting_key_of_the_same_call_wins_over_user_id() -> None:
    assert of_attributes({"user_id": 1, "targetingKey": "device"})["targetingKey"] == "device"


def test_no_user_id_sets_no_targeting_key() -> None:
    assert of_attributes({"user_id": None, "plan": "pro"}) == {"user_id": None, "plan": "pro"}


def test_names_are_never_changed() -> None:
    names: dict[str, Any] = {"userId": "a", "User_Id": "b", "org-plan": "c", "tärget": "d"}
    assert of_attributes(dict(names)) == names


def test_values_of_python_take_the_form_that_json_has() -> None:
    moment = datetime(2026, 11, 25, 13, 0, tzinfo=timezone.utc)
    attributes = of_attributes({"id": ID, "at": moment, "price": Decimal("1.50"), "plan": "pro"})
    assert attributes == {"id": str(ID), "at": "2026-11-25T13:00:00+00:00", "price": 1.5, "plan": "pro"}
    assert merged(None, {"at": moment}, {}) == {"at": "2026-11-25T13:00:00+00:00"}


def test_other_objects_are_left_as_they_are() -> None:
    thing = object()
    assert of_attributes({"thing": thing}) == {"thing": thing}


def test_what_is_nearer_to_the_call_wins_and_none_is_absent() -> None:
    around = {"a": 1, "b": 1, "c": 1}
    assert merged(around, {"b": 2, "c": None}, {"c": 3, "a": None}) == {"a": 1, "b": 2, "c": 3}
    assert around == {"a": 1, "b": 1, "c": 1}


def test_a_mapping_alone_is_handed_on_without_a_copy_and_user_id_in_it_is_an_attribute_like_others() -> None:
    mapping = {"user_id": "u"}
    assert merged(None, mapping, {}) is mapping
    assert merged(None, mapping, {"plan": "pro"}) == {"user_id": "u", "plan": "pro"}


@pytest.mark.parametrize("context", [7, "text", [("a", 1)], object()])
def test_a_context_that_is_no_mapping_is_handed_on_for_the_engine_to_refuse(context: object) -> None:
    assert merged({"a": 1}, context, {"b": 2}) is context


def _never(error: Exception) -> None:
    raise error


def test_a_block_that_cannot_be_read_leaves_what_surrounds_it() -> None:
    said: list[Exception] = []
    with block(None, {"plan": "pro"}, _never):
        with block(None, {"user_id": 10**5_000}, said.append):
            assert surrounding.get() == {"plan": "pro"}
        with block(5, {"plan": "free"}, said.append):
            assert surrounding.get() == {"plan": "pro"}
    assert [type(error) for error in said] == [ValueError, TypeError]


def test_blocks_merge_and_end() -> None:
    with block({"plan": "pro"}, {"user_id": 1}, _never):
        with block(None, {"plan": "free", "user_id": None}, _never):
            assert surrounding.get() == {"plan": "free", "user_id": 1, "targetingKey": "1"}
        assert surrounding.get() == {"plan": "pro", "user_id": 1, "targetingKey": "1"}
    assert surrounding.get() is None


def test_a_block_ends_when_it_fails_too() -> None:
    with pytest.raises(ZeroDivisionError), block(None, {"plan": "pro"}, _never):
        raise ZeroDivisionError
    assert surrounding.get() is None


def test_another_thread_sees_nothing_of_a_block() -> None:
    seen: list[object] = []
    with block(None, {"plan": "pro"}, _never):
        thread = threading.Thread(target=lambda: seen.append(surrounding.get()))
        thread.start()
        thread.join()
    assert seen == [None]


@pytest.mark.parametrize(
    ("context", "text"),
    [
        ({"targetingKey": "u"}, "u"),
        ({"targetingKey": 7}, "7"),
        ({"targetingKey": 7.0}, "7"),
        ({"targetingKey": ""}, None),
        ({"targetingKey": True}, None),
        ({"targetingKey": "\ud800"}, None),
        ({}, None),
        (None, None),
        (7, None),
    ],
)
def test_a_track_counts_whom_the_targeting_key_names(context: object, text: str | None) -> None:
    assert unit(context) == text
