"""What is known of a session, step by step."""

from itertools import permutations
from typing import Any

from models.session_state import ActionSeen, WindowScores, with_action, with_command, with_scores
from schemas.commands import AdjustmentCommand, Source, Target
from schemas.session_state import MAX_ACTIVE, MAX_RECENT, SessionState
from tests.support.builders import ANNA, FILM, MORNING_NEWS, SESSION_END_S, at


def seen(event_id: str, at_s: float, **more: Any) -> ActionSeen:
    given: dict[str, Any] = {"type": "click", "at_ms": at(at_s), "content_id": FILM}
    return ActionSeen(ANNA, event_id, **(given | more))


def command(command_id: str, at_s: float, lives_s: float = 60, **more: Any) -> AdjustmentCommand:
    given: dict[str, Any] = {
        "command_id": command_id,
        "issued_at_ms": at(at_s),
        "expires_at_ms": at(at_s + lives_s),
        "target": Target("session", ANNA),
        "session_id": ANNA,
        "user_id": None,
        "content_id": None,
        "action": "simplify",
        "parameters": {"variant": "simple"},
        "priority": 50,
        "source": Source("rule", "calm-down", 1),
        "evidence": {},
    }
    return AdjustmentCommand(**(given | more))


def after(*steps: ActionSeen | WindowScores | AdjustmentCommand) -> SessionState:
    state: SessionState | None = None
    for step in steps:
        match step:
            case ActionSeen():
                state = with_action(state, step)
            case WindowScores():
                state = with_scores(state, step)
            case _:
                state = with_command(state, step)
    assert state is not None
    return state


def test_actions_stand_newest_first_whatever_their_order_of_arrival() -> None:
    steps = [seen("e1", 1), seen("e2", 2, content_id=MORNING_NEWS), seen("e3", 3, type="page_view")]
    found = {tuple(each.event_id for each in after(*order).recent) for order in permutations(steps)}
    assert found == {("e3", "e2", "e1")}
    assert {after(*order).updated_at_ms for order in permutations(steps)} == {at(3)}


def test_an_event_that_comes_again_changes_nothing() -> None:
    state = after(seen("e1", 1))
    assert with_action(state, seen("e1", 1)) is state


def test_what_comes_late_fills_gaps_and_overrules_nothing() -> None:
    state = after(
        seen("e1", 5, type="context", language="fr"),
        seen("e2", 9, type="context", language="de"),
        seen("e1", 5, type="context", language="fr", country="AT", user_id="anna"),
    )
    assert state.preferences == {"language": "de", "country": "AT"}
    assert (state.user_id, state.updated_at_ms) == ("anna", at(9))
    assert with_action(state, seen("e1", 5, type="context", language="fr", country="AT", user_id="anna")) is state


def test_an_action_older_than_those_that_are_kept_changes_nothing() -> None:
    state = after(*(seen(f"e{n:02}", n) for n in range(10, 10 + MAX_RECENT)))
    assert with_action(state, seen("e01", 1)) is state


def test_of_a_session_that_is_over_nothing_is_left() -> None:
    state = after(seen("e1", 0, user_id="anna"), command("c1", 0, lives_s=7_200))
    [still, anew] = [with_action(state, seen("e2", SESSION_END_S - 1)), with_action(state, seen("e2", SESSION_END_S))]
    assert ([each.event_id for each in still.recent], len(still.active)) == (["e2", "e1"], 1)
    assert ([each.event_id for each in anew.recent], anew.active, anew.user_id) == (["e2"], [], None)


def test_so_many_actions_are_kept_and_no_more() -> None:
    state = after(*(seen(f"e{n:02}", n) for n in range(MAX_RECENT + 5)))
    assert [each.event_id for each in state.recent] == [f"e{n:02}" for n in range(MAX_RECENT + 4, 4, -1)]


def test_a_change_of_context_is_a_preference_and_no_action() -> None:
    state = after(
        seen("e1", 1, type="page_view", language="de", device="phone", user_id="anna"),
        seen("e2", 2, type="context", language="fr"),
        WindowScores(ANNA, at(60), None, "news", {"isolation_forest": 0.4, "z_clicks": None}),
    )
    assert [each.event_id for each in state.recent] == ["e1"]
    assert state.preferences == {"language": "fr", "device": "phone", "content_type": "news"}
    assert (state.user_id, state.updated_at_ms) == ("anna", at(60))
    assert state.scores == {"isolation_forest": 0.4, "z_clicks": None}


