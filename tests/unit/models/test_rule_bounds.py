"""The table of bounds: each is declared, evaluated and can be written in a rule."""

from dataclasses import replace

import msgspec
import pytest

from models.rules.bounds import BOUNDS as EVALUATED
from schemas.rule_conditions import BOUNDS, LANE_SCOPES, Bound, Condition, Lane, condition_problem

OTHER_FIELDS = {"feature", "against", "detector", "forest", "context", "event", "equals", "among"}


def test_every_bound_is_declared_evaluated_and_a_field_of_conditions() -> None:
    fields = {field.name for field in msgspec.structs.fields(Condition)} - OTHER_FIELDS
    assert set(BOUNDS) == set(EVALUATED) == fields


@pytest.mark.parametrize("bound", BOUNDS.values(), ids=lambda bound: bound.name)
def test_a_bound_can_be_used_in_its_lanes_and_against_its_scopes_only(bound: Bound) -> None:
    limit = "up" if bound.name == "shift" else 0.5
    lane: Lane
    for lane, lane_scopes in LANE_SCOPES.items():
        for against in ("self", "peers"):
            condition = msgspec.convert({"feature": "f", "against": against, bound.name: limit}, Condition)
            compares = against in bound.scopes and against in lane_scopes
            is_comparable = compares or (not bound.scopes and against == "self")
            problem = condition_problem(condition, lane, ["f"])
            assert (problem is None) is (lane in bound.lanes and is_comparable), problem


def test_a_bound_that_a_lane_lacks_is_refused_with_the_lanes_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BOUNDS, "above", replace(BOUNDS["above"], lanes=("event",)))
    problem = condition_problem(Condition(feature="f", above=1), "session_window", ["f"])
    assert problem == ".above: not known in lane session_window; it is in event"
