"""Typing through the fast lane to the arbiter, and the hint of a rule through to its command."""

import json

import pytest
from msgspec import UNSET

from models.arbitration.typing_pause import decode_typing
from schemas.commands import encode
from schemas.events import TYPING_ELEMENT
from tests.operators.conftest import Start
from tests.support.builders import ANNA, at, rule, trigger_event
from tests.support.operator_outputs import commands, fed
from tests.support.proposed_changes import decided, proposed

CLICKED = rule(id="clicked", lane="event", when=[{"event": "type", "equals": "click"}], cooldown_s=10)


def test_typing_is_handed_on_and_is_no_event_of_rules_that_do_not_ask_for_it(start_fast: Start) -> None:
    [row] = fed(start_fast(CLICKED), [trigger_event("e1", 5, type="custom", element=TYPING_ELEMENT)])
    assert row[0] == "s" + ANNA
    assert decode_typing(row[1][0]) == at(5)


@pytest.mark.parametrize(("kind", "element"), [("click", TYPING_ELEMENT), ("custom", "textarea"), ("custom", None)])
def test_nothing_else_is_taken_for_typing(start_fast: Start, kind: str, element: str | None) -> None:
    rows = fed(start_fast(CLICKED), [trigger_event("e1", 5, type=kind, element=element)])
    assert [each for each in rows if decode_typing(each[1][0]) is not None] == []


def test_the_hint_of_a_rule_stands_in_its_command_and_nowhere_else(start_fast: Start) -> None:
    patient = rule(
        id="patient",
        lane="event",
        when=[{"event": "type", "equals": "click"}],
        then={"action": "simplify", "apply": "at_break"},
    )
    [command] = commands(fed(start_fast(patient), [trigger_event("e1", 5)]))
    assert command.apply == "at_break"
    assert json.loads(encode(command))["apply"] == "at_break"
    [other] = commands(fed(start_fast(CLICKED), [trigger_event("e1", 5)]))
    assert "apply" not in json.loads(encode(other))


def test_what_is_renewed_or_taken_back_waits_for_no_break() -> None:
    changes = [proposed("a", "simplify", 60), proposed("a", "simplify", 355, renews=True), proposed("a", "revert", 400)]
    for each in changes:
        each.command.apply = "at_break"
    found = decided(changes).commands
    assert [(each.action, each.apply) for each in found] == [
        ("simplify", "at_break"),
        ("simplify", UNSET),
        ("revert", UNSET),
    ]
