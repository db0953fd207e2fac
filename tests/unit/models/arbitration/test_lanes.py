"""Events and windows together: clicks never depend on windows, windows always see clicks."""

from infra.simulate.commands_in_force import conflicts
from tests.support.proposed_changes import decided, proposed


#   60 s               60.5 s     70 s
#   window: simplify   click      window sees the click
def test_a_window_sees_what_events_led_to_up_to_its_end() -> None:
    click = proposed("click", "shorten", 59.9, lane="event", priority=90)
    found = decided([click, proposed("tired", "simplify", 60, priority=70)])
    assert found.told() == [(59.9, "click", "shorten")]
    assert found.proposals[1].by == click.command.command_id


def test_an_event_of_the_window_s_own_moment_counts_as_seen() -> None:
    found = decided([proposed("click", "shorten", 60, lane="event", priority=90), proposed("tired", "simplify", 60)])
    assert found.told() == [(60, "click", "shorten")]


def test_a_window_does_not_see_a_click_after_its_end() -> None:
    late = proposed("click", "shorten", 60.001, lane="event", priority=50)
    found = decided([late, proposed("tired", "simplify", 60, priority=70)])
    assert found.told() == [(60, "tired", "simplify"), (60.001, "click", "shorten"), (60.001, "tired", "revert")]
    assert found.commands[2].reverts == late.command.command_id
    assert conflicts(found.commands) == []


def test_a_more_important_click_takes_back_the_window_s_change() -> None:
    window = proposed("tired", "simplify", 60, priority=50)
    found = decided([proposed("click", "shorten", 61, lane="event", priority=70), window])
    assert found.told() == [(60, "tired", "simplify"), (61, "click", "shorten"), (61, "click", "revert")]
    assert found.commands[2].reverts == window.command.command_id
    assert conflicts(found.commands) == []


def test_a_window_s_change_rests_and_counts_apart_from_the_clicks() -> None:
    """An event looks at earlier events only: what a window has done keeps no click waiting."""
    found = decided(
        [
            proposed("tired", "simplify", 60, priority=90),
            proposed("click", "reorder", 61, lane="event", priority=10),
        ]
    )
    assert [each[1] for each in found.told()] == ["tired", "click"]


def test_an_event_that_came_late_does_not_shorten_what_is_in_force() -> None:
    found = decided(
        [
            proposed("eager", "reorder", 60.1, lane="event", expires_s=5),
            proposed("eager", "reorder", 60, lane="event", expires_s=5, renews=True),
            proposed("other", "reorder", 65, lane="event", expires_s=5),
        ]
    )
    assert found.told() == [(60.1, "eager", "reorder")]
    assert conflicts(found.commands) == []


def test_an_event_that_is_older_than_the_last_is_decided_at_the_time_of_the_last() -> None:
    found = decided(
        [
            proposed("first", "reorder", 61, lane="event", priority=10, parameters={"order": ["a"]}),
            proposed("second", "reorder", 60, lane="event", priority=90, parameters={"order": ["b"]}),
        ]
    )
    assert found.told() == [(61, "first", "reorder"), (61, "second", "revert"), (61, "second", "reorder")]
    assert conflicts(found.commands) == []
