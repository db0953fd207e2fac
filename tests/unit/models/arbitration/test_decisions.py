"""The order of decisions: exclusive groups, overriding, cooldowns, budgets, quiet times, renewals, reverts."""

from typing import Any

import pytest

from infra.simulate.commands_in_force import conflicts
from models.arbitration.budget import Budgets, split
from schemas.commands import Target
from tests.support.builders import MORNING_NEWS, at
from tests.support.proposed_changes import decided, proposed


def test_a_proposal_becomes_its_command() -> None:
    change = proposed("mission", "simplify", 60)
    found = decided([change])
    assert found.commands == [change.command]
    [told] = found.proposals
    assert (told.outcome, told.reason, told.command_id) == ("commanded", None, change.command.command_id)
    assert told.proposal_id != change.command.command_id
    assert told.at_ms == at(60)


def test_of_one_moment_the_most_important_wins_whichever_came_first() -> None:
    weak, strong = proposed("a-weak", "shorten", 60, priority=30), proposed("z-strong", "simplify", 60, priority=80)
    for order in ([weak, strong], [strong, weak]):
        found = decided(order)
        assert found.told() == [(60, "z-strong", "simplify")]
        [lost] = [each for each in found.proposals if each.source.id == "a-weak"]
        assert (lost.outcome, lost.reason, lost.by) == ("suppressed", "outranked", strong.command.command_id)


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ({"priority": 80}, {"priority": 79}),
        ({"priority": 60, "confidence": 0.9}, {"priority": 100, "confidence": 0.5}),
        ({"priority": 10, "kind": "context"}, {"priority": 100}),
    ],
)
def test_precedence_is_safety_then_priority_times_confidence(stronger: dict[str, Any], weaker: dict[str, Any]) -> None:
    found = decided([proposed("a", "simplify", 60, **weaker), proposed("b", "shorten", 60, **stronger)])
    assert [each.source.id for each in found.commands] == ["b"]


def test_ties_go_by_id() -> None:
    found = decided([proposed("b", "simplify", 60), proposed("a", "shorten", 60)])
    assert [each.source.id for each in found.commands] == ["a"]


#   60 s          100 s                  400 s
#   weak |--------| revert, strong |-----|
def test_a_more_important_one_overrides_by_a_revert_first() -> None:
    weak = proposed("weak", "enrich", 60, priority=40)
    found = decided([weak, proposed("strong", "simplify", 100, priority=70)])
    assert found.told() == [(60, "weak", "enrich"), (100, "strong", "revert"), (100, "strong", "simplify")]
    revert = found.commands[1]
    assert (revert.reverts, revert.expires_at_ms) == (weak.command.command_id, weak.command.expires_at_ms)
    assert conflicts(found.commands) == []


@pytest.mark.parametrize("priority", [40, 70])
def test_an_equally_or_less_important_one_is_kept_out(priority: int) -> None:
    first = proposed("first", "enrich", 60, priority=70)
    found = decided([first, proposed("second", "simplify", 100, priority=priority)])
    assert found.told() == [(60, "first", "enrich")]
    assert (found.proposals[1].reason, found.proposals[1].by) == ("exclusive", first.command.command_id)


def test_other_groups_and_what_has_expired_stand_in_nobody_s_way() -> None:
    found = decided(
        [
            proposed("a", "simplify", 60, priority=90),
            proposed("b", "lighten_media", 70, priority=10),
            proposed("c", "shorten", 360, priority=10),
        ]
    )
    assert [each.action for each in found.commands] == ["simplify", "lighten_media", "shorten"]


def test_a_prompt_of_thirty_does_not_keep_one_of_eighty_waiting() -> None:
    found = decided(
        [
            proposed("leaving", "prompt", 60, priority=30, parameters={"kind": "still-reading"}, cooldown_ms=600_000),
            proposed("robot", "prompt", 70, priority=80, parameters={"kind": "verify"}),
        ]
    )
    assert found.told() == [(60, "leaving", "prompt"), (70, "robot", "revert"), (70, "robot", "prompt")]


def test_a_rule_rests_after_its_own_command_only() -> None:
    found = decided(
        [
            proposed("a", "prompt", 60, expires_s=10, cooldown_ms=120_000),
            proposed("a", "prompt", 100, expires_s=10, cooldown_ms=120_000),
            proposed("b", "prompt", 100, expires_s=10, cooldown_ms=120_000),
            proposed("a", "prompt", 180, expires_s=10, cooldown_ms=120_000),
        ]
    )
    assert found.told() == [(60, "a", "prompt"), (100, "b", "prompt"), (180, "a", "prompt")]
    [rests] = [each for each in found.proposals if each.outcome == "suppressed"]
    assert (rests.reason, rests.by) == ("resting", found.commands[0].command_id)


