"""What cannot be taken back: no `revert` names it, whatever ends it."""

from typing import Any, Final

import pytest
from hypothesis import given, settings

from infra.simulate.commands_in_force import changes_made, conflicts
from models.arbitration.ledgers import KEEP_MS
from models.arbitration.proposed_change import ProposedChange
from schemas.actions import ACTIONS
from tests.support.builders import at
from tests.support.proposal_strategies import CHANGES
from tests.support.proposed_changes import Outcome, decided, proposed

REFRESH: Final = "refresh_recommendations"


def reverted(found: Outcome) -> list[str]:
    """The actions that reverts name."""
    actions = {each.command_id: each.action for each in found.commands}
    return [actions[each.reverts] for each in found.commands if each.reverts is not None]


def refreshed(at_s: float, source: str = "calm", **more: Any) -> ProposedChange:
    return proposed(source, REFRESH, at_s, **more)


@pytest.mark.parametrize("lane", ["event", "window"])
def test_a_more_important_change_of_its_group_ends_it_without_a_revert(lane: Any) -> None:
    found = decided([refreshed(60, lane=lane, priority=40), proposed("eager", "reorder", 100, lane=lane, priority=70)])
    assert found.told() == [(60, "calm", REFRESH), (100, "eager", "reorder")]
    assert conflicts(found.commands) == []


def test_it_ends_what_can_be_taken_back_by_a_revert() -> None:
    found = decided([proposed("eager", "reorder", 60, priority=40), refreshed(100, priority=70)])
    assert found.told() == [(60, "eager", "reorder"), (100, "calm", "revert"), (100, "calm", REFRESH)]
    assert reverted(found) == ["reorder"]


def test_until_it_expires_a_less_important_change_of_its_group_waits() -> None:
    weak = proposed("weak", "reorder", 100, priority=30)
    found = decided([refreshed(60, priority=70), weak, proposed("weak", "reorder", 360, priority=30)])
    assert found.told() == [(60, "calm", REFRESH), (360, "weak", "reorder")]
    assert (found.proposals[1].reason, found.proposals[1].by) == ("exclusive", found.commands[0].command_id)


@pytest.mark.parametrize("lane", ["event", "window"])
@pytest.mark.parametrize("parameters", [{}, {"category": "science"}])
def test_the_same_rule_does_it_again_and_counts_it_as_a_change(lane: Any, parameters: dict[str, Any]) -> None:
    found = decided([refreshed(60, lane=lane), refreshed(100, lane=lane, parameters=parameters, renews=True)])
    assert found.told() == [(60, "calm", REFRESH), (100, "calm", REFRESH)]
    assert changes_made(found.commands) == [at(60), at(100)]


def test_a_rule_that_asked_for_it_in_an_earlier_version_takes_back_its_newer_action_only() -> None:
    """An event's command enters the windows' ledger in the place of the refresh, not as a renewal of it."""
    found = decided(
        [
            refreshed(60, "rule", lane="event"),
            proposed("rule", "reorder", 100, lane="event"),
            proposed("rule", "revert", 120),
        ]
    )
    assert found.told() == [(60, "rule", REFRESH), (100, "rule", "reorder"), (120, "rule", "revert")]
    assert reverted(found) == ["reorder"]


def test_a_rule_that_would_take_it_back_is_told_that_nothing_is_in_force() -> None:
    found = decided([refreshed(60), proposed("calm", "revert", 100), proposed("weak", "reorder", 110, priority=10)])
    assert found.told() == [(60, "calm", REFRESH)]
    assert [each.reason for each in found.proposals] == [None, "expired", "exclusive"]


@pytest.mark.parametrize("mode", ["shadow", "off"])
def test_a_rule_in_shadow_does_not_take_it_back_either(mode: Any) -> None:
    found = decided([refreshed(60), proposed("calm", "revert", 100, mode=mode)])
    assert found.told() == [(60, "calm", REFRESH)]


#   60 s              60.001 s
#   window: reorder   click: refresh, less important
def test_a_click_that_a_window_outranks_is_done_and_leaves_no_trace() -> None:
    found = decided(
        [
            refreshed(60.001, "click", lane="event", priority=40),
            proposed("window", "reorder", 60, priority=70),
            proposed("window", "reorder", 120, priority=70, parameters={"order": ["b"]}),
        ]
    )
    assert found.told()[:2] == [(60, "window", "reorder"), (60.001, "click", REFRESH)]
    assert reverted(found) == ["reorder"]


def test_a_more_important_click_ends_the_window_s_without_a_revert() -> None:
    found = decided([proposed("click", "reorder", 61, lane="event", priority=70), refreshed(60, "window", priority=40)])
    assert found.told() == [(60, "window", REFRESH), (61, "click", "reorder")]


@pytest.mark.parametrize("later_s", [361, 60 + KEEP_MS / 1000 + 400])
def test_what_has_expired_or_been_forgotten_is_not_taken_back(later_s: float) -> None:
    found = decided([refreshed(60), proposed("calm", "revert", later_s), refreshed(later_s + 1)])
    assert found.told() == [(60, "calm", REFRESH), (later_s + 1, "calm", REFRESH)]


def test_a_prompt_is_closed_by_a_revert_and_never_asked_again_while_it_is_open() -> None:
    found = decided(
        [
            proposed("asks", "prompt", 60, priority=30),
            proposed("asks", "prompt", 100, priority=30, parameters={"kind": "other"}),
            proposed("robot", "prompt", 110, priority=80),
            proposed("robot", "revert", 120, priority=80),
        ]
    )
    assert [each[1:] for each in found.told()] == [
        ("asks", "prompt"),
        ("robot", "revert"),
        ("robot", "prompt"),
        ("robot", "revert"),
    ]
    assert [each.reverts for each in found.commands if each.reverts] == [
        found.commands[0].command_id,
        found.commands[2].command_id,
    ]


@given(CHANGES)
@settings(max_examples=200, deadline=None)
def test_every_revert_names_what_can_be_taken_back(changes: list[ProposedChange]) -> None:
    assert all(ACTIONS[action].revertible for action in reverted(decided(changes)))
