"""The exported model predicts as scikit-learn does, on rows that are known, missing, unknown and on the edge."""

import numpy as np
import onnx
import pytest

from models.learning.boosting import Boosting, fit_label, fit_number
from models.learning.columns import Columns, Doubles, Floats, levels_of
from models.learning.onnx_export import to_onnx
from models.learning.parity import MAX_DIFFERENCE, compare, largest_difference, odd_rows
from models.learning.scorer import load_scorer

COLUMNS = Columns(
    ("duration", "device", "rate", "expertise"), {"device": ("phone", "desktop"), "expertise": ("novice", "expert")}
)


def rows(count: int = 1_500, seed: int = 1) -> Floats:
    random = np.random.default_rng(seed)
    made: Floats = np.stack(
        [
            random.lognormal(5.0, 1.0, count),
            random.integers(-1, 2, count),
            np.where(random.random(count) < 0.2, np.nan, random.gamma(2.0, 2.0, count)),
            random.integers(0, 2, count),
        ],
        axis=1,
    ).astype(np.float32)
    return made


def words(given: Floats) -> Doubles:
    """300 words, 100 more on a desktop, 80 more where the rate is missing."""
    wished = 300.0 + 100.0 * (given[:, 1] == 1) + 80.0 * np.isnan(given[:, 2]) + given[:, 0] / 10.0
    return np.asarray(wished, dtype=np.float64)


@pytest.fixture(scope="module")
def number() -> Boosting:
    return fit_number(COLUMNS, rows(), words(rows()), 1)


def labels(classes: int) -> Boosting:
    names = np.array(["formal", "friendly", "neutral"], dtype=object)[:classes]
    return fit_label(COLUMNS, rows(), names[np.digitize(words(rows()), [360.0, 420.0][: classes - 1])], 1)


def test_a_number_agrees_over_100_000_odd_rows(number: Boosting) -> None:
    found = compare(number, to_onnx(number), rows(), seed=2)
    assert found.rows == 100_000
    assert found.difference <= MAX_DIFFERENCE


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_agree_and_sum_to_one(classes: int) -> None:
    model = labels(classes)
    artefact = to_onnx(model)
    asked = odd_rows(model, rows(), 3, 10_000)
    found = load_scorer(artefact).scores(asked)
    assert found.shape == (10_000, classes)
    assert found.sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    assert largest_difference(model.predict(asked), found.astype(np.float64)) <= MAX_DIFFERENCE


def test_the_rows_compared_hold_edges_missing_and_unknown_values(number: Boosting) -> None:
    asked = odd_rows(number, rows(), 4, 5_000)
    threshold = number.trees.estimators_[0, 0].tree_.threshold[0]
    edges = {np.nextafter(np.float32(threshold), np.float32(side)) for side in (-np.inf, np.inf)}
    where = number.one_hot.names.index(number.one_hot.names[number.trees.estimators_[0, 0].tree_.feature[0]])
    assert np.isnan(asked[:, 0]).any()
    assert (asked[:, 1] == -1.0).any()
    assert (asked[:, 1] == 2.0).any()
    if COLUMNS.names[where] not in COLUMNS.categories:
        assert edges <= set(asked[:, where])


def test_a_threshold_that_is_a_tenth_off_is_noticed(number: Boosting) -> None:
    model = onnx.load_from_string(to_onnx(number))
    attributes = {each.name: each for node in model.graph.node for each in node.attribute}
    values = np.frombuffer(attributes["nodes_values_as_tensor"].t.raw_data).copy()
    values[np.flatnonzero(values > 1.0)[0]] *= 0.9
    attributes["nodes_values_as_tensor"].t.raw_data = values.tobytes()
    assert not compare(number, model.SerializeToString(), rows(), seed=2, rows=20_000).holds


def test_unknown_texts_and_missing_numbers_are_told_from_known_ones(number: Boosting) -> None:
    scorer = load_scorer(to_onnx(number))

    def predict(**values: object) -> float:
        given = {"duration": 100.0, "device": "phone", "rate": 4.0, "expertise": "novice"} | values
        columns = {
            name: np.array([value], dtype=object if name in COLUMNS.categories else float)
            for name, value in given.items()
        }
        return float(scorer.score(COLUMNS.matrix(columns))[0])

    assert predict(device="desktop") - predict() == pytest.approx(100.0, abs=10.0)
    assert predict(rate=None) - predict() == pytest.approx(80.0, abs=10.0)
    assert predict(device="fridge") == predict(device=None)


def test_the_same_rows_and_seed_give_the_same_bytes() -> None:
    one, other = (to_onnx(fit_number(COLUMNS, rows(), words(rows()), 5)) for _ in range(2))
    assert one == other


def test_numbers_alone_need_two_nodes() -> None:
    columns = Columns(("duration", "rate"))
    given = rows()[:, [0, 2]]
    artefact = to_onnx(fit_number(columns, given, words(rows()), 1))
    assert [node.op_type for node in onnx.load_from_string(artefact).graph.node] == ["Cast", "TreeEnsembleRegressor"]


def test_what_is_no_onnx_is_refused_unopened() -> None:
    for artefact in (b"", b"\x80\x04cos\nsystem\n.", b"(dp0\n.", b"PK\x03\x04", b"x\x9c\x00"):
        with pytest.raises(ValueError, match="not ONNX"):
            load_scorer(artefact)


def test_a_cut_model_is_refused(number: Boosting) -> None:
    artefact = to_onnx(number)
    with pytest.raises(ValueError, match="not ONNX"):
        load_scorer(artefact[: len(artefact) // 2])


def test_the_quantiles_stand_on_both_sides_of_most_truths(number: Boosting) -> None:
    later = rows(seed=9)
    found = load_scorer(to_onnx(number)).scores(later)
    noise = np.random.default_rng(1).normal(size=len(later))
    assert found.shape == (1_500, 3)
    assert np.mean((found[:, 1] <= words(later) + noise) & (words(later) + noise <= found[:, 2])) > 0.7


def test_rare_texts_get_no_place() -> None:
    assert levels_of(["b"] * 5 + ["a"] * 5 + ["c"] * 4 + [None] * 9) == ("a", "b")
