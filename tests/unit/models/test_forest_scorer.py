"""The ONNX forest against scikit-learn and against trees walked by hand."""

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from models.features import FOREST_FEATURES
from models.isolation_forest.onnx_export import fit, to_onnx
from models.isolation_forest.scorer import ForestScorer
from models.isolation_forest.tree_arrays import average_path_length
from tests.support.builders import forest_model

Rows = NDArray[np.float32]
Doubles = NDArray[np.float64]


def clouds(seed: int) -> Rows:
    """Three kinds of data: a cloud, whole numbers with many ties, and columns of very different scale, one constant."""
    random = np.random.default_rng(seed)
    if seed == 1:
        made = random.normal(size=(400, 13))
    elif seed == 2:
        made = random.integers(0, 4, (300, 6)).astype(float)
    else:
        made = random.exponential(size=(600, 5)) * [1.0, 1e-6, 1e6, 100.0, 0.0]
    return np.asarray(made, dtype=np.float32)


def strangers(rows: Rows) -> Rows:
    """Rows of the data and rows far beyond it."""
    return np.concatenate([rows[:60], rows[:20] * 3 + 1, -rows[:20]])


def paths(forest: IsolationForest, rows: Rows) -> tuple[Doubles, float]:
    """For each row the sum over all trees of its depth plus c of what its leaf holds; and what that is at the roots."""
    found, root = np.zeros(len(rows)), 0.0
    for estimator, columns in zip(forest.estimators_, forest.estimators_features_, strict=True):
        tree = estimator.tree_
        visited = estimator.decision_path(rows[:, columns]).sum(axis=1).A1
        held = [average_path_length(count) for count in tree.n_node_samples]
        found += visited - 1.0 + np.array(held)[estimator.apply(rows[:, columns])]
        depth = {0: 0}
        for node in range(tree.node_count):
            left, right = tree.children_left[node], tree.children_right[node]
            if left >= 0:
                depth[left] = depth[right] = depth[node] + 1
            else:
                root += tree.n_node_samples[node] / tree.n_node_samples[0] * (depth[node] + held[node])
    return found, root


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_score_is_that_of_scikit_learn(seed: int) -> None:
    rows = clouds(seed)
    forest = fit(rows, seed)
    scorer = ForestScorer(to_onnx(forest))
    asked = strangers(rows)
    assert [scorer.score(row[None]) for row in asked] == pytest.approx(
        (-forest.score_samples(asked)).tolist(), abs=1e-6
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_contributions_sum_up_to_what_the_leaf_lies_nearer_than_the_root_expects(seed: int) -> None:
    rows = clouds(seed)
    forest = fit(rows, seed)
    scorer = ForestScorer(to_onnx(forest))
    asked = strangers(rows)
    leaves, root = paths(forest, asked)
    unit = average_path_length(256) * len(forest.estimators_)
    for row, leaf in zip(asked, leaves, strict=True):
        score, parts = scorer.explain(row[None])
        assert len(parts) == rows.shape[1]
        assert sum(parts) == pytest.approx((root - leaf) / unit, abs=1e-5)
        assert score == pytest.approx(2.0 ** (-leaf / unit), abs=1e-6)
        assert score == scorer.score(row[None])


def test_the_feature_that_is_odd_contributes_most() -> None:
    rows = clouds(1)
    scorer = ForestScorer(to_onnx(fit(rows, 1)))
    for feature in range(rows.shape[1]):
        odd = np.median(rows, axis=0)[None].astype(np.float32)
        odd[0, feature] = 10.0
        _, parts = scorer.explain(odd)
        assert int(np.argmax(parts)) == feature


def test_a_column_that_never_varied_contributes_nothing() -> None:
    rows = clouds(3)
    _, parts = ForestScorer(to_onnx(fit(rows, 3))).explain(rows[:1])
    assert parts[4] == 0.0


def test_the_same_rows_and_seed_give_the_same_bytes_and_another_seed_gives_others() -> None:
    rows = clouds(2)
    assert to_onnx(fit(rows, 5)) == to_onnx(fit(rows.copy(), 5))
    assert to_onnx(fit(rows, 5)) != to_onnx(fit(rows, 6))


def test_the_model_is_valid_onnx_and_tells_how_many_features_it_reads() -> None:
    onnx.checker.check_model(onnx.load_from_string(forest_model()))
    assert ForestScorer(forest_model()).features == len(FOREST_FEATURES)


def test_a_value_next_to_a_threshold_goes_the_way_it_goes_in_scikit_learn() -> None:
    rows = clouds(2)
    forest = fit(rows, 2)
    scorer = ForestScorer(to_onnx(forest))
    trees = [each.tree_ for each in forest.estimators_]
    random = np.random.default_rng(0)
    splits = [
        np.concatenate([tree.threshold[(tree.feature == feature) & (tree.children_left >= 0)] for tree in trees])
        for feature in range(rows.shape[1])
    ]
    asked = np.stack([random.choice(each, 100) for each in splits], axis=1).astype(np.float32)
    for beside in (asked, np.nextafter(asked, np.float32(-np.inf)), np.nextafter(asked, np.float32(np.inf))):
        found = [scorer.score(row[None]) for row in beside]
        assert found == pytest.approx((-forest.score_samples(beside)).tolist(), abs=1e-6)


@pytest.mark.parametrize(("samples", "expected"), [(0, 0.0), (1, 0.0), (2, 1.0), (3, 1.2073923648), (256, 10.2447706)])
def test_the_average_path_length_is_that_of_the_paper(samples: int, expected: float) -> None:
    # 3: 2 (ln 2 + 0.5772156649) - 4/3; 256: 2 (ln 255 + 0.5772156649) - 510/256
    assert average_path_length(samples) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "junk",
    [b"", b"no model", b"\x80\x04K\x07.", forest_model()[:500]],
    ids=["nothing", "text", "pickle", "half a model"],
)
def test_bytes_that_are_no_model_are_refused(junk: bytes) -> None:
    with pytest.raises(ValueError, match="not an ONNX forest"):
        ForestScorer(junk)


def test_another_model_is_refused_with_what_it_reads_and_writes() -> None:
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Neg", ["image"], ["label"])],
        "other",
        [info("image", onnx.TensorProto.FLOAT, [1])],
        [info("label", onnx.TensorProto.FLOAT, [1])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(ValueError, match="inputs and outputs are image, label"):
        ForestScorer(model.SerializeToString())