def test_a_suppressed_proposal_makes_its_rule_rest_no_longer() -> None:
    found = decided(
        [
            proposed("strong", "simplify", 60, priority=90, expires_s=50),
            proposed("weak", "shorten", 70, priority=10, cooldown_ms=600_000),
            proposed("weak", "shorten", 110, priority=10, cooldown_ms=600_000),
        ]
    )
    assert found.told() == [(60, "strong", "simplify"), (110, "weak", "shorten")]


def test_a_rule_has_so_many_commands_a_session_and_anew_in_the_next() -> None:
    def prompt(at_s: float, since_s: float) -> Any:
        return proposed("a", "prompt", at_s, expires_s=10, max_per_session=2, session_since_ms=at(since_s))

    found = decided([prompt(60, 0), prompt(100, 0), prompt(200, 0), prompt(9_000, 8_900)])
    assert [each[0] for each in found.told()] == [60, 100, 9_000]
    assert found.proposals[2].reason == "resting"


#   60  70  80  ...  120 s: the first has been a minute ago
def test_a_minute_holds_so_many_changes() -> None:
    changes = [proposed(f"r{n}", "highlight_related", n) for n in (60, 70, 80, 119, 120, 125)]
    found = decided(changes, split(4, 100))
    assert [each[0] for each in found.told()] == [60, 70, 120]
    assert {each.by for each in found.proposals if each.reason == "budget"} == {"changes_per_minute"}


def test_a_session_holds_so_many_changes_and_the_next_one_as_many() -> None:
    def change(at_s: float, since_s: float) -> Any:
        return proposed(f"r{at_s}", "highlight_related", at_s, session_since_ms=at(since_s))

    found = decided([change(n, 0) for n in (100, 200, 300, 400)] + [change(9_000, 8_990)], split(100, 4))
    assert [each[0] for each in found.told()] == [100, 200, 9_000]
    assert found.proposals[2].by == "changes_per_session"


@pytest.mark.parametrize(
    ("budgets", "by"), [(split(4, 100), "changes_per_minute"), (split(100, 4), "changes_per_session")]
)
def test_trifles_leave_the_last_change_for_what_matters(budgets: Budgets, by: str) -> None:
    found = decided(
        [
            proposed("a", "highlight_related", 60, priority=30),
            proposed("b", "highlight_related", 70, priority=30),
            proposed("c", "simplify", 80, priority=80),
            proposed("d", "reorder", 90, priority=80),
        ],
        budgets,
    )
    assert [each[1] for each in found.told()] == ["a", "c"]
    assert [(each.reason, each.by) for each in found.proposals] == [
        (None, None),
        ("budget", by),
        (None, None),
        ("budget", by),
    ]


def test_what_is_for_access_and_what_is_taken_back_is_never_refused_by_a_budget_or_a_quiet_time() -> None:
    found = decided(
        [
            proposed("a", "simplify", 60),
            proposed("media", "lighten_media", 61, kind="context", quiet="typing"),
            proposed("b", "highlight_related", 62),
            proposed("a", "revert", 63),
        ],
        split(2, 2),
    )
    assert found.told() == [(60, "a", "simplify"), (61, "media", "lighten_media"), (63, "a", "revert")]
    assert found.reasons()["b"] == "budget"


def test_a_content_item_has_no_sessions_to_count() -> None:
    item = Target("content", MORNING_NEWS)
    changes = [proposed(f"r{n}", "highlight_related", n * 100, target=item) for n in range(1, 9)]
    assert len(decided(changes, split(2, 2)).commands) == 8


def test_in_a_quiet_time_nothing_is_changed() -> None:
    found = decided([proposed("a", "simplify", 60, quiet="typing")])
    assert found.commands == []
    assert (found.proposals[0].reason, found.proposals[0].by) == ("quiet", "typing")


def test_while_a_prompt_is_open_only_what_matters_more_is_changed() -> None:
    prompt = proposed("asks", "prompt", 60, priority=50, expires_s=100)
    found = decided(
        [
            prompt,
            proposed("low", "shorten", 70, priority=40),
            proposed("high", "reorder", 80, priority=60),
            proposed("low", "shorten", 160, priority=40),
        ]
    )
    assert found.told() == [(60, "asks", "prompt"), (80, "high", "reorder"), (160, "low", "shorten")]
    assert (found.proposals[1].reason, found.proposals[1].by) == ("quiet", prompt.command.command_id)


