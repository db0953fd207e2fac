"""One rogue outcome or number neither stops a training nor spoils it, and is counted."""

from dataclasses import replace

import numpy as np
import pytest

from models.announced.checking import CheckedModel
from models.announced.loading import load
from models.features import FOREST_FEATURES
from models.learning.examples import Examples
from models.learning.report import draw_report
from models.learning.training import train
from models.learning.truths import usable_truths
from models.learning.windows import matrix
from tests.support.planted_examples import LENGTH, TONE, planted


def tones(rows: int) -> Examples:
    given = planted(rows, 1)
    truth = np.where(given.values["click_rate"] > 5.0, "friendly", "formal").astype(object)
    return replace(given, truth=truth)


def test_impossible_lengths_are_left_out_and_counted() -> None:
    given = planted(1_000, 1)
    given.truth[[50, 500, 900]] = (1e15, 0.0, -3.0)
    found = train(given, LENGTH)
    assert found.evaluation.passed, found.evaluation.reasons
    assert found.evaluation.metrics["mae"].value < 60.0
    assert found.evaluation.left_out_rows == {"lengths outside 1 to 100,000 words": 3}
    assert sum(each.rows for each in found.evaluation.ranges) == 997
    assert b"Left out: 3 rows with lengths outside 1 to 100,000 words." in draw_report(found.evaluation, found.card)
    assert usable_truths(planted(10, 1), "length").left_out == {}


def test_labels_of_very_few_rows_or_of_characters_that_cannot_be_seen_are_left_out() -> None:
    given = tones(1_000)
    given.truth[10:21] = [f"junk{place}" for place in range(11)]
    given.truth[100:130] = "fr\u200biendly"
    found = train(given, TONE)
    assert found.card.classes == ["formal", "friendly"]
    (reason,) = found.evaluation.left_out_rows
    assert reason.startswith("labels of fewer than 5 rows")
    assert found.evaluation.left_out_rows[reason] == 41


@pytest.mark.parametrize("wild", [1e100, -1e39, 3e38])
def test_a_number_beyond_single_precision_is_unknown_in_training_and_in_the_job(wild: float) -> None:
    given = planted(400, 1)
    given.values["click_rate"][[7, 50]] = (np.nan, wild)
    found = train(given, LENGTH)
    job = load(CheckedModel(found.card, found.artefact, 0))
    row = job.inputs.row({"click_rate": wild, "pages": 5.0}, {})
    assert np.isnan(row[0, 0]) == (abs(wild) > 3.5e38)
    assert found.card.parity is not None
    assert found.card.parity <= 1e-5


def test_detectors_read_such_a_number_as_unknown_when_they_are_trained() -> None:
    values = {name: np.array([1.0, 1e100]) for name in FOREST_FEATURES}
    assert np.isnan(matrix(Examples(values, np.array([0.0, 0.0]), "test"))[1]).all()
