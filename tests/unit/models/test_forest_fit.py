"""A forest from a sample of windows, and its way to the operators that score."""

import numpy as np
import pytest

from models.features import SESSION_NAMES
from models.isolation_forest.fit import ALARM_SHARE, MIN_ROWS, MIN_THRESHOLD, refit
from models.isolation_forest.grow import grow_trees
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.onnx_export import SAMPLES, TREES, to_onnx
from models.isolation_forest.registry import to_feature_row
from models.isolation_forest.scorer import ForestScorer
from tests.support.builders import NAN, minutes

EPOCH = 977_778


def test_too_few_rows_give_no_forest() -> None:
    assert refit("news", EPOCH, minutes(MIN_ROWS - 1)) == RefitMessage("news", EPOCH, "skipped")
    assert refit("news", EPOCH, minutes(MIN_ROWS)).status == "fitted"


def test_the_same_rows_give_the_same_bytes() -> None:
    assert refit("news", EPOCH, minutes(200)) == refit("news", EPOCH, minutes(200))


def test_another_epoch_draws_other_trees() -> None:
    assert refit("news", EPOCH, minutes(200)).model != refit("news", EPOCH + 1, minutes(200)).model


def test_what_arrives_is_the_forest_that_was_fitted() -> None:
    rows = minutes(200)
    fitted = refit("news", EPOCH, rows)
    matrix = np.array(rows, dtype=np.float32)
    assert fitted.model_bytes() == to_onnx(grow_trees(matrix, EPOCH, TREES, SAMPLES))
    assert ForestScorer(fitted.model_bytes()).features == len(SESSION_NAMES)


def test_hardly_any_row_of_the_sample_scores_above_the_threshold() -> None:
    rows = minutes(512)
    rows[0] = tuple(value * 50 for value in rows[0])  # one odd minute, or no score would reach the least threshold
    fitted = refit("news", EPOCH, rows)
    scorer = ForestScorer(fitted.model_bytes())
    scores = [scorer.score(to_feature_row(row)) for row in rows]
    assert fitted.threshold == pytest.approx(max(float(np.quantile(scores, 1 - ALARM_SHARE)), MIN_THRESHOLD), abs=1e-6)
    assert sum(score > fitted.threshold for score in scores) <= ALARM_SHARE * 512 + 1


def test_a_quiet_sample_does_not_lower_the_threshold_below_the_least() -> None:
    assert refit("news", EPOCH, minutes(200)).threshold >= MIN_THRESHOLD


def test_unknown_values_are_fitted_as_they_are_scored() -> None:
    holes = [(NAN, *row[1:]) for row in minutes(200)]
    zeros = [(0.0, *row[1:]) for row in minutes(200)]
    assert refit("news", EPOCH, holes).model == refit("news", EPOCH, zeros).model
    assert to_feature_row(holes[0]).tolist() == to_feature_row(zeros[0]).tolist()
