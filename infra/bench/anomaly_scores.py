"""Measures one score of one row: anomaly models as ONNX, one thread, beside scikit-learn. `python -m infra.bench.anomaly_scores`

Also prints how far graph and training code lie apart at most, over 100,000 rows with unknown, huge and infinite values. The
autoencoder's neighbour in scikit-learn is an MLPRegressor with the same layers.
"""

import argparse
import json
import warnings
from typing import Any, Final

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.neural_network import MLPRegressor

from infra.bench.anomaly_sets import graph_scores
from infra.bench.forest import cost_us, forest_rows, windows
from models.anomaly.autoencoder import layer_sizes
from models.anomaly.fit import MEMBERS, SAMPLES, TREES, fit, split
from models.anomaly.onnx_export import to_onnx
from models.anomaly.robust_scale import Floats
from models.anomaly.scorer import AnomalyScorer
from models.features import FOREST_FEATURES
from models.isolation_forest.onnx_export import to_onnx as forest_to_onnx
from models.isolation_forest.scorer import ForestScorer
from models.learning.detector_parity import wild_rows
from models.onnx_session import open_session

PARITY_ROWS: Final = 100_000
_NO: Final = np.array(False)


def single_us(model: bytes, row: Floats, calls: int, repeats: int) -> dict[str, float]:
    session = open_session(model, "an ONNX anomaly model")
    return cost_us(lambda _: session.run(["score"], {"x": row, "explain": _NO}), calls, repeats)


def measure(calls: int, repeats: int, seed: int) -> dict[str, Any]:
    rows = forest_rows(windows(2000, seed))
    model, calibration = fit(*split(rows, seed), seed, 0.01, FOREST_FEATURES)
    exported = to_onnx(model, calibration)
    scorer, forest_scorer, row = AnomalyScorer(exported), ForestScorer(forest_to_onnx(model.forest)), rows[:1].copy()
    forest = IsolationForest(n_estimators=TREES, max_samples=SAMPLES, random_state=seed, n_jobs=1).fit(rows)
    hidden, code = layer_sizes(rows.shape[1])
    network = MLPRegressor(hidden_layer_sizes=(hidden, code, hidden), activation="tanh", max_iter=5, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(rows, rows)
    wild = wild_rows(rows, model.forest, PARITY_ROWS, seed)
    apart = np.nanmax(np.abs(graph_scores(exported, wild) - model.scores(wild)), axis=0)
    few = max(20, calls // 100)
    return {
        "forest_us": cost_us(lambda _: forest_scorer.score(row), calls, repeats),
        "autoencoder_us": single_us(to_onnx(model, members=("autoencoder",)), row, calls, repeats),
        "deviation_us": single_us(to_onnx(model, members=("deviation",)), row, calls, repeats),
        "all_three_us": single_us(exported, row, calls, repeats),
        "verdict_us": cost_us(lambda _: scorer.score(row), calls, repeats),
        "verdict_and_explanation_us": cost_us(lambda _: scorer.explain(row), calls // 4, repeats),
        "sklearn_forest_us": cost_us(lambda _: forest.score_samples(row), few, repeats),
        "sklearn_mlp_us": cost_us(lambda _: network.predict(row), few, repeats),
        "greatest_difference": dict(zip(MEMBERS, (float(f"{each:.2g}") for each in apart), strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=4000, help="calls per repeat")
    parser.add_argument("--repeats", type=int, default=7, help="repeats, of which the median counts")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    about = {"features": len(FOREST_FEATURES), "parity_rows": PARITY_ROWS}
    print(json.dumps(about | measure(options.calls, options.repeats, options.seed), indent=2))


if __name__ == "__main__":
    main()