#   60 s        350 s  360 s        650 s
#   |-------------|-----|
#                 |-------------------|
def test_what_is_about_to_expire_is_renewed_without_a_gap_or_a_cost() -> None:
    changes = [
        proposed("a", "simplify", 60, cooldown_ms=600_000, max_per_session=1),
        proposed("a", "simplify", 350, cooldown_ms=600_000, max_per_session=1, renews=True, quiet="typing"),
    ]
    found = decided(changes, split(2, 2))
    assert found.told() == [(60, "a", "simplify"), (350, "a", "simplify")]
    assert found.commands[1].expires_at_ms == at(650)


def test_what_is_in_force_for_long_is_not_said_again() -> None:
    found = decided([proposed("a", "simplify", 60), proposed("a", "simplify", 120)])
    assert found.told() == [(60, "a", "simplify")]
    assert (found.proposals[1].reason, found.proposals[1].by) == ("exclusive", found.commands[0].command_id)


def test_a_renewed_action_is_taken_back_with_what_it_renewed() -> None:
    found = decided(
        [proposed("a", "simplify", 60), proposed("a", "simplify", 350, renews=True), proposed("a", "revert", 355)]
    )
    first, second, *back = found.commands
    assert [each.reverts for each in back] == [second.command_id, first.command_id]


def test_a_rule_replaces_its_own_by_newer_parameters() -> None:
    found = decided(
        [
            proposed("eager", "reorder", 60, parameters={"order": ["a"]}),
            proposed("eager", "reorder", 120, parameters={"order": ["b"]}),
        ]
    )
    assert found.told() == [(60, "eager", "reorder"), (120, "eager", "revert"), (120, "eager", "reorder")]
    assert conflicts(found.commands) == []


def test_nothing_is_taken_back_that_is_not_in_force() -> None:
    found = decided(
        [
            proposed("weak", "shorten", 60, priority=10),
            proposed("strong", "simplify", 70, priority=90),
            proposed("weak", "revert", 80, priority=10),
            proposed("strong", "revert", 500, priority=90),
        ]
    )
    assert [each[1:] for each in found.told()] == [("weak", "shorten"), ("strong", "revert"), ("strong", "simplify")]
    assert [each.reason for each in found.proposals if each.action == "revert"] == ["expired", "expired"]


@pytest.mark.parametrize(
    ("changed", "outcome", "reason"),
    [
        ({"mode": "shadow"}, "shadow", "shadow"),
        ({"valid_from_ms": at(61)}, "suppressed", "expired"),
        ({"valid_until_ms": at(60)}, "suppressed", "expired"),
        ({"valid_from_ms": at(60), "valid_until_ms": at(61)}, "commanded", None),
        ({"expires_s": 0}, "suppressed", "expired"),
        ({"lacks": "no variant simple"}, "suppressed", "unknown_content"),
    ],
)
def test_what_never_becomes_a_command(changed: dict[str, Any], outcome: str, reason: str | None) -> None:
    [told] = decided([proposed("a", "simplify", 60, **changed)]).proposals
    assert (told.outcome, told.reason) == (outcome, reason)


def test_shadow_leaves_no_trace() -> None:
    found = decided([proposed("a", "simplify", 60, mode="shadow", priority=90), proposed("b", "shorten", 70)])
    assert found.told() == [(70, "b", "shorten")]


def test_an_item_without_the_variant_is_not_asked_for_it() -> None:
    def check(content_id: str | None, action: str, parameters: Any) -> str | None:
        return f"{content_id} has no {parameters['variant']}" if action == "simplify" else None

    changes = [
        proposed("a", "simplify", 60, parameters={"variant": "simple"}),
        proposed("b", "simplify_layout", 60),
    ]
    found = decided(changes, check=check)
    assert found.told() == [(60, "b", "simplify_layout")]
    [told] = [each for each in found.proposals if each.outcome == "suppressed"]
    assert (told.reason, told.by) == ("unknown_content", "morning-news has no simple")


@pytest.mark.parametrize("ended", [{"mode": "shadow"}, {"valid_until_ms": at(80)}])
def test_a_rule_that_may_command_no_more_can_still_take_back(ended: dict[str, Any]) -> None:
    done = proposed("mission", "simplify", 60)
    found = decided([done, proposed("mission", "revert", 100, **ended), proposed("mission", "revert", 200, **ended)])
    assert found.told() == [(60, "mission", "simplify"), (100, "mission", "revert")]
    assert found.commands[1].reverts == done.command.command_id
    assert found.proposals[2].reason == ("shadow" if "mode" in ended else "expired")
