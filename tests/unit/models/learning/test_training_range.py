"""One wrong cell does not switch off the guard of the training range, and ordinary readers are hardly ever outside."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.learning.report import draw_report
from models.learning.training import train
from models.learning.training_range import training_range
from models.model_inputs import ModelInputs
from tests.support.planted_examples import LENGTH, planted


def test_one_wrong_cell_of_2000_does_not_stretch_the_range_and_stands_in_the_report() -> None:
    rows = planted(2_000, 1)
    rows.values["click_rate"][7] = 99_999.0
    found = train(rows, LENGTH)
    low, high = found.card.ranges["click_rate"]
    assert 0.0 <= low < 0.1
    assert 9.9 < high < 31.0
    assert ModelInputs(found.card).outside({"click_rate": 500.0}, {}) == "click_rate"
    summary = found.evaluation.inputs[0]
    assert (summary.name, summary.greatest) == ("click_rate", 99_999.0)
    assert "to 99,999, which the job does not ask about" in draw_report(found.evaluation, found.card).decode()


def test_without_wrong_cells_the_range_is_that_of_the_rows() -> None:
    values = np.random.default_rng(1).normal(size=1_000)
    assert training_range(values) == (values.min(), values.max())
    assert training_range(np.array([7.0])) == (7.0, 7.0)


def test_what_few_readers_do_is_within_the_range_if_a_tree_can_tell_them() -> None:
    rare = np.zeros(4_000)
    rare[:12] = 3.0
    assert training_range(rare) == (0.0, 3.0)
    rare[3:12] = 0.0
    rare[0] = 99_999.0
    assert training_range(rare) == (0.0, 1.0)


def lognormal(random: np.random.Generator, rows: int) -> NDArray[np.float64]:
    return random.lognormal(0.0, 1.5, rows)


def counts(random: np.random.Generator, rows: int) -> NDArray[np.float64]:
    return random.poisson(0.5, rows).astype(np.float64)


def exponential(random: np.random.Generator, rows: int) -> NDArray[np.float64]:
    return random.exponential(1.0, rows)


@pytest.mark.parametrize("draw", [lognormal, counts, exponential])
def test_ordinary_readers_are_hardly_ever_outside(draw) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(2)
    low, high = training_range(draw(random, 2_000))
    later = draw(random, 20_000)
    assert ((later < low) | (later > high)).mean() < 0.003
