"""Tests of code that asks flags: the fixture `pennon_flags` comes with the package, and no server is needed."""

import pytest
from checkout import create_order

from pennon.testing import override


def test_the_new_flow(pennon_flags):
    pennon_flags.set("new_checkout_flow", True)
    assert create_order("user-1", [])["flow"] == "new"


def test_nothing_decided_is_the_default(pennon_flags):
    assert create_order("user-1", [])["flow"] == "legacy"


@pytest.mark.parametrize("on", [True, False])
def test_both_ways_without_the_fixture(on):
    with override({"new_checkout_flow": on}):
        assert create_order("user-1", [])["flow"] == ("new" if on else "legacy")


def test_by_context(pennon_flags):
    pennon_flags.set("new_checkout_flow", lambda context: context["user_id"] == "user-1")
    assert create_order("user-1", [])["flow"] == "new"
    assert create_order("user-2", [])["flow"] == "legacy"
