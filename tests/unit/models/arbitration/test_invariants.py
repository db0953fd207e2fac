"""What holds for any proposals in any order: no two actions of one group together, no minute above the budget."""

from hypothesis import given, settings

from infra.simulate.commands_in_force import changes_made, conflicts, most_within_a_minute
from models.arbitration.budget import split
from models.arbitration.proposed_change import ProposedChange
from tests.support.proposal_strategies import CHANGES, PER_MINUTE
from tests.support.proposed_changes import decided


@given(CHANGES)
@settings(max_examples=300, deadline=None)
def test_two_actions_of_one_group_are_never_in_force_together(changes: list[ProposedChange]) -> None:
    assert conflicts(decided(changes).commands) == []


@given(CHANGES)
@settings(max_examples=300, deadline=None)
def test_no_minute_and_no_session_holds_more_changes_than_the_budget(changes: list[ProposedChange]) -> None:
    times = changes_made(decided(changes, split(PER_MINUTE, 10)).commands)
    assert most_within_a_minute(times) <= PER_MINUTE
    assert len(times) <= 10


@given(CHANGES)
@settings(max_examples=200, deadline=None)
def test_every_proposal_is_told_once_and_done_or_given_a_reason(changes: list[ProposedChange]) -> None:
    found = decided(changes, split(PER_MINUTE, 10))
    ids = {each.command_id for each in found.commands}
    assert len(found.proposals) == len(changes) == len({each.proposal_id for each in found.proposals})
    for each in found.proposals:
        assert (each.outcome == "commanded") == (each.reason is None) == (each.command_id in ids)