def test_the_segment_follows_the_newest_window_and_begins_anew_with_the_session() -> None:
    placed = after(WindowScores(ANNA, at(60), None, "news", {}, "s3"))
    assert placed.segment == "s3"
    assert with_scores(placed, WindowScores(ANNA, at(120), None, "news", {}, "s4")).segment == "s4"
    assert with_scores(placed, WindowScores(ANNA, at(120), None, "news", {})).segment is None
    assert with_action(placed, seen("e1", 60 + SESSION_END_S)).segment is None


def test_commands_are_active_until_they_expire() -> None:
    state = after(command("c1", 0, lives_s=30), command("c2", 10))
    assert [each.command_id for each in state.active] == ["c2", "c1"]
    assert [each.command_id for each in with_action(state, seen("e1", 29.9)).active] == ["c2", "c1"]
    assert [each.command_id for each in with_action(state, seen("e1", 30)).active] == ["c2"]
    assert with_command(state, command("c2", 10)) is state


def test_what_is_reverted_is_active_no_longer() -> None:
    state = after(command("c1", 0), command("c2", 1), command("c3", 2, action="revert", reverts="c1"))
    assert [each.command_id for each in state.active] == ["c2"]


def test_of_many_commands_the_newest_stay() -> None:
    state = after(*(command(f"c{n:02}", n) for n in range(MAX_ACTIVE + 3)))
    assert [each.command_id for each in state.active] == [f"c{n:02}" for n in range(MAX_ACTIVE + 2, 2, -1)]


def test_a_state_that_was_put_out_never_changes_under_its_reader() -> None:
    first = after(seen("e1", 1), command("c1", 1))
    before = (list(first.recent), list(first.active), dict(first.preferences))
    with_command(with_action(first, seen("e2", 2, language="fr")), command("c2", 2))
    assert (first.recent, first.active, first.preferences) == before


def test_who_signs_out_stays_signed_out() -> None:
    signed_out = after(seen("e1", 1, user_id="zora", language="hu"), seen("e2", 5))
    assert signed_out.user_id is None
    # A window and a command of before, and an event that comes late, name her still.
    later = with_scores(signed_out, WindowScores(ANNA, at(60), "zora", None, {"z_clicks": 1.0}))
    later = with_command(later, command("c1", 60, user_id="zora"))
    assert with_action(later, seen("e0", 3, user_id="zora")).user_id is None
    assert with_action(later, seen("e3", 61, user_id="zora")).user_id == "zora"
    assert "zora" not in str(later)


def test_another_person_begins_anew_and_nothing_of_the_one_before_is_added() -> None:
    steps = (seen("e1", 1, user_id="zora", language="hu"), command("c1", 1), seen("e2", 5))
    anton = after(*steps, WindowScores(ANNA, at(6), None, "news", {"z_clicks": 1.0}), seen("e3", 9, user_id="anton"))
    assert ([each.event_id for each in anton.recent], anton.user_id) == (["e3"], "anton")
    assert (anton.preferences, anton.active, anton.scores) == ({}, [], {})
    assert with_action(anton, seen("e0", 4, user_id="zora")) is anton
    assert with_scores(anton, WindowScores(ANNA, at(60), "zora", None, {})) is anton


def test_who_signs_in_keeps_what_they_did_before() -> None:
    state = after(
        seen("e1", 1, language="de"), seen("e2", 2, user_id="anton"), seen("e3", 3), seen("e4", 4, user_id="anton")
    )
    assert [each.event_id for each in state.recent] == ["e4", "e3", "e2", "e1"]
    assert (state.user_id, state.preferences) == ("anton", {"language": "de"})


def test_actions_that_come_late_stand_where_they_happened() -> None:
    """As a phone's library sends them: a batch of half a minute, after the page's own event of now."""
    state = after(seen("now", 40), *(seen(f"late-{at_s}", at_s, device="phone") for at_s in (12, 38, 25)))
    assert [each.event_id for each in state.recent] == ["now", "late-38", "late-25", "late-12"]
    assert (state.updated_at_ms, state.preferences) == (at(40), {"device": "phone"})


def test_what_may_be_of_the_session_before_is_no_action_of_this_one() -> None:
    state = after(seen("now", SESSION_END_S))
    assert with_action(state, seen("before", 0)) is state
    assert len(with_action(state, seen("just", 1)).recent) == 2
