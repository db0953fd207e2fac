"""Runs ADBench's tabular sets: the forest as the job scores it, row by row in ONNX, beside scikit-learn's own.

Sets: Han et al. (2022), "ADBench: Anomaly detection benchmark", NeurIPS. `python -m infra.bench.adbench [--json]`
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from infra.simulate.converters.shared import shared_data
from models.isolation_forest.onnx_export import fit, to_onnx
from models.isolation_forest.scorer import ForestScorer

SEED: Final = 1
OTHER_SEEDS: Final = (2, 3, 4)
MAX_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Result:
    """Areas under the ROC curve. `apart` is the largest difference between two scores of one row."""

    name: str
    rows: int
    features: int
    outliers: float
    """Share of the rows, 0 to 1."""

    ours: float
    sklearn: float
    apart: float
    lowest_seed: float
    highest_seed: float
    us_per_row: float


def sample(rows: NDArray[Any], outlier: NDArray[Any], most: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """At most about `most` rows, in their order, with the share of outliers kept. The same rows each time."""
    if len(rows) <= most:
        return rows, outlier
    random = np.random.default_rng(SEED)
    places = [np.flatnonzero(outlier == kind) for kind in np.unique(outlier)]
    kept = [random.choice(place, round(len(place) * most / len(rows)), replace=False) for place in places]
    chosen = np.sort(np.concatenate(kept))
    return rows[chosen], outlier[chosen]


def stock_scores(rows: NDArray[Any], seed: int) -> NDArray[np.float64]:
    """scikit-learn alone, as its documentation has it; higher is more anomalous."""
    forest = IsolationForest(random_state=seed, n_jobs=1).fit(rows)
    return np.asarray(-forest.score_samples(rows))


def measure(path: Path, most: int = MAX_ROWS, other_seeds: Sequence[int] = OTHER_SEEDS) -> Result:
    """Fits and scores one set, an npz with `X` and `y` (1 for an outlier)."""
    with np.load(path, allow_pickle=False) as arrays:
        rows, outlier = sample(arrays["X"], arrays["y"], most)
    singles = rows.astype(np.float32)
    scorer = ForestScorer(to_onnx(fit(singles, SEED)))
    began = perf_counter()
    ours = np.array([scorer.score(singles[place : place + 1]) for place in range(len(singles))])
    us_per_row = 1e6 * (perf_counter() - began) / len(singles)
    stock = stock_scores(rows, SEED)
    seeds = [float(roc_auc_score(outlier, stock_scores(rows, seed))) for seed in other_seeds]
    return Result(
        name=path.stem.partition("_")[2],
        rows=len(rows),
        features=rows.shape[1],
        outliers=float(outlier.mean()),
        ours=float(roc_auc_score(outlier, ours)),
        sklearn=float(roc_auc_score(outlier, stock)),
        apart=float(np.abs(ours - stock).max()),
        lowest_seed=min(seeds),
        highest_seed=max(seeds),
        us_per_row=us_per_row,
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.adbench", description=__doc__)
    parser.add_argument("--data", type=Path, default=shared_data() / "adbench")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    sets = sorted(options.data.glob("*.npz"))
    if not sets:
        print(f"{options.data} holds no .npz file", file=sys.stderr)
        return 1
    results = [measure(path) for path in sets]
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
        return 0
    seeds = f"seeds {OTHER_SEEDS[0]}-{OTHER_SEEDS[-1]}"
    print(f"{'set':14}{'rows':>7}{'features':>9}{'outliers':>9}", end="")
    print(f"{'ours':>8}{'sklearn':>9}{'apart':>9}{seeds:>17}{'us/row':>8}")
    for each in results:
        print(f"{each.name:14}{each.rows:7}{each.features:9}{each.outliers:9.1%}", end="")
        spread = f"{each.lowest_seed:.4f}-{each.highest_seed:.4f}"
        print(f"{each.ours:8.4f}{each.sklearn:9.4f}{each.apart:9.1e}{spread:>17}{each.us_per_row:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
