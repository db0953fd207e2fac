"""How often rules may command that do not say so: by the matrix of actions, by outcomes, and never where they name a cooldown."""

from itertools import product
from typing import Any

import pytest

from models.rest_factor import MIN_OUTCOMES, rest_factor
from models.rules.rule_facts import RuleFacts
from schemas.action_frequency import MATRIX_FREQUENCY, frequency_of
from schemas.actions import ACTIONS
from schemas.rules import RuleError
from tests.support.builders import rule


def facts(action: str = "simplify", **changed: Any) -> RuleFacts:
    """Of a rule that names no cooldown where `changed` does not."""
    return RuleFacts(rule(**{"then": {"action": action}} | changed))


def test_the_middle_of_the_matrix_rests_two_minutes() -> None:
    assert frequency_of(3, 3).cooldown_s == 120
    assert ACTIONS["expand"].frequency == frequency_of(3, 3)


def test_more_impact_or_complexity_never_comes_more_often() -> None:
    for impact, complexity in product(range(1, 6), repeat=2):
        here = frequency_of(impact, complexity)
        for more in (frequency_of(min(impact + 1, 5), complexity), frequency_of(impact, min(complexity + 1, 5))):
            assert more.cooldown_s >= here.cooldown_s
            assert more.max_per_session <= here.max_per_session
    assert min(each.cooldown_s for each in MATRIX_FREQUENCY.values()) == 120


# Impact and complexity: 4 and 3, 4 and 5, 3 and 1.
@pytest.mark.parametrize(
    ("action", "rest_s", "most"), [("simplify", 180, 6), ("visualise", 360, 4), ("reorder", 120, 12)]
)
def test_a_rule_that_names_no_cooldown_rests_as_the_matrix_says(action: str, rest_s: int, most: int) -> None:
    found = facts(action)
    assert (found.cooldown_ms, found.max_per_session) == (rest_s * 1000, most)


@pytest.mark.parametrize("cooldown_s", [0, 120, 600])
def test_a_rule_that_names_its_cooldown_is_left_as_it_is(cooldown_s: int) -> None:
    found = facts(cooldown_s=cooldown_s)
    assert (found.cooldown_ms, found.max_per_session) == (cooldown_s * 1000, None)


def test_a_rule_s_own_limit_for_a_session_stands() -> None:
    assert facts(max_per_session=2).max_per_session == 2
    assert facts(max_per_session=2).cooldown_ms == 180_000


def test_what_keeps_a_page_usable_is_not_limited_in_a_session() -> None:
    assert facts("lighten_media", source="context").max_per_session is None


@pytest.mark.parametrize(("lane", "feature"), [("content_window", "exits"), ("content_section", "passed_readers")])
def test_content_items_have_no_sessions_to_count(lane: str, feature: str) -> None:
    found = facts(lane=lane, when=[{"feature": feature, "above": 1.0}])
    assert (found.cooldown_ms, found.max_per_session) == (180_000, None)


def test_outcomes_make_a_rule_rest_longer() -> None:
    assert facts(rest_factor=2.5).cooldown_ms == 450_000
    assert facts(rest_factor=2.5).max_per_session == 6


@pytest.mark.parametrize("factor", [0.5, 8.1, "2"])
def test_a_factor_beside_1_to_8_is_refused(factor: Any) -> None:
    with pytest.raises(RuleError, match="rest_factor"):
        facts(rest_factor=factor)


def test_a_factor_beside_a_named_cooldown_is_refused_with_its_field() -> None:
    with pytest.raises(RuleError, match="rest_factor: multiplies") as refused:
        facts(cooldown_s=300, rest_factor=2.0)
    assert refused.value.field == "rest_factor"


# Wilson's 95 % interval by the formula in Newcombe (1998): 20 of 40 ends at 0.648, 0 of 40 at 0.088, 30 of 30 at 1.
@pytest.mark.parametrize(
    ("applied", "told", "factor"),
    [(20, 40, 1.5), (0, 40, 8.0), (30, 30, 1.0), (0, MIN_OUTCOMES - 1, None), (0, 0, None)],
)
def test_the_factor_is_the_reciprocal_of_the_most_that_the_share_can_be(
    applied: int, told: int, factor: float | None
) -> None:
    assert rest_factor(applied, told) == factor
