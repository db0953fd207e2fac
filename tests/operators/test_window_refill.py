"""The first minute after a start with other features: windows lack slices, also after another restart within it."""

from models.isolation_forest.schedule import RefitSchedule
from tests.support.builders import (
    ANNA,
    EVERY_MS,
    WINDOW_MS,
    CrossingRow,
    forest_card,
    forest_model,
    rule,
    session_window,
)
from tests.support.flink_fakes import FakeFlink, Running, lines
from tests.support.operator_outputs import fed
from udfs.window_commands import WindowCommands

ANY = rule(id="any", when=[{"feature": "engaged_ms", "above": 0}], then={"action": "prompt"}, cooldown_s=1)


def job(flink: FakeFlink | None = None) -> Running:
    model, never = forest_model(), RefitSchedule(0, 0)
    return Running(
        WindowCommands((ANY,), model, forest_card(model), never, never, WINDOW_MS, EVERY_MS, False, False), flink
    )


def of_other_features() -> FakeFlink:
    """State of a session whose habits a job with a habit more has written: its keys say so."""
    first = job()
    assert fed(first, [session_window(end_s, engaged_ms=40_000.0) for end_s in range(60, 310, 10)])
    [bundle] = [held for name, held in first.flink.values.items() if name == "session-v2"]
    text = bundle["s" + ANNA]
    habits = lines(text)["habits-v1"]
    ring, levels, judgement = habits.split(" ", 2)
    keys, rest = judgement.split(" ", 1)
    # A habit that this job does not have, in place of one that it has: what is stored is as long.
    bundle["s" + ANNA] = text.replace(habits, f"{ring} {levels} zz{keys[2:]} {rest}")
    return first.flink


def falls(end_s: int) -> list[CrossingRow]:
    """A window of which SQL has only the newest slices."""
    return [session_window(end_s, engaged_ms=5_000.0, active_slices=1)]


def test_windows_of_the_first_minute_are_passed_over() -> None:
    started = job(of_other_features())
    assert not [each for end_s in range(310, 380, 10) for each in fed(started, falls(end_s))]
    assert fed(started, falls(380))


#   310       340        350              410  420
#   start     lost       start again      |    judged
def test_a_restart_within_that_minute_passes_over_them_again() -> None:
    """What the guard knows is not in state: the habits, which are not rewritten meanwhile, tell it anew."""
    first = job(of_other_features())
    assert not [each for end_s in range(310, 350, 10) for each in fed(first, falls(end_s))]
    again = job(first.flink)
    assert not [each for end_s in range(350, 420, 10) for each in fed(again, falls(end_s))]
    assert fed(again, falls(420))


def test_once_the_habits_are_rewritten_a_restart_judges_at_once() -> None:
    first = job(of_other_features())
    assert not [each for end_s in range(310, 380, 10) for each in fed(first, falls(end_s))]
    assert fed(first, [session_window(380, engaged_ms=5_000.0)])
    again = job(first.flink)
    assert fed(again, [session_window(400, engaged_ms=5_000.0)])
