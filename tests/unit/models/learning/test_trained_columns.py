"""A stored model is given its inputs as it was trained on them, whatever another training makes of the columns."""

import numpy as np
import pytest

from models.learning.errors import TrainingDataError
from models.learning.evaluation import INCUMBENT, Comparison
from models.learning.examples import Examples
from models.learning.gate import check_advantages
from models.learning.trained_columns import as_trained
from schemas.model_cards import MetricValue, ModelCard
from tests.support.announced_models import length_card, length_model

RENAMED = {"rename": ["session_duration=session_age_ms*1000", "device_type=device"]}
SECONDS, DEVICES = np.array([2.0, np.nan, 4.0]), np.array(["phone", None, "tablet"], dtype=object)


def card(**changes: object) -> ModelCard:
    given = {
        "features": ["session_age_ms", "device"],
        "categories": {"device": ["phone"]},
        "ranges": {},
        "options": RENAMED,
    }
    return length_card(length_model(), **(given | changes))


def rows(aside: dict[str, np.ndarray] | None = None, **values: np.ndarray) -> Examples:  # type: ignore[type-arg]
    return Examples(values, np.arange(3.0), "newer.csv", aside=aside or {})


@pytest.mark.parametrize(
    "given",
    [
        rows(session_duration=SECONDS, device_type=DEVICES),
        rows({"session_duration": SECONDS, "device_type": DEVICES}, clicks=SECONDS),
        rows({"session_duration": SECONDS, "device_type": DEVICES}, session_age_ms=SECONDS * 1000, device=DEVICES),
        rows({"device_type": DEVICES}, session_age_ms=SECONDS * 1000.0),
    ],
)
def test_columns_are_renamed_and_multiplied_as_the_card_says(given: Examples) -> None:
    found = as_trained(card(), given)
    assert found.names == ("session_age_ms", "device")
    np.testing.assert_array_equal(found.values["session_age_ms"], [2_000.0, np.nan, 4_000.0])
    assert found.values["device"].tolist() == ["phone", None, "tablet"]


def test_what_is_named_as_the_job_does_is_multiplied_no_second_time() -> None:
    a_second = card(features=["click_rate"], categories={}, options={"rename": ["click_rate=click_rate*60"]})
    logged = Examples({"click_rate": SECONDS}, np.arange(3.0), "features.v1", as_the_job=frozenset({"click_rate"}))
    np.testing.assert_array_equal(as_trained(a_second, logged).values["click_rate"], SECONDS)
    renamed = Examples(
        {"click_rate": SECONDS * 60.0}, np.arange(3.0), "newer.csv", raw={"click_rate": SECONDS},
        as_the_job=frozenset({"click_rate"}),
    )  # fmt: skip
    np.testing.assert_array_equal(
        as_trained(a_second, renamed.take(np.arange(2))).values["click_rate"], [120.0, np.nan]
    )
    with pytest.raises(
        TrainingDataError, match=r"trained with --rename click_rate=click_rate\*60, which gives other values"
    ):
        as_trained(a_second, rows(click_rate=SECONDS))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            rows(session_age_ms=SECONDS),
            "newer.csv: no column device, nor device_type that can be read: give data that has it",
        ),
        (rows({"session_duration": SECONDS}, session_age_ms=SECONDS, device=DEVICES), "give the same option"),
        (
            rows(session_age_ms=DEVICES, device=DEVICES),
            "reads session_age_ms as numbers: give the options --category and",
        ),
        (
            rows(session_age_ms=SECONDS, device=SECONDS),
            "reads device as texts: give the options --category and --rename",
        ),
    ],
)
def test_what_cannot_be_made_again_is_told_with_what_to_give(given: Examples, says: str) -> None:
    with pytest.raises(TrainingDataError, match=says):
        as_trained(card(), given)


def compared(low: float, high: float, *, is_silent: bool) -> list[bool]:
    silent = Comparison(INCUMBENT, {}, MetricValue(0.0, low, high), 30, is_silent)
    constant = Comparison("best constant", {}, MetricValue(5.0, 4.0, 6.0), 30)
    return [each.passed for each in check_advantages([constant, silent], "loss")]


def test_a_silent_incumbent_is_replaced_by_what_beats_the_simple_models_and_is_not_worse() -> None:
    assert compared(-1.0, 1.0, is_silent=True) == [True, True]
    assert compared(-3.0, -1.0, is_silent=True) == [True, False]
    assert compared(-1.0, 1.0, is_silent=False) == [False]
