"""State that a job with the shipped features has left, taken up by jobs with a feature more, one fewer, or another order."""

from functools import cache
from typing import Any

import msgspec
import pytest

from models.features import FOREST_FEATURES, SESSION_NAMES
from models.isolation_forest.fit import refit
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import ForestScorer
from models.judgement.layout import HABIT_NAMES
from tests.support.builders import (
    ANNA,
    BEN,
    EVERY_MS,
    WINDOW_MS,
    at,
    forest_card,
    forest_model,
    minutes,
    session_window,
)
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import fed
from tests.support.other_features import CHANGES, habits_by_name, taken_up, to_json
from udfs.forest_refit import ForestRefit
from udfs.window_commands import WindowCommands

SCHEDULE = RefitSchedule(1_800_000, 300_000)
EPOCH = SCHEDULE.first_epoch(at(60))
Answer = dict[str, Any]


def left_behind() -> Answer:
    """State after 40 windows of one session, with a pending window, a forest in force and 150 sampled windows."""
    model = forest_model()
    job = Running(
        WindowCommands((), model, forest_card(model), SCHEDULE, RefitSchedule(0, 0), WINDOW_MS, EVERY_MS, False)
    )
    in_force = msgspec.structs.replace(refit("news", EPOCH - 10, minutes(200)), threshold=-1.0)
    for message in (in_force, RefitMessage("news", EPOCH, "begins")):
        job.broadcast(("refit", "news", msgspec.json.encode(message).decode()))
    fed(job, [session_window(end_s, engaged_ms=38_000.0 + 1_000 * (end_s // 10 % 5)) for end_s in range(60, 460, 10)])
    # Of a content type whose first refit is not known of yet: the window has to wait.
    fed(job, [session_window(460, BEN, main_type="video", first_s=400, engaged_ms=1.0, pages=7.0)])
    refits = Running(ForestRefit(SCHEDULE.every_ms, SCHEDULE.lead_ms))
    for n in range(150):
        refits.send("news", session_window(60 + n, f"reader-{n}", hover_ms=float(n)))
    return {"windows": to_json(job.flink), "forests": to_json(refits.flink)}


@cache
def changed(change: str) -> Answer:
    return taken_up(change, "windows", left_behind())


@pytest.mark.parametrize("change", CHANGES)
def test_state_of_the_shipped_features_is_taken_up_by_name(change: str) -> None:
    found = changed(change)
    names, left = found["features"], habits_by_name(left_behind()["windows"], ANNA)
    odd = next(each for each in found["commands"] if each["source"]["id"] == "odd" and each["session_id"] == ANNA)
    if change != "none":
        # The first minute lacks the slices of the window that the savepoint cut in two.
        assert odd["issued_at_ms"] == at(540)
    # 38 to 42 s of engaged time in turns, of 55 s each: what a minute of presence has by that.
    assert odd["evidence"]["engaged_ms"]["baseline"] == pytest.approx(40_000 * 60 / 55, rel=0.05)
    habits = found["habits"][ANNA]
    assert habits["engaged_ms"][0] >= left["engaged_ms"][0] > 4
    for name in habits.keys() - {"likes"}:
        assert habits[name][0] == pytest.approx(habits["engaged_ms"][0])
    assert habits.get("likes", [0.0])[0] < 3
    assert ("hover_ms" in habits) == (change != "removed")
    assert ("likes" in habits) == (change == "added")
    assert names == found["features"]
    [fitted] = [each for each in found["refits"] if each["status"] == "fitted"]
    assert fitted["features"] == found["forest_features"]
    assert ForestScorer(msgspec.convert(fitted, RefitMessage).model_bytes()).features == len(found["forest_features"])


@pytest.mark.parametrize(
    ("change", "uses_it"), [("none", True), ("added", False), ("removed", False), ("reordered", False)]
)
def test_a_forest_fitted_on_other_features_judges_nobody(change: str, uses_it: bool) -> None:
    """The forest in force finds every window anomalous; the shipped one, whose threshold is 0.62, finds none so."""
    found = changed(change)
    assert any(each["source"]["id"] == "scored" for each in found["commands"]) == uses_it


@pytest.mark.parametrize("change", ["added", "removed"])
def test_a_second_change_meets_state_of_both_kinds(change: str) -> None:
    back = taken_up("none", "windows", changed(change))
    assert back["features"] == list(SESSION_NAMES)
    habits = back["habits"][ANNA]
    assert habits.keys() == set(HABIT_NAMES)
    assert (habits["hover_ms"][0] > 4) == (change == "added")
    assert habits["engaged_ms"][0] > 4
    [fitted] = [each for each in back["refits"] if each["status"] == "fitted"]
    assert fitted["features"] == list(FOREST_FEATURES)
