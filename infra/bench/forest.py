"""Measures one forest score of one row: ours as ONNX, beside scikit-learn. `.venv/bin/python -m infra.bench.forest`

One forest, fitted here, is asked in both forms about the same rows; how far their answers lie apart is printed as well.
The stock export (skl2onnx) is not measured: it is no dependency of this project.
"""

import argparse
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.features import FOREST_FEATURES, SESSION_NAMES
from models.isolation_forest.onnx_export import SAMPLES, TREES, fit, to_onnx
from models.isolation_forest.registry import to_feature_row
from models.isolation_forest.scorer import Floats, ForestScorer

MEANS: Final = {
    "clicks": 5.0,
    "recommended_clicks": 1.5,
    "click_rate": 5.0,
    "recommended_click_rate": 1.5,
    "scroll_depth": 0.6,
    "scroll_speed": 0.8,
    "hover_ms": 15_000.0,
    "pointer_path_px": 18_000.0,
    "engaged_ms": 35_000.0,
    "session_duration_ms": 45_000.0,
    "pages": 2.0,
    "rapid_exits": 0.2,
    "idle_ms": 3_000.0,
}
"""Of a window in the rows measured; of features that are not named here it is 1."""


def windows(number: int, seed: int) -> Floats:
    """Values of about the size and skew of session windows; what counts for time is only that trees have something to split."""
    random = np.random.default_rng(seed)
    means = np.array([MEANS.get(name, 1.0) for name in SESSION_NAMES])
    rows: Floats = (random.gamma(4.0, 0.25, size=(number, len(means))) * means).astype(np.float32)
    return rows


def forest_rows(values: Floats) -> Floats:
    return np.concatenate([to_feature_row(row.tolist()) for row in values])


def cost_us(ask: Callable[[int], Any], calls: int, repeats: int) -> dict[str, float]:
    """Median, least and greatest of `repeats` means over `calls` calls each, in microseconds."""
    for number in range(calls // 4 + 1):
        ask(number)
    means = []
    for _ in range(repeats):
        begun = time.perf_counter()
        for number in range(calls):
            ask(number)
        means.append((time.perf_counter() - begun) * 1e6 / calls)
    return {"median": round(median(means), 2), "least": round(min(means), 2), "greatest": round(max(means), 2)}


def measure(found: Floats, calls: int, repeats: int, seed: int) -> dict[str, Any]:
    rows = forest_rows(found)
    forest = fit(rows, seed)
    scorer = ForestScorer(to_onnx(forest))
    single = [rows[number : number + 1].copy() for number in range(len(rows))]
    values = [tuple(float(each) for each in row) for row in found]
    many = len(rows)
    ours = np.array([scorer.score(row) for row in single])
    theirs: NDArray[np.float64] = -forest.score_samples(rows)
    score = cost_us(lambda number: scorer.score(single[number % many]), calls, repeats)
    with_input = cost_us(lambda number: scorer.score(to_feature_row(values[number % many])), calls, repeats)
    explain = cost_us(lambda number: scorer.explain(single[number % many]), calls // 4, repeats)
    sklearn = cost_us(lambda number: forest.score_samples(single[number % many]), max(20, calls // 200), repeats)
    return {
        "score_us": score,
        "score_from_feature_values_us": with_input,
        "score_and_explain_us": explain,
        "sklearn_score_samples_us": sklearn,
        "times_faster_than_sklearn": round(sklearn["median"] / score["median"], 1),
        "greatest_difference_of_scores": float(f"{np.abs(ours - theirs).max():.2g}"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000, help="calls per repeat")
    parser.add_argument("--repeats", type=int, default=9, help="repeats, of which the median counts")
    parser.add_argument("--rows", type=int, default=2000, help="rows to fit and to ask about")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    result = measure(windows(options.rows, options.seed), options.calls, options.repeats, options.seed)
    about = {"trees": TREES, "samples": SAMPLES, "features": len(FOREST_FEATURES), "calls": options.calls}
    print(json.dumps({**about, "repeats": options.repeats, **result}, indent=2))


if __name__ == "__main__":
    main()
