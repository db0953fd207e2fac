"""What every stage of the session lane keeps to, those included that are yet to be written: `STAGES` names them."""

import gc
from collections.abc import Callable
from math import isnan
from typing import Any

import pytest

from tests.support.builders import ANNA, NAN, CrossingRow, minutes, rule, session_window
from tests.support.flink_fakes import FakeFlink
from tests.support.stages import RunningStage
from udfs.crossing_rows import SESSION_NUMBERS, session_key
from udfs.lanes.sessions import DETECTORS, STAGES
from udfs.stages.base import Detector, LaneSetup, Stage

Make = Callable[[LaneSetup], Stage]
TIMES = len(SESSION_NUMBERS)
Step = tuple[CrossingRow | None, int, list[float]]

RULES = [rule(when=[{"feature": "engaged_ms", "above": 0}], for_windows=2, cooldown_s=15)]
"""Holds in every window that is known, so that deciding has streaks and cooldowns to keep."""

every_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)


def ordinary(number: int) -> Step:
    """The window that ends ten seconds after the one before, of a reader who varies a little."""
    end_s, values = 60 + 10 * number, list(minutes(40)[number])
    kind, numbers, texts = session_window(end_s, engaged=f"news={20_000 + 500 * (number % 7)}")
    return (kind, [*numbers[:TIMES], *values, *numbers[TIMES + len(values) :]], texts), end_s, values


def unknown(number: int) -> Step:
    """A window of which nothing is known but its session and its times."""
    kind, numbers, texts = session_window(60 + 10 * number, active=False)
    values = [NAN] * len(minutes(1)[0])
    # Times of first and last event and the number of slices are known of every window, and so are sums.
    times = [number if place in (0, 1, 2, 5, 8) else NAN for place, number in enumerate(numbers[:TIMES])]
    known = [*times, *values, *[0.0] * (len(numbers) - TIMES - len(values))]
    return (kind, known, [texts[0], *[None] * (len(texts) - 1)]), 60 + 10 * number, values


def silent(number: int) -> Step:
    return None, 60 + 10 * number, [0.0] * len(minutes(1)[0])


STEPS = [ordinary(number) for number in range(30)]


def run(stage: Make, steps: list[Step], flink: FakeFlink) -> list[dict[str, Any]]:
    running = RunningStage(stage, flink, RULES)
    return [running.evaluate(*step) for step in steps]


@every_stage
def test_a_restart_continues(stage: Make) -> None:
    straight, restarted = FakeFlink(), FakeFlink()
    expected = run(stage, STEPS, straight)
    assert run(stage, STEPS[:17], restarted) + run(stage, STEPS[17:], restarted) == expected
    assert restarted.values == straight.values


@every_stage
def test_a_replay_is_equal_and_leaves_the_same_state(stage: Make) -> None:
    first, second = FakeFlink(), FakeFlink()
    assert run(stage, STEPS, first) == run(stage, STEPS, second)
    assert first.values == second.values


@every_stage
def test_a_session_that_is_over_leaves_nothing(stage: Make) -> None:
    flink = FakeFlink()
    running = RunningStage(stage, flink, RULES)
    expected = [running.evaluate(*step) for step in STEPS]
    running.clear()
    assert flink.left_of(session_key(ANNA)) == set()
    assert [running.evaluate(*step) for step in STEPS] == expected  # begins from nothing


@every_stage
def test_windows_leave_nothing_to_the_garbage_collector(stage: Make) -> None:
    """What refers to itself is freed late, all at once and out of cold memory: it doubled what a window with detectors cost."""
    running = RunningStage(stage, FakeFlink(), RULES)
    for step in STEPS[:20]:
        running.evaluate(*step)
    gc.collect()
    gc.disable()
    try:
        for step in STEPS[20:]:
            running.evaluate(*step)
        assert gc.collect() < len(STEPS[20:])
    finally:
        gc.enable()


@every_stage
def test_what_is_unknown_gives_no_score(stage: Make) -> None:
    found = run(stage, [*STEPS, unknown(30)], FakeFlink())[-1]
    if found["readings"] is not None:
        assert not any(isnan(each) for readings in found["readings"].values() for each in readings if each is not None)
    scores = [*found["scalars"].values(), *(value for value, _ in found["scores"].values() if value is not None)]
    assert not any(isnan(score) for score in scores)
    assert found["changes"] == []


@every_stage
def test_what_is_unknown_does_no_harm_to_what_follows(stage: Make) -> None:
    """A window more shifts cooldowns, streaks and categories, but neither fails nor makes later scores unknown."""
    plain = run(stage, [*STEPS, ordinary(30), ordinary(31), ordinary(32)], FakeFlink())[-1]
    after = run(stage, [*STEPS, unknown(30), unknown(31), ordinary(32)], FakeFlink())[-1]
    assert _known(after["readings"]) == _known(plain["readings"])
    assert after["scores"].keys() == plain["scores"].keys()
    assert after["scalars"].keys() == plain["scalars"].keys()


def _known(readings: dict[str, tuple[float | None, ...]] | None) -> list[list[bool]] | None:
    return None if readings is None else [[each is None for each in known] for known in readings.values()]


@every_stage
def test_a_silent_window_teaches_nothing(stage: Make) -> None:
    """The clock, habits and decisions go on; detectors score the next window as if the silent one had not been."""
    if stage.__name__ in {"SessionClockStage", "SessionDecisionStage", "HabitStage"}:
        pytest.skip("keeps time")
    plain = run(stage, [*STEPS, ordinary(31)], FakeFlink())[-1]
    assert run(stage, [*STEPS, silent(30), ordinary(31)], FakeFlink())[-1] == plain


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_scores_ordinary_windows_under_its_name(name: str) -> None:
    [stage] = [each for each in STAGES if isinstance(each, type) and issubclass(each, Detector) and each.name == name]
    scores = [found["scores"] for found in run(stage, STEPS, FakeFlink())]
    assert {each for score in scores for each in score} == {name}
    assert scores[-1][name][0] is not None


def test_detectors_have_names_of_their_own() -> None:
    assert len(set(DETECTORS)) == len(DETECTORS) > 0
