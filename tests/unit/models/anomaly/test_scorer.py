"""The exported graph against the training code, and what it says about single rows."""

import subprocess
import sys
from functools import cache

import numpy as np
import onnx
import pytest
from onnx import helper

from infra.bench.anomaly_scores import PARITY_ROWS
from infra.bench.anomaly_sets import graph_scores
from models.anomaly.calibration import Calibration
from models.anomaly.fit import MEMBERS, AnomalyModel, fit
from models.anomaly.onnx_export import to_onnx
from models.anomaly.robust_scale import Floats
from models.anomaly.scorer import CALIBRATION_KEY, AnomalyExplanation, AnomalyScorer
from models.learning.detector_parity import wild_rows

NAMES = ("clicks", "depth", "path", "constant", "time")
MAX_APART = 1e-5


def rows_of(number: int, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    made = random.gamma(4.0, 0.25, (number, len(NAMES))) * [5.0, 0.6, 18_000.0, 0.0, 1.0] + [0.0, 0.0, 0.0, 3.0, 1e6]
    return np.asarray(made, dtype=np.float32)


@cache
def fitted() -> tuple[AnomalyModel, Calibration]:
    return fit(rows_of(1500, 1), rows_of(600, 2), 3, 0.01, NAMES)


@cache
def scorer() -> AnomalyScorer:
    return AnomalyScorer(to_onnx(*fitted()))


def with_value(name: str, value: float) -> Floats:
    row: Floats = np.median(rows_of(500, 1), axis=0, keepdims=True).astype(np.float32)
    row[0, NAMES.index(name)] = value
    return row


def explained(row: Floats) -> AnomalyExplanation:
    found = scorer().explain(row)
    assert found is not None
    return found


def test_graph_and_training_code_agree_over_a_hundred_thousand_rows() -> None:
    model, calibration = fitted()
    rows = wild_rows(rows_of(2000, 4), model.forest, PARITY_ROWS, 5)
    graph, code = graph_scores(to_onnx(model, calibration), rows), model.scores(rows)
    assert np.array_equal(np.isnan(graph), np.isnan(code))
    assert np.isnan(code[:, 0]).sum() >= 1
    assert np.nanmax(np.abs(graph - code)) <= MAX_APART


@pytest.mark.parametrize("place", range(len(MEMBERS)))
def test_a_member_alone_scores_as_among_the_others(place: int) -> None:
    model, _ = fitted()
    rows = rows_of(50, 6)
    alone = graph_scores(to_onnx(model, members=(MEMBERS[place],)), rows)
    assert np.array_equal(alone[:, 0], graph_scores(to_onnx(model), rows)[:, place])


def test_an_ordinary_row_does_not_alarm_and_an_odd_one_does() -> None:
    calm, odd = scorer().score(with_value("clicks", 5.0)), scorer().score(with_value("clicks", 500.0))
    assert calm is not None
    assert odd is not None
    assert (calm.alarms, odd.alarms) == (False, True)
    assert calm.score < 0.99 < odd.score
    assert odd.score == pytest.approx(1.0 - odd.probability)


@pytest.mark.parametrize("name", ["clicks", "depth", "path", "time"])
def test_every_member_names_the_feature_that_was_moved(name: str) -> None:
    column = rows_of(500, 1)[:, NAMES.index(name)]
    found = explained(with_value(name, float(np.median(column) + 40.0 * column.std())))
    assert found.feature == name
    for member in MEMBERS:
        parts = {each: part for each, part in found.contributions[member].items() if part is not None}
        assert max(parts, key=parts.__getitem__) == name, member


def test_shares_of_squares_add_up_to_one() -> None:
    for member in ("autoencoder", "deviation"):
        parts = explained(with_value("depth", 3.0)).contributions[member].values()
        assert sum(part for part in parts if part is not None) == pytest.approx(1.0, abs=1e-5)


def test_an_unknown_and_a_constant_feature_contribute_none_not_nothing() -> None:
    found = explained(with_value("clicks", float("nan")))
    for parts in found.contributions.values():
        assert {name for name, part in parts.items() if part is None} == {"clicks", "constant"}


def test_a_row_of_which_nothing_is_known_has_neither_score_nor_explanation() -> None:
    row = np.full((1, len(NAMES)), np.nan, dtype=np.float32)
    assert scorer().score(row) is None
    assert scorer().explain(row) is None
    row[0, NAMES.index("constant")] = 3.0
    assert scorer().score(row) is None


def test_the_explanation_is_of_the_same_verdict() -> None:
    for row in rows_of(20, 7):
        assert explained(row[None]).verdict == scorer().score(row[None])


def test_the_same_rows_and_seed_give_the_same_bytes() -> None:
    again = fit(rows_of(1500, 1), rows_of(600, 2), 3, 0.01, NAMES)
    assert to_onnx(*again) == to_onnx(*fitted())


def test_a_restored_scorer_scores_identically() -> None:
    restored = AnomalyScorer(to_onnx(*fitted()))
    assert [restored.score(row[None]) for row in rows_of(100, 8)] == [
        scorer().score(row[None]) for row in rows_of(100, 8)
    ]


def test_other_models_are_refused() -> None:
    model, calibration = fitted()
    with pytest.raises(ValueError, match="not an ONNX anomaly model"):
        AnomalyScorer(b"\x80\x04K\x01.")
    with pytest.raises(ValueError, match="no calibration"):
        AnomalyScorer(to_onnx(model))
    with pytest.raises(ValueError, match="does not fit 1 models"):
        AnomalyScorer(to_onnx(model, calibration, members=("forest",)))
    odd = onnx.load_from_string(to_onnx(model, calibration))
    helper.set_model_props(odd, {CALIBRATION_KEY: '{"features": []}'})
    with pytest.raises(ValueError, match="no calibration of anomaly models"):
        AnomalyScorer(odd.SerializeToString())


def test_a_scorer_needs_neither_scikit_learn_nor_onnx() -> None:
    program = (
        "import sys, models.anomaly.scorer; assert not {'sklearn', 'onnx', 'onnxruntime', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
