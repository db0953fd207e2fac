"""Forests grown by us against what the paper asks of them, and against scikit-learn's."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp, spearmanr
from sklearn.metrics import roc_auc_score

from models.isolation_forest.grow import grow_trees
from models.isolation_forest.onnx_export import SAMPLES, TREES, fit, to_onnx
from models.isolation_forest.scorer import ForestScorer
from models.isolation_forest.tree_arrays import TreeArrays
from tests.unit.models.test_forest_scorer import Rows, clouds, strangers

SEEDS = (1, 2, 3)


def grown(seed: int, rows: Rows | None = None) -> TreeArrays:
    return grow_trees(clouds(seed) if rows is None else rows, seed, TREES, SAMPLES)


def leaf_depths(trees: TreeArrays) -> list[int]:
    return [level for level, nodes in enumerate(trees.levels()) for node in nodes if trees.left[node] < 0]


@pytest.mark.parametrize("seed", SEEDS)
def test_taken_from_scikit_learn_trees_score_as_it_does(seed: int) -> None:
    rows = clouds(seed)
    forest = fit(rows, seed)
    asked = strangers(rows)
    assert TreeArrays.from_sklearn(forest).scores(asked) == pytest.approx(-forest.score_samples(asked), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_model_scores_as_the_trees_do(seed: int) -> None:
    trees = grown(seed)
    scorer = ForestScorer(to_onnx(trees))
    asked = strangers(clouds(seed))
    assert [scorer.score(row[None]) for row in asked] == pytest.approx(trees.scores(asked), abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_split_leaves_something_on_both_sides_and_loses_nothing(seed: int) -> None:
    trees = grown(seed)
    inner = trees.left >= 0
    assert (trees.sample_counts[trees.roots] == SAMPLES).all()
    assert (trees.sample_counts > 0).all()
    assert (
        trees.sample_counts[inner] == trees.sample_counts[trees.left[inner]] + trees.sample_counts[trees.right[inner]]
    ).all()
    assert len(trees.roots) == TREES
    assert ((trees.left >= 0) == (trees.right >= 0)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_come_to_where_they_were_counted(seed: int) -> None:
    rows = clouds(seed)[:200]  # fewer than a tree may see: each tree has seen every one
    trees = grow_trees(rows, seed, 5, SAMPLES)
    reached = np.zeros(len(trees.tree), dtype=int)
    for row in rows:
        for root in trees.roots:
            place = root
            reached[place] += 1
            while trees.left[place] >= 0:
                goes_left = row[trees.feature[place]] <= trees.threshold[place]
                place = trees.left[place] if goes_left else trees.right[place]
                reached[place] += 1
    assert reached.tolist() == trees.sample_counts.tolist()


def test_no_tree_is_deeper_than_a_balanced_one() -> None:
    assert max(leaf_depths(grown(1))) == 8
    assert max(leaf_depths(grow_trees(clouds(1)[:33], 1, TREES, SAMPLES))) == 6


def test_a_column_that_does_not_vary_is_never_split_on() -> None:
    trees = grown(3)
    assert 4 not in trees.feature[trees.left >= 0]
    assert set(trees.feature[trees.left >= 0]) == {0, 1, 2, 3}


def test_rows_that_are_all_the_same_give_a_root_alone_and_an_even_score() -> None:
    rows = np.ones((100, 4), dtype=np.float32)
    trees = grow_trees(rows, 1, TREES, SAMPLES)
    assert len(trees.tree) == TREES
    assert trees.scores(rows[:1])[0] == pytest.approx(0.5)
    assert ForestScorer(to_onnx(trees)).score(rows[:1]) == pytest.approx(0.5)


def test_two_rows_next_to_each_other_are_told_apart() -> None:
    rows = np.array([[1.0], [np.nextafter(np.float32(1.0), np.float32(2.0))]], dtype=np.float32)
    trees = grow_trees(rows, 1, TREES, SAMPLES)
    assert (trees.sample_counts[trees.left < 0] == 1).all()


def test_values_beyond_every_number_split_like_the_greatest() -> None:
    rows = clouds(1)
    rows[0, 0], rows[1, 1] = np.inf, -np.inf
    trees = grown(1, rows)
    assert np.isfinite(trees.threshold).all()
    scores = trees.scores(rows)
    assert np.isfinite(scores).all()
    assert scores[:2].min() > np.median(scores)


def test_the_same_rows_and_seed_give_the_same_bytes_and_another_seed_gives_others() -> None:
    assert to_onnx(grown(2)) == to_onnx(grown(2, clouds(2).copy()))
    assert to_onnx(grown(2)) != to_onnx(grow_trees(clouds(2), 6, TREES, SAMPLES))


@pytest.mark.parametrize("seed", SEEDS)
def test_depths_and_scores_are_spread_as_in_scikit_learn(seed: int) -> None:
    rows = clouds(seed)
    ours, theirs = grown(seed), [TreeArrays.from_sklearn(fit(rows, number)) for number in range(3)]
    depths = leaf_depths(ours)
    other = leaf_depths(theirs[0])
    assert np.mean(depths) == pytest.approx(np.mean(other), rel=0.03)
    assert len(depths) == pytest.approx(len(other), rel=0.1)
    first, second, third = (each.scores(rows) for each in theirs)
    # As near to a forest of scikit-learn's as its forests are to each other, with some room for chance.
    assert spearmanr(ours.scores(rows), first).statistic > spearmanr(second, third).statistic - 0.03
    assert abs(ours.scores(rows).mean() - first.mean()) < 0.02


def test_the_first_split_is_drawn_evenly() -> None:
    rows = clouds(1)
    trees = grow_trees(rows, 1, 2000, len(rows))
    low, high = rows.min(axis=0), rows.max(axis=0)
    features = trees.feature[trees.roots]
    share = (trees.threshold[trees.roots] - low[features]) / (high - low)[features]
    assert np.bincount(features, minlength=13).min() > 2000 / 13 * 0.7
    assert ks_2samp(share, np.linspace(0, 1, 2001)).pvalue > 0.01


def test_outliers_are_found_as_well_as_scikit_learn_finds_them() -> None:
    random = np.random.default_rng(4)
    rows = np.concatenate([random.normal(size=(480, 13)), random.normal(size=(32, 13)) * 1.6]).astype(np.float32)
    odd = np.arange(len(rows)) >= 480

    def area(scores: NDArray[np.float64]) -> float:
        return float(roc_auc_score(odd, scores))

    theirs = [area(-fit(rows, seed).score_samples(rows)) for seed in range(5)]
    ours = [area(grow_trees(rows, seed, TREES, SAMPLES).scores(rows)) for seed in range(5)]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.02)
