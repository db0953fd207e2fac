"""The shipped mission rule through lanes and arbiter: a tired reader's text is simplified, and taken back on recovery."""

import json

from infra.simulate.arbitration import DEFAULT_BUDGETS
from jobs.adjust import load_rules
from tests.operators.conftest import Start
from tests.support.builders import BEGINNING
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import fed
from tests.support.slices import Slice, reading, windows
from udfs.arbiter import ArbiterFunction

MINUTE = 6
STEADY = [reading(number) for number in range(12 * MINUTE)]


def tired(number: int) -> Slice:
    """A third of everything, and nothing clicked."""
    return {name: value / 3 for name, value in reading(number).items()} | {"clicks": 0.0, "recommended_clicks": 0.0}


def commanded(start: Start, slices: list[Slice]) -> list[tuple[float, str, str | None]]:
    """(minute, action, id of what is taken back) of a reader's commands."""
    mission = next(each for each in load_rules("") if each.id == "mission-simplify")
    proposals = fed(start(mission), windows(slices))
    arbiter = Running(ArbiterFunction(DEFAULT_BUDGETS, emit_proposals=False))
    emitted = [each for key, change in proposals for each in arbiter.send(key, change)] + arbiter.advance(10**14)
    commands = [json.loads(each[1]) for each in emitted]
    return [((each["issued_at_ms"] - BEGINNING) / 60_000, each["action"], each["reverts"]) for each in commands]


#   0 ... 12 min       15 min                21 min
#   steady     | tired        | as before
def test_what_is_simplified_for_a_tired_reader_is_taken_back_on_recovery(start: Start) -> None:
    fall = [tired(number) for number in range(3 * MINUTE)]
    found = commanded(start, [*STEADY, *fall, *STEADY[: 6 * MINUTE]])
    assert [action for _, action, _ in found] == ["simplify", "revert"]
    simplified, taken_back = found
    assert 12 < simplified[0] <= 14
    # Two minutes that share no second are over after the recovery.
    assert 16.9 <= taken_back[0] <= 18
    assert taken_back[2] is not None


def test_one_good_minute_is_no_recovery(start: Start) -> None:
    fall = [tired(number) for number in range(3 * MINUTE)]
    found = commanded(start, [*STEADY, *fall, *STEADY[:MINUTE], *fall])
    assert "revert" not in [action for _, action, _ in found]


def test_a_reader_who_goes_on_as_before_gets_nothing(start: Start) -> None:
    assert commanded(start, [*STEADY, *STEADY[: 10 * MINUTE]]) == []
