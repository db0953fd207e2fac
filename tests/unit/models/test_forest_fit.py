"""A forest from a sample of windows, and its way to the operators that score."""

import os
import subprocess
import sys

import numpy as np
import pytest

from infra.local.home import PROJECT
from models.features import FOREST_FEATURES, SESSION_FEATURES, SESSION_NAMES
from models.isolation_forest.fit import MIN_ROWS, MIN_THRESHOLD, fit_trees, refit, threshold_of
from models.isolation_forest.grow import grow_trees, sampled_rows
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.onnx_export import SAMPLES, TREES, to_onnx
from models.isolation_forest.registry import to_feature_row
from models.isolation_forest.scorer import Floats, ForestScorer
from models.isolation_forest.tree_arrays import _exp2, average_path_length
from tests.support.builders import NAN, minutes

EPOCH = 977_778


def matrix(rows: list[tuple[float, ...]]) -> Floats:
    return np.concatenate([to_feature_row(row) for row in rows])


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
    assert fitted.model_bytes() == to_onnx(grow_trees(matrix(rows), EPOCH, TREES, 100))  # half of the rows a tree
    assert ForestScorer(fitted.model_bytes()).features == len(FOREST_FEATURES)
    assert fitted.features == FOREST_FEATURES


def test_no_column_of_the_forest_says_what_another_does() -> None:
    followers = {feature.name for feature in SESSION_FEATURES if feature.follows is not None}
    assert followers == {"click_rate", "recommended_click_rate"}
    assert not followers & set(FOREST_FEATURES)
    assert set(FOREST_FEATURES) < set(SESSION_NAMES)


def test_columns_that_the_forest_does_not_read_change_nothing() -> None:
    rows = minutes(200)
    places = [place for place, name in enumerate(SESSION_NAMES) if name not in FOREST_FEATURES]
    others = [tuple(9e6 if place in places else value for place, value in enumerate(row)) for row in rows]
    assert refit("news", EPOCH, others) == refit("news", EPOCH, rows)


@pytest.mark.parametrize("rows", [MIN_ROWS, 300, 2 * SAMPLES])
def test_every_row_is_scored_by_trees_that_have_not_seen_it(rows: int) -> None:
    """Against trees walked one by one."""
    found = matrix(minutes(rows))
    samples = min(SAMPLES, rows // 2)
    trees = grow_trees(found, 3, TREES, samples)
    sampled = sampled_rows(rows, 3, TREES, samples)
    scores = trees.out_of_bag_scores(found, sampled)
    assert np.isfinite(scores).all()
    lengths = trees.path_lengths()
    for row in (0, rows // 2, rows - 1):
        paths = []
        for tree in range(TREES):
            if row in sampled[tree]:
                continue
            node = trees.roots[tree]
            while trees.left[node] >= 0:
                below = found[row, trees.feature[node]] <= trees.threshold[node]
                node = trees.left[node] if below else trees.right[node]
            paths.append(lengths[node])
        assert TREES * 0.25 < len(paths) < TREES * 0.75
        assert scores[row] == pytest.approx(2 ** (-np.mean(paths) / average_path_length(samples)))


def test_the_rows_of_a_tree_are_those_it_was_grown_from() -> None:
    """Of rows that are all the same but one, a tree splits exactly if it has seen that one."""
    rows = np.zeros((64, 2), dtype=np.float32)
    rows[17] = 1.0
    trees = grow_trees(rows, 5, TREES, 32)
    saw = (sampled_rows(64, 5, TREES, 32) == 17).any(axis=1)
    assert 20 < saw.sum() < 80
    assert ((trees.left[trees.roots] >= 0) == saw).all()


def test_the_threshold_lies_3_65_spreads_of_the_bulk_above_it() -> None:
    scores = np.linspace(0.4, 0.6, 201)  # 60 % quantile 0.52, 85 % quantile 0.57
    assert threshold_of(scores) == pytest.approx(0.52 + 3.65 * 0.05)
    assert threshold_of(np.append(scores, np.nan)) == pytest.approx(0.52 + 3.65 * 0.05)
    assert threshold_of(scores, spreads=5.0) == pytest.approx(0.77)


def test_a_tenth_of_wild_scores_does_not_set_the_threshold() -> None:
    scores = np.random.default_rng(1).normal(0.65, 0.03, 460)
    clean = threshold_of(scores)
    # Of a normal distribution the two quantiles lie 0.253 and 1.036 deviations above the mean.
    assert clean == pytest.approx(0.65 + (0.253 + 3.65 * 0.783) * 0.03, abs=0.015)
    # With a tenth beyond, they are the 66.7 % and 94.4 % quantiles of the others: 0.431 and 1.593.
    wild = threshold_of(np.append(scores, np.full(51, 0.95)))
    assert wild == pytest.approx(0.65 + (0.431 + 3.65 * 1.162) * 0.03, abs=0.03)


def test_rows_that_are_all_the_same_do_not_lower_the_threshold_below_the_least() -> None:
    _, threshold = fit_trees(np.ones((200, 5), dtype=np.float32), 1)
    assert threshold == MIN_THRESHOLD > 0.5


def test_unknown_values_are_fitted_as_they_are_scored() -> None:
    holes = [(NAN, *row[1:]) for row in minutes(200)]
    zeros = [(0.0, *row[1:]) for row in minutes(200)]
    assert refit("news", EPOCH, holes).model == refit("news", EPOCH, zeros).model
    assert to_feature_row(holes[0]).tolist() == to_feature_row(zeros[0]).tolist()


SCORES = """
import numpy as np
from models.isolation_forest.grow import grow_trees, sampled_rows
for seed in range(12):
    rows = np.random.default_rng(seed).lognormal(0, 0.5, (300 + 17 * seed, 10)).astype(np.float32)
    samples = min(256, len(rows) // 2)
    trees = grow_trees(rows, seed, 100, samples)
    scores = trees.out_of_bag_scores(rows, sampled_rows(len(rows), seed, 100, samples))
    print(scores.tobytes().hex(), *(each.hex() for each in np.nanquantile(scores, (0.6, 0.85)).tolist()))
"""

VECTOR_UNITS = ("", "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL", "AVX2 FMA3 F16C AVX512F AVX512_SKX")
"""Instructions that numpy is to leave alone: it plays older processors."""


def test_thresholds_are_the_same_on_every_processor() -> None:
    found = set()
    for without in VECTOR_UNITS:
        environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": without}
        argv = [sys.executable, "-W", "ignore", "-c", SCORES]
        done = subprocess.run(argv, env=environment, cwd=PROJECT, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1


def test_no_mean_depth_is_rounded_by_its_last_digit() -> None:
    """Logarithms differ between processors by 1e-16 of their size."""
    for samples in range(2, SAMPLES * 2 + 1):
        units = average_path_length(samples) * 2**20
        assert abs(units % 1 - 0.5) > 1e-6


def test_powers_of_two_are_right_to_the_last_digits() -> None:
    exponents = np.linspace(-3.0, 0.0, 1_001)
    assert _exp2(exponents) == pytest.approx(np.exp2(exponents), rel=4e-16)
    assert np.isnan(_exp2(np.array([np.nan]))).all()
