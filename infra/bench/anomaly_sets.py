"""Runs ADBench's tabular sets: anomaly models alone and combined, beside three rivals. No label is used but for the area.

`python -m infra.bench.anomaly_sets [--json]`. Models are fitted to 70 % of the rows, outliers among them, and calibrated by
the other 30 %; all rows are scored. Steps, weight decay and scale were chosen with these sets in view, on seeds 1, 2, 11 and 12.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.metrics import roc_auc_score

from infra.bench.adbench import sample, stock_scores
from infra.bench.outlier_rivals import Doubles, ecod, hbos, nearest_neighbours
from infra.simulate.converters.shared import shared_data
from models.anomaly.calibration import Calibration
from models.anomaly.fit import MEMBERS, fit, split
from models.anomaly.onnx_export import to_onnx
from models.anomaly.robust_scale import Floats
from models.onnx_session import open_session

SEEDS: Final = (21, 22, 23)
MAX_ROWS: Final = 6000
ALARM_RATE: Final = 0.01
RIVALS: Final = {"kNN": nearest_neighbours, "ECOD": ecod, "HBOS": hbos}


def graph_scores(model: bytes, rows: Floats) -> Doubles:
    """Scores of all members for many rows at once, by ONNX Runtime with one thread."""
    session = open_session(model, "an ONNX anomaly model")
    scores: Doubles = session.run(["score"], {"x": rows, "explain": np.array(False)})[0].astype(np.float64)
    return scores


def oddness(calibration: Calibration, scores: Doubles) -> Doubles:
    """Minus the logarithm of the combined probability: near 1, two rows differ in their last digits alone."""
    return -np.log([calibration.judge(row)[0] for row in scores.tolist()])


def areas(path: Path, seeds: Sequence[int] = SEEDS, most: int = MAX_ROWS) -> dict[str, float]:
    """Areas under the ROC curve for one set, those of our models as means over `seeds`."""
    with np.load(path, allow_pickle=False) as arrays:
        rows, outlier = sample(arrays["X"], arrays["y"], most)
    rows = rows.astype(np.float32)
    names = [f"f{place}" for place in range(rows.shape[1])]
    found: dict[str, list[float]] = {name: [] for name in (*MEMBERS, "ensemble", "sklearn")}
    for seed in seeds:
        model, calibration = fit(*split(rows, seed), seed, ALARM_RATE, names)
        scores = graph_scores(to_onnx(model, calibration), rows)
        for member, column in zip(MEMBERS, scores.T, strict=True):
            found[member].append(roc_auc_score(outlier, column))
        found["ensemble"].append(roc_auc_score(outlier, oddness(calibration, scores)))
        found["sklearn"].append(roc_auc_score(outlier, stock_scores(rows, seed)))
    means = {name: float(np.mean(each)) for name, each in found.items()}
    return means | {name: float(roc_auc_score(outlier, score(rows))) for name, score in RIVALS.items()}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.anomaly_sets", description=__doc__)
    parser.add_argument("--data", type=Path, default=shared_data() / "adbench")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    sets = sorted(options.data.glob("*.npz"))
    if not sets:
        print(f"{options.data} holds no .npz file", file=sys.stderr)
        return 1
    table = {path.stem.partition("_")[2]: areas(path) for path in sets}
    table["mean"] = {name: float(np.mean([row[name] for row in table.values()])) for name in table[next(iter(table))]}
    if options.json:
        print(json.dumps({"seeds": SEEDS, "areas": table}, indent=1))
        return 0
    print(f"{'set':14}" + "".join(f"{name:>12}" for name in table["mean"]) + f"    seeds {SEEDS[0]}-{SEEDS[-1]}")
    for name, row in table.items():
        print(f"{name:14}" + "".join(f"{area:12.3f}" for area in row.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
